"""The gate's decision in plain words: what it means first, then what refused, then everything that held."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.contracts import Decision, Reason
from evaluation.report.words import in_words

DOES_NOT_DECIDE = "it words a decision that was made"


@dataclass(frozen=True)
class Verdict:
    """What stands at the head of the page."""

    kind: str  # passed, refused, open
    title: str
    sentence: str
    against: Sequence[str]  # what refused
    held: Sequence[str]  # what did not
    sights: Sequence[str]  # what this exam would have seen


def verdict_of(decision: Decision | None) -> Verdict:
    """The words for a decision, or that there is none yet."""
    if decision is None:
        sentence = "The promotion gate has not judged this model yet; below are its numbers on the open exam."
        return Verdict("open", "Not decided yet", sentence, [], [], [])
    against = [in_words(reason.message) for reason in decision.reasons if not reason.passed]
    held = [reason for reason in decision.reasons if reason.passed]
    words = _passed(decision, held) if decision.passed else _refused(len(against), len(decision.reasons))
    sights = [in_words(sight.message) for sight in decision.sights]
    title = "Passed: it may become champion" if decision.passed else "Refused: the champion stays"
    kind = "passed" if decision.passed else "refused"
    return Verdict(kind, title, words, against, [in_words(reason.message) for reason in held], sights)


def _passed(decision: Decision, held: Sequence[Reason]) -> str:
    against = "There was no champion to compare with."
    if decision.champion_digest is not None:
        against = "It is better than the champion in what counts; that it is worse in what is guarded is excluded."
    return f"All {len(held)} rules held. {against} Look at the videos before you trust the numbers."


def _refused(against: int, rules: int) -> str:
    return f"{against} of {rules} rules {'refuses' if against == 1 else 'refuse'}. One is enough; each stands below."
