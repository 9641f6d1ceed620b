"""Pages whose videos carry their frames' numbers, opened in a real browser."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from evaluation.catalogue import measured
from evaluation.report.page import render_page
from tests.numbered_videos import FRAMES, READ, numbered_report
from tests.webdriver import Browser, browser, missing_browser

WritePage = Callable[..., Path]


@pytest.fixture(scope="package")
def window() -> Iterator[Browser]:
    """One browser for all tests; each opens a page of its own."""
    if why := missing_browser():
        pytest.skip(why)
    with browser() as opened:
        yield opened


@pytest.fixture
def write_page(tmp_path: Path) -> WritePage:
    """The page of a report on such videos, of `clips`, `frames` long."""

    def write(clips: Sequence[str] = ("clip_0",), frames: int = FRAMES) -> Path:
        values = {clip: 20.0 + place for place, clip in enumerate(clips)}
        report = numbered_report(tmp_path / "report", {"psnr_db": measured("psnr_db", values)}, clips, frames)
        page = Path(report.report_html)
        page.write_text(render_page(page, report), encoding="utf-8")
        return page

    return write


@pytest.fixture
def open_page(window: Browser, write_page: WritePage) -> Callable[..., Browser]:
    """Such a page in the browser; its functions can read what is drawn."""

    def opened(clips: Sequence[str] = ("clip_0",), frames: int = FRAMES) -> Browser:
        window.open(write_page(clips, frames).as_uri())
        window.run(f"{READ} Object.assign(window, {{ read }})")
        return window

    return opened
