"""The page for everybody: 360 pixels wide, read by a screen reader, worked by keyboard alone, of enough contrast."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.catalogue import families, measured
from evaluation.contracts import Amount, Decision, GateConfig, GateRule, Reason
from evaluation.measuring.kinds import ClipMetric
from evaluation.report.page import render_page
from tests.numbered_videos import numbered_report
from tests.webdriver import Browser, missing_browser

WHY = missing_browser()
pytestmark = pytest.mark.skipif(WHY is not None, reason=str(WHY))
ENOUGH = 4.5  # WCAG 2.2, 1.4.3, for text of usual size
CONTRASTS = """
const light = colour => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).slice(0, 3)
    .map(v => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = element => {
  const colour = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
  return /, 0\\)$/.test(colour) ? ground(element.parentElement) : colour;
};
return [...document.querySelectorAll("body *")]
  .filter(element => element.checkVisibility() && [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .map(element => {
    const [low, high] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
    return [(high + 0.05) / (low + 0.05), element.textContent.trim().slice(0, 40)];
  });
"""


@pytest.fixture
def judged(window: Browser, tmp_path: Path) -> Callable[[int], Browser]:
    """A page with everything on it: verdict, plot, two clips, a long table; its details open."""

    def opened(width: int) -> Browser:
        clips = {"clip_0": 2.0, "clip_1": 4.0, "clip_2": 3.0}
        names = [name for name, metric in families().items() if isinstance(metric, ClipMetric)]
        own, champion = (
            numbered_report(tmp_path / who, {name: measured(name, clips) for name in names}, list(clips), frames=9)
            for who in ("model", "champion")
        )
        rule = GateRule(metric="hand_error_px_all_frames", margin=Amount(size=1.0, kind="units"))
        message = "hand_error_px_all_frames is 3 px"
        decision = Decision(
            passed=False,
            reasons=[Reason(rule="a", passed=passed, message=message) for passed in (True, False)],
            challenger_digest="c",
            champion_digest="d",
            exam_digest="e",
        )
        page = Path(own.report_html)
        page.write_text(render_page(page, own, champion, decision, GateConfig(rules=[rule], improvements=[])), "utf-8")
        window.resize(width, 800)
        window.open(page.as_uri())
        window.run("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        return window

    return opened


@pytest.fixture(autouse=True)
def usual_size(window: Browser) -> object:
    yield
    window.resize(1280, 900)


def test_nothing_is_cut_off_at_360_pixels(judged: Callable[[int], Browser]) -> None:
    assert judged(360).run("return document.documentElement.scrollWidth") <= 360


def test_every_text_stands_out_from_its_ground(judged: Callable[[int], Browser]) -> None:
    contrasts = judged(1280).run(CONTRASTS)
    assert len(contrasts) > 200
    assert [found for found in contrasts if found[0] < ENOUGH] == []


def test_every_control_and_picture_has_a_name(judged: Callable[[int], Browser]) -> None:
    tree = judged(1280).chrome("Accessibility.getFullAXTree", {})["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node["ignored"] and node["role"]["value"] in {"button", "slider", "combobox", "image", "article"}
    ]
    assert [role for role, name in named if not name] == []
    sliders = [name for role, name in named if role == "slider"]
    assert sliders == [f"frame of clip {clip}" for clip in ("clip_1", "clip_2", "clip_0")], "the worst first"
    kinds = [role for role, _ in named]
    assert (kinds.count("button"), kinds.count("combobox")) == (9, 6)


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(judged: Callable[[int], Browser]) -> None:
    window = judged(1280)
    wanted = window.run("return document.querySelectorAll('button, select, input, summary, [tabindex=\"0\"]').length")
    reached: set[int] = set()
    for _ in range(wanted):
        window.press("Tab")
        place, outline = window.run("""
            const all = [...document.querySelectorAll("button, select, input, summary, [tabindex='0']")];
            return [all.indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineWidth]""")
        reached.add(place)
        assert outline == "3px"
    assert reached == set(range(wanted))
