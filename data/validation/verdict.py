"""From failures to a verdict: known defects that the configuration accepts are set apart, never left out.

An accepted defect names batch, clip, rule and fields and gives the reason. One that no longer occurs is listed, so that
declarations do not outlive what they were about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.thresholds import AcceptedDefect
from data.versions import batch_receipts
from foundation.failures import Failure


@dataclass(frozen=True)
class Verdict:
    """The result of validation."""

    failures: tuple[Failure, ...]  # not accepted: any of them makes the batch invalid
    accepted: tuple[tuple[Failure, str], ...]  # with the reason given
    no_longer: tuple[str, ...]  # accepted defects that do not occur (any more)
    set_aside: tuple[Failure, ...] = ()  # of clips that do not belong to the batch because of them (quarantine)

    @property
    def valid(self) -> bool:
        return not self.failures

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Clip that is set aside -> its faults."""
        clips = dict.fromkeys(failure.clip_id for failure in self.set_aside)
        return {clip: [str(failure) for failure in self.set_aside if failure.clip_id == clip] for clip in clips}


def verdict(failures: Sequence[Failure], accepted: Sequence[AcceptedDefect], detector_ran: bool = False) -> Verdict:
    """Set apart what is accepted. Clip by clip, each fault once.

    `detector_ran`: what is accepted of its findings must occur too.
    """
    failures = sorted(dict.fromkeys(failures), key=lambda failure: failure.clip_id)
    reasons = {(one.clip, one.rule, field): one.reason for one in accepted for field in one.fields}
    keys = [(failure.clip_id, failure.name, failure.field) for failure in failures]
    occurring = set(keys)
    return Verdict(
        tuple(failure for key, failure in zip(keys, failures, strict=True) if key not in reasons),
        tuple((failure, reasons[key]) for key, failure in zip(keys, failures, strict=True) if key in reasons),
        tuple(
            f"clip {clip} | field {field} | {rule}: accepted, but it does not occur: take it out of accepted_defects"
            for clip, rule, field in reasons
            if (clip, rule, field) not in occurring and (detector_ran or not rule.startswith("detector_"))
        ),
    )


def write_validation(prepared: Path, result: Verdict, clips: int, raw_digest: str) -> None:
    """Write validation.json beside the manifest and the files that were judged."""
    validation = batch_receipts.Validation(
        valid=result.valid,
        clips=clips,
        failures=[str(failure) for failure in result.failures],
        accepted=[f"{failure} | accepted: {reason}" for failure, reason in result.accepted],
        no_longer=list(result.no_longer),
        set_aside=result.reasons,
        raw_digest=raw_digest,
        **batch_receipts.judged_files(prepared),
    )
    batch_receipts.write_validation(prepared, validation)
