"""Where a page's videos and pictures are: in it as long as they are small together, else beside it."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from evaluation.contracts import EvaluationReport

DOES_NOT_DECIDE = "it names files for people, no metric reads them"
MOST_EMBEDDED = 10_000_000  # bytes of videos that a page holds itself; beyond it browsers and mail programs suffer


@dataclass(frozen=True)
class Media:
    """How one page shows its files."""

    page: Path
    embedded: bool

    @classmethod
    def of(cls, page: Path, reports: Sequence[EvaluationReport]) -> "Media":
        """For the videos of these reports."""
        files = [file for report in reports for file in Path(report.folder).glob("videos/*")]
        return cls(page, sum(file.stat().st_size for file in files) <= MOST_EMBEDDED)

    def video(self, file: Path) -> str:
        """The address of a video."""
        return self._address(file, "video/mp4")

    def picture(self, file: Path) -> str:
        """The address of a picture."""
        return self._address(file, "image/png")

    def _address(self, file: Path, kind: str) -> str:
        if self.embedded:
            return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
        return quote(Path(os.path.relpath(file.resolve(), self.page.resolve().parent)).as_posix())
