"""The page's player in a real browser: a row shows one frame at every moment, the one of its clock and of its sound.

Frames are told by the numbers that the drawn pictures carry. Nothing here asks how fast the machine is: what is drawn
is compared with the moment it was drawn for, and what comes later is waited for.
"""

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.report.packed import write_zip
from evaluation.report.shown import MOST_DRAWN
from tests.evaluation.report.conftest import WritePage
from tests.numbered_videos import BITS, FRAMES, RATE
from tests.webdriver import Browser, missing_browser

WHY = missing_browser()
pytestmark = pytest.mark.skipif(WHY is not None, reason=str(WHY))
OpenPage = Callable[..., Browser]
LENGTH = FRAMES / RATE
# every moment that is drawn, with what is drawn then
NOTE = """
const row = rows[0], follow = row.screen.follow.bind(row.screen);
window.noted = [];
row.screen.follow = (frame, seconds, rate) => {
  follow(frame, seconds, rate);
  noted.push([seconds, frame, ...row.figures.map(figure => read(figure.canvas))]);
};
"""
DRAWN = "rows[0].figures.map(figure => read(figure.canvas))"


def play(window: Browser, row: int = 0) -> None:
    window.run(f"rows[{row}].button.focus()")
    window.press("k")
    window.until(f"rows[{row}].playing", 120)


def noted(window: Browser, looks: int) -> np.ndarray:
    """So many moments: seconds, frame, and the number drawn in each video."""
    window.run(NOTE)
    window.until(f"noted.length >= {looks}", 120)
    return np.array(window.run("return noted"))


def assert_one_frame(looks: np.ndarray) -> None:
    assert (looks[:, 2:] == looks[:, 1:2]).all(), "a video shows another frame than its row"
    assert (looks[:, 1] == np.floor(looks[:, 0] * RATE + 1e-6)).all(), "not the frame of the clock"


def test_every_video_shows_the_clocks_frame_at_every_moment(open_page: OpenPage) -> None:
    window = open_page()
    play(window)
    looks = noted(window, 60)
    assert looks.shape[1] == 5, "three videos"
    assert_one_frame(looks)
    window.until("new Set(noted.map(look => look[1])).size >= 8", 120)  # it moves


def test_after_two_hundred_loops_it_is_the_same_frame_still(open_page: OpenPage) -> None:
    window = open_page()
    play(window)
    window.run(f"const timer = rows[0].timer; rows[0].timer = () => timer() + {200 * LENGTH!r}")
    assert_one_frame(noted(window, 40))
    window.run("rows[0].pause()")
    assert window.run("return rows[0].frame") == window.run(f"return {DRAWN}")[0]


def test_the_sound_is_where_the_pictures_are_after_two_hundred_loops(open_page: OpenPage) -> None:
    """The samples that are played rise through the clip, so each one tells its place."""
    window = open_page()
    play(window)
    window.run("""
        const row = rows[0], context = clock.context, samples = Math.ceil(row.length * context.sampleRate);
        const rising = context.createBuffer(1, samples, context.sampleRate);
        rising.copyToChannel(Float32Array.from({ length: samples }, (_, at) => at / samples), 0);
        row.sounds.set(row.sound.value, rising);
        row.speed.add(new Option("40", "40", true, true));
        row.restart();""")
    window.until("clock.source.buffer === rows[0].sounds.get(rows[0].sound.value)")
    window.run("window.tap = new AnalyserNode(clock.context, { fftSize: 32 }); clock.source.connect(tap)")
    window.until("(clock.context.currentTime - rows[0].since) * 40 > 200 * rows[0].length", 120)
    for _ in range(20):
        heard, due = window.run("""
            const wave = new Float32Array(32), row = rows[0];
            tap.getFloatTimeDomainData(wave);
            return [wave[31], (row.base + (clock.context.currentTime - row.since) * row.rate) / row.length % 1]""")
        away = abs((heard - due + 0.5) % 1 - 0.5) * LENGTH  # seconds of the clip, forty of which pass in one
        assert away < 40 * 0.05, "two blocks of the sound device"


def test_keys_step_play_and_change_speed_and_sound(open_page: OpenPage) -> None:
    window = open_page()
    window.press(".")
    window.until("rows[0].screen")
    start = window.run("return rows[0].frame")
    for key, by in ((".", 1), (".", 2), (",", 1), (",", 0), (",", -1)):
        window.press(key)
        window.until(f"{DRAWN}.every(number => number === {start + by})")
    window.press(" ")
    window.until("rows[0].playing && rows[0].button.textContent === 'Pause'")
    window.press("+")
    assert window.run("return rows[0].rate") == 2
    window.until("clock.source && clock.source.playbackRate.value === 2")
    window.press("-", "-")
    assert window.run("return rows[0].rate") == 0.5
    window.press("s")
    assert window.run("return rows[0].sound.selectedOptions[0].text") == "true clip"
    window.until("clock.source && clock.source.buffer === rows[0].sounds.get(rows[0].sound.value)")
    window.press("s")
    window.until("rows[0].sound.value === 'none' && clock.source === null && rows[0].playing")
    window.press("k")
    window.until("!rows[0].playing && rows[0].button.textContent === 'Play'")
    assert window.run(f"return new Set([rows[0].frame, ...{DRAWN}]).size") == 1
    assert window.console() == []


