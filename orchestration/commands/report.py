"""`graspline report`: where the page of a registered version lies, and the same as one file to send."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from evaluation.report.packed import write_zip
from orchestration.configuration.load_config import load_sections
from orchestration.registry.succession import Succession
from orchestration.steps.run_step import assert_left


def show_report(console: Console, version: str, file: Path | None, overrides: Sequence[str]) -> None:
    """Print the page's path, or pack it.

    Raises:
        ValueError: no such version, or its page is not what was written when it was judged.
    """
    succession = Succession(load_sections(overrides).tracking)
    number = succession.version_named(version)
    _, report = succession.models.release(number)
    assert_left(report)
    page = Path(report.report_html)
    if file is None:
        console.print(f"page of version {number}: {escape(str(page.resolve()))}", highlight=False, soft_wrap=True)
        return
    count = write_zip(page, file)
    contents = f"{count} file{'s' * (count > 1)}, {file.stat().st_size / 1e6:.1f} MB"
    console.print(f"wrote {escape(str(file))}: {contents}", highlight=False, soft_wrap=True)
