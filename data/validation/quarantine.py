"""Which clips of a batch stay, and which are set aside because of their faults (`data.validation.quarantine`).

Clips with a fault of their own go first. Of clips that are copies of each other the first one stays. What is left is
judged again, until nothing is found; with too few left, the batch is refused as a whole with every fault.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from data.thresholds import ValidationThresholds
from data.validation.batch_facts import Measured
from data.validation.expectations import Judged
from data.validation.observed import Observed
from data.validation.verdict import Verdict, verdict
from foundation.failures import Failure

SECTION = "data.validation.quarantine"
Judge = Callable[[Sequence[Measured]], Judged]


class SortedOut(NamedTuple):
    """A batch after its clips were sorted out."""

    verdict: Verdict
    observed: list[Observed]  # what the rules saw in all clips
    kept: list[str]  # clip ids in the batch's order; all of them where the batch is refused


def sort_out(
    clips: Sequence[Measured],
    judge: Judge,
    thresholds: ValidationThresholds,
    faults: Sequence[Failure] = (),
    detector_ran: bool = False,
) -> SortedOut:
    """Judge a batch and set its faulty clips aside, as the policy says.

    Args:
        clips: what was measured, one entry a delivered record.
        judge: applies the rules to some of them.
        thresholds: the policy, and which defects are accepted.
        faults: found before any rule: of clips that could not be measured, or of the batch.
        detector_ran: what is accepted of its findings must occur too.
    """
    first, accepted = judge(clips), thresholds.accepted_defects
    whole = verdict([*faults, *first.failures], accepted, detector_ran)
    order = list(dict.fromkeys(clip.facts.clip_id for clip in clips))
    delivered = dict.fromkeys([*order, *(fault.clip_id for fault in faults)])
    of_the_batch = any(fault.clip_id.startswith("(") for fault in faults)
    if whole.valid or of_the_batch or thresholds.quarantine.policy == "strict":
        return SortedOut(whole, first.observed, order)
    aside = [failure for failure in whole.failures if failure in set(faults)]
    unusable = {failure.clip_id for failure in aside}
    left = [clip for clip in clips if clip.facts.clip_id not in unusable]
    now = first if len(left) == len(clips) else judge(left)
    while remaining := verdict(now.failures, accepted).failures:
        going = _going(remaining, order)
        aside += [failure for failure in remaining if failure.clip_id in going]
        left = [clip for clip in left if clip.facts.clip_id not in going]
        if not left:
            break
        now = judge(left)
    kept = list(dict.fromkeys(clip.facts.clip_id for clip in left))
    least = thresholds.quarantine.least(len(delivered))
    if len(kept) < least:
        return SortedOut(_refused(whole, len(kept), len(delivered), least), first.observed, order)
    last = verdict(now.failures, accepted, detector_ran)
    return SortedOut(Verdict((), last.accepted, whole.no_longer, tuple(aside)), first.observed, kept)


def too_few(kept: int, delivered: int, least: int) -> Failure:
    """Why a batch is refused though some of its clips are without a fault."""
    return Failure(
        "(batch)",
        "clips",
        f"{kept} of {delivered} are without a fault",
        f"at least {least} must remain",
        f"mend the clips, or lower {SECTION}.least_share or .least_clips",
    )


def counted(set_aside: Sequence[Failure]) -> str:
    """How many clips are set aside and why, in a line: "3 clips set aside: 2 video, 1 licence"; empty where none is."""
    clips = len({failure.clip_id for failure in set_aside})
    why = Counter(name for _, name in dict.fromkeys((f.clip_id, f.name or f.field) for f in set_aside))
    reasons = ", ".join(f"{count} {name}" for name, count in why.most_common())
    return f"{clips} {'clip' if clips == 1 else 'clips'} set aside: {reasons}" if clips else ""


def _refused(whole: Verdict, kept: int, delivered: int, least: int) -> Verdict:
    return Verdict((*whole.failures, too_few(kept, delivered, least)), whole.accepted, whole.no_longer)


def _going(failures: Sequence[Failure], order: Sequence[str]) -> set[str]:
    """The clips that must go now. Copies come when nothing else is left: their twin may have gone by then."""
    own = {failure.clip_id for failure in failures if not failure.same_as}
    if own:
        return own
    place = {clip_id: number for number, clip_id in enumerate(order)}
    going: set[str] = set()
    for failure in sorted(failures, key=lambda failure: place[failure.clip_id]):
        before = [clip for clip in failure.same_as if place[clip] < place[failure.clip_id]]
        if any(clip not in going for clip in before):
            going.add(failure.clip_id)
    return going or {max((failure.clip_id for failure in failures), key=lambda clip_id: place[clip_id])}
