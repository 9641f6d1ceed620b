"""The two exams. Imports no torch: the launcher chooses, the child processes generate and measure.

On the *open* exam a model may be looked at and tuned as often as one likes. The *sealed* one decides a promotion. Its
noise is drawn from the candidate's own digest, for the candidate and the champion alike: nobody can tune to it, because
another model has other noise, and the champion is measured anew every time instead of defending a lucky number.
"""

import hashlib

from evaluation.contracts import EvaluationConfig, Exam, Variant


def open_exam(config: EvaluationConfig) -> Exam:
    """The first held-out clips from the configured seed, in every variant."""
    return Exam(name="open", variants=config.variants, first=0, clips=config.held_out_clips, seed=config.seed)


def sealed_exam(config: EvaluationConfig, candidate_digest: str) -> Exam:
    """The clips behind them (or the same, where none are kept for it) from the candidate's own seed.

    True conditions only: what it decides is a comparison, and whether a model listens is asked on the open exam.
    """
    drawn = hashlib.sha256(f"{config.seed}/{candidate_digest}".encode()).digest()
    seed = int.from_bytes(drawn[:4], "big")
    first = config.held_out_clips if config.sealed_clips else 0
    clips = config.sealed_clips or config.held_out_clips
    return Exam(name="sealed", variants=["true"], first=first, clips=clips, seed=seed)


def clip_seed(seed: int, clip_id: str, repeat: int = 0) -> int:
    """The seed of one video's noise: its own, whatever clips are evaluated with it."""
    text = f"{seed}/{clip_id}" + (f"/{repeat}" if repeat else "")
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def file_of(variant: Variant, repeat: int) -> str:
    """The name of the file with a variant's frames from one noise seed, without its ending."""
    return f"{variant}_{repeat}" if repeat else variant
