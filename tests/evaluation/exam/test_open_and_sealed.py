"""The sealed exam: other clips, and noise that is one candidate's own."""

import subprocess
import sys

from evaluation.contracts import EvaluationConfig
from evaluation.exam.open_and_sealed import file_of, open_exam, sealed_exam

CONFIG = EvaluationConfig(
    held_out_clips=4, sealed_clips=3, seed=7, seeds_a_clip=2, variants=["true"], noise_levels=[0.5], locator_steps=1
)


def test_the_exams_share_no_clip() -> None:
    one, other = open_exam(CONFIG), sealed_exam(CONFIG, "candidate")
    assert (one.first, one.clips) == (0, 4)
    assert (other.first, other.clips) == (4, 3)
    assert other.variants == ["true"], "whether a model listens is asked on the open exam"


def test_every_candidate_has_noise_of_its_own_and_always_the_same() -> None:
    seeds = {sealed_exam(CONFIG, candidate).seed for candidate in ("one", "two", "three")}
    assert len(seeds | {open_exam(CONFIG).seed}) == 4
    assert sealed_exam(CONFIG, "one") == sealed_exam(CONFIG, "one")
    assert sealed_exam(CONFIG.model_copy(update={"seed": 8}), "one").seed not in seeds


def test_where_no_clips_are_kept_for_it_only_the_noise_is_another() -> None:
    few = CONFIG.model_copy(update={"sealed_clips": 0})
    one, other = open_exam(few), sealed_exam(few, "candidate")
    assert (other.first, other.clips) == (one.first, one.clips)
    assert other.seed != one.seed


def test_the_first_seeds_frames_bear_the_variants_name() -> None:
    assert [file_of("true", repeat) for repeat in range(3)] == ["true", "true_1", "true_2"]


def test_the_launcher_chooses_without_torch() -> None:
    code = "import sys, evaluation.exam.open_and_sealed; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
