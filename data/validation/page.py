"""validation.html: what the rules saw in a batch, as one page with everything in it, so it can be sent or archived.

Verdict, faults with their fix, accepted defects with their reason, every rule with the values that were observed, and
pictures of the clips, those with faults first.
"""

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data.clips.contact_sheet import draw_strip
from data.contracts import ClipRecord
from data.validation.observed import Observed
from data.validation.verdict import Verdict
from data.versions.batch_receipts import VALIDATION_PAGE
from foundation.whole_file import write_whole

PICTURES = 12  # clips shown at most
ON_FRAME = re.compile(r" on frame (\d+)$")
ROWS = 500  # faults listed at most; validation.json has them all


@dataclass(frozen=True)
class Judgement:
    """What the page is about."""

    batch: str
    clips: Sequence[ClipRecord]  # as prepared
    verdict: Verdict
    rules: Sequence[Observed]


def write_page(folder: Path, prepared: Path, judgement: Judgement) -> Path:
    """Write the page into `folder`; pictures come from the prepared clips."""
    write_whole(folder / VALIDATION_PAGE, render_page(prepared, judgement))
    return folder / VALIDATION_PAGE


def render_page(prepared: Path, judgement: Judgement) -> str:
    """The whole page as HTML."""
    verdict, records = judgement.verdict, {record.clip_id: record for record in judgement.clips}
    faults = Counter(failure.clip_id for failure in (*verdict.failures, *verdict.set_aside))
    aside = {failure.clip_id for failure in verdict.set_aside}
    accepted = Counter(failure.clip_id for failure, _ in verdict.accepted)
    shown = [records[clip_id] for clip_id in _shown(list(records), [*faults, *accepted])]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        batch=judgement.batch,
        verdict=verdict,
        rows=ROWS,
        clips=len(records.keys() - aside),
        aside=len(aside),
        faulty=len(faults),
        rules=judgement.rules,
        pictures=[
            (record, faults[record.clip_id], accepted[record.clip_id], _picture(prepared, record, verdict))
            for record in shown
        ],
    )


def _shown(clips: Sequence[str], faulty: Sequence[str]) -> list[str]:
    """Clips with faults first, then others spread over the batch."""
    first = [clip_id for clip_id in dict.fromkeys(faulty) if clip_id in set(clips)][:PICTURES]
    others = [clip_id for clip_id in clips if clip_id not in set(first)]
    room = PICTURES - len(first)
    return [*first, *others[:: max(1, -(-len(others) // room)) if room else 1][:room]]


def _picture(prepared: Path, record: ClipRecord, verdict: Verdict) -> str:
    of_the_clip = [
        fault
        for fault in (*verdict.failures, *verdict.set_aside, *(known for known, _ in verdict.accepted))
        if fault.clip_id == record.clip_id
    ]
    frames = [int(match[1]) for fault in of_the_clip if (match := ON_FRAME.search(fault.field))]
    file = BytesIO()
    draw_strip(prepared, record, frames).save(file, "JPEG", quality=85)
    return base64.b64encode(file.getvalue()).decode()