def test_the_slider_scrubs_and_ends_meet(open_page: OpenPage) -> None:
    window = open_page()
    window.run("rows[0].slider.focus()")
    window.press("Right")
    window.until("rows[0].screen")
    before = window.run("return rows[0].frame")
    window.press("Right", "Right")
    window.until(f"{DRAWN}.every(number => number === {before + 2})")
    window.run(f"rows[0].slider.value = {FRAMES - 1}; rows[0].slider.dispatchEvent(new Event('input'))")
    window.until(f"{DRAWN}.every(number => number === {FRAMES - 1})")
    said = window.run("return rows[0].slider.getAttribute('aria-valuetext')")
    assert said == f"frame {FRAMES} of {FRAMES}, {(FRAMES - 1) / RATE:.2f} s"
    window.press(".")
    window.until(f"{DRAWN}.every(number => number === 0)")


def test_one_row_plays_and_only_its_pictures_are_kept(open_page: OpenPage) -> None:
    window = open_page(clips=("clip_0", "clip_1"))
    play(window)
    window.press("j")
    assert window.run("return rows.indexOf(active)") == 1
    play(window, row=1)
    assert window.run("return [rows[0].playing, rows[0].screen, rows[1].screen !== null]") == [False, None, True]
    window.press("u")
    play(window)
    assert window.run("return [rows[1].playing, rows[1].screen]") == [False, None]
    assert_one_frame(noted(window, 10))
    window.press("j", ".")
    window.until("rows[1].screen && rows[0].screen === null && !rows[0].playing")


def test_a_row_that_is_left_while_it_loads_stays_still(open_page: OpenPage) -> None:
    window = open_page(clips=("clip_0", "clip_1"))
    window.run("rows[0].play(); rows[1].play()")
    window.until("rows[1].playing", 120)
    assert window.run("return [rows[0].wanted, rows[0].playing, rows[0].screen]") == [False, False, None]


def test_a_sound_device_that_stands_still_stops_no_picture(open_page: OpenPage) -> None:
    window = open_page()
    play(window)
    window.run("""
        Object.defineProperty(clock.context, "currentTime", { value: 1 });
        clock.context.getOutputTimestamp = () => ({ contextTime: 1, performanceTime: 0 });""")
    window.until("clock.given_up && rows[0].playing", 60)
    assert_one_frame(noted(window, 20))
    window.until("new Set(noted.map(look => look[1])).size >= 4", 60)


@pytest.mark.parametrize("why", ["long", "damaged"])
def test_what_cannot_be_drawn_plays_as_videos(open_page: OpenPage, why: str) -> None:
    window = open_page(frames=MOST_DRAWN + 1 if why == "long" else FRAMES)
    if why == "damaged":
        window.run("rows[0].figures[2].video.src = 'data:video/mp4;base64,AAAA'")
    videos = "rows[0].figures.slice(0, 2).map(figure => figure.video)"
    play(window)
    assert window.run("return rows[0].screen.constructor.name") == "Held"
    window.until(f"{videos}.every(video => !video.paused && video.currentTime > 0)")
    assert window.run(f"return {videos}.map(video => video.muted)") == [False, True], "this model's sound"
    window.press("k")
    window.press(".")
    window.until(f"{videos}.every(video => video.paused && !video.seeking && read(video) === rows[0].frame)")
    assert window.run("return rows[0].figures.every(figure => figure.canvas.hidden)")
    complaints = [line for line in window.console() if "held to the clock" in line]
    assert len(complaints) == (why == "damaged")


def test_a_page_with_media_beside_it_is_the_same_from_a_file(
    window: Browser, write_page: WritePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser lets no script read files: what is drawn is seen on the screen alone."""
    monkeypatch.setattr("evaluation.report.media.MOST_EMBEDDED", 1000)
    page = write_page()
    assert write_zip(page, tmp_path / "sent.zip") == 7  # page, three videos, two references, contact sheet
    shutil.rmtree(page.parent)
    shutil.unpack_archive(tmp_path / "sent.zip", tmp_path / "received")
    window.open((tmp_path / "received/report.html").as_uri())
    play(window)
    window.until("rows[0].screen instanceof Drawn && clock.source !== null")
    window.press("k")
    window.until("!rows[0].playing")
    window.screenshot(tmp_path / "seen.png")
    boxes = window.run("""return rows[0].figures.map(({ canvas }) => {
        const box = canvas.getBoundingClientRect();
        return [box.left + scrollX, box.top + scrollY, box.width, box.height]; })""")
    screen = np.asarray(Image.open(BytesIO((tmp_path / "seen.png").read_bytes())).convert("L"))
    numbers = [
        sum(
            (screen[round(top + height / 2), round(left + (bit + 0.5) * width / BITS)] > 128) << bit
            for bit in range(BITS)
        )
        for left, top, width, height in boxes
    ]
    assert numbers == [window.run("return rows[0].frame")] * 3
