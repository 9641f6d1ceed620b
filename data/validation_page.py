"""validation.html: what the rules saw in a batch, as one page with everything in it, so it can be sent or archived.

Verdict, faults with their fix, accepted defects with their reason, every rule with the values that were observed, and
pictures of the clips, those with faults first.
"""

import base64
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data.batch_receipts import VALIDATION_PAGE
from data.contact_sheet import draw_strip
from data.contracts import ClipRecord
from data.manifest import read_manifest
from data.observed import Observed
from data.run_folder import write_whole
from data.verdict import Verdict

PICTURES = 12  # clips shown at most
ROWS = 500  # faults listed at most; validation.json has them all


def write_page(prepared: Path, folder: Path, found: Verdict, seen: Sequence[Observed]) -> Path:
    """Write the page of a prepared batch into `folder`."""
    write_whole(folder / VALIDATION_PAGE, render_page(prepared, found, seen))
    return folder / VALIDATION_PAGE


def render_page(prepared: Path, found: Verdict, seen: Sequence[Observed]) -> str:
    """The whole page as HTML."""
    records = {record.clip_id: record for record in read_manifest(prepared)}
    faults = Counter(failure.clip_id for failure in found.failures)
    accepted = Counter(failure.clip_id for failure, _ in found.accepted)
    shown = [records[clip_id] for clip_id in _shown(list(records), [*faults, *accepted])]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("validation_page.html.j2").render(
        batch=prepared.name,
        found=found,
        rows=ROWS,
        clips=len(records),
        faulty=len(faults),
        rules=seen,
        pictures=[
            (record, faults[record.clip_id], accepted[record.clip_id], _picture(prepared, record)) for record in shown
        ],
    )


def _shown(clips: Sequence[str], told_of: Sequence[str]) -> list[str]:
    """Clips with something to tell first, then others spread over the batch."""
    first = [clip_id for clip_id in dict.fromkeys(told_of) if clip_id in set(clips)][:PICTURES]
    others = [clip_id for clip_id in clips if clip_id not in set(first)]
    room = PICTURES - len(first)
    return [*first, *others[:: max(1, -(-len(others) // room)) if room else 1][:room]]


def _picture(prepared: Path, record: ClipRecord) -> str:
    file = BytesIO()
    draw_strip(prepared, record).save(file, "JPEG", quality=85)
    return base64.b64encode(file.getvalue()).decode()
