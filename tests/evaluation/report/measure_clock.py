"""How far the pictures of a row stray from its clock and from its sound while it loops: a measurement, not a test.

    python -m tests.evaluation.report.measure_clock [minutes]

Four videos of 33 frames at 25 frames a second, in headless Chromium, played by the page's own keyboard. Every 0.4 s, at
whatever moment that is between two paintings, the numbers that the drawn pictures carry are read, and the place in the
sound from its samples, which rise through the clip.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from evaluation.catalogue import measured
from evaluation.report.page import render_page
from tests.numbered_videos import READ, numbered_report
from tests.webdriver import browser

FRAMES = 33  # as the exam's clips have
PREPARE = """
const row = rows[0], context = clock.context, samples = Math.ceil(row.length * context.sampleRate);
const rising = context.createBuffer(1, samples, context.sampleRate);
rising.copyToChannel(Float32Array.from({ length: samples }, (_, at) => 1.8 * at / samples - 0.9), 0);
row.sounds.set(row.sound.value, rising);
row.restart();
"""
LOOK = (
    READ
    + """
const row = rows[0], context = clock.context, tapped = new AnalyserNode(context, { fftSize: 32 });
clock.source.connect(tapped);
window.looks = [];
let painted = 0;
const follow = row.screen.follow.bind(row.screen);
row.screen.follow = (...moment) => { painted += 1; follow(...moment); };
setInterval(() => {
  const wave = new Float32Array(32);
  tapped.getFloatTimeDomainData(wave);
  const ahead = context.currentTime - row.timer(), seconds = row.seconds, made = (wave[31] + 0.9) / 1.8 * row.length;
  const drawn = row.figures.map(figure => read(figure.canvas));
  looks.push([seconds, row.length, made - ahead * row.rate, painted, ...drawn]);
}, 400);
"""
)


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder, browser() as window:
        own, champion = (
            numbered_report(Path(folder) / name, {"psnr_db": measured("psnr_db", {"clip_0": 20.0})}, frames=FRAMES)
            for name in ("model", "champion")
        )
        page = Path(own.report_html)
        page.write_text(render_page(page, own, champion), encoding="utf-8")
        window.open(page.as_uri())
        window.click("button.play")
        window.until("rows[0].playing && clock.audible", 60)
        window.run(PREPARE)
        window.until(
            "rows[0].playing && clock.source && clock.source.buffer === rows[0].sounds.get(rows[0].sound.value)"
        )
        window.run(LOOK)
        time.sleep(60 * minutes)
        report(np.array(window.run("return looks")))


def report(looks: np.ndarray) -> None:
    seconds_L, length, heard_L, painted_L, drawn_LV = looks[:, 0], looks[0, 1], looks[:, 2], looks[:, 3], looks[:, 4:]
    print(f"{len(looks)} looks; in {(drawn_LV != drawn_LV[:, :1]).any(axis=1).sum()} of them the row's videos differ")
    pace_L = np.diff(painted_L) / 0.4
    print(
        f"painted {np.median(pace_L):.0f} times a second in the median, {np.percentile(pace_L, 5):.0f} in the slowest"
    )
    middle_L = (drawn_LV[:, 0] + 0.5) / FRAMES * length
    tell("the clock off the sound", around(seconds_L - heard_L, length))
    away_L = around(seconds_L - middle_L, length)
    tell("the picture off the clock", np.sign(away_L) * np.maximum(0, np.abs(away_L) - 0.5))  # 0 while it is due


def around(seconds_L: np.ndarray, length: float) -> np.ndarray:
    """In frames, the shorter way round the loop."""
    return ((seconds_L / length + 0.5) % 1 - 0.5) * FRAMES


def tell(what: str, frames_L: np.ndarray) -> None:
    off_L, quarter = np.abs(frames_L), len(frames_L) // 4
    print(
        f"{what}, in frames: median {np.median(off_L):.2f}, 95 of 100 {np.percentile(off_L, 95):.2f}, most "
        f"{off_L.max():.2f}, more than one in {100 * (off_L > 1).mean():.1f} %; mean of the first quarter "
        f"{frames_L[:quarter].mean():+.3f}, of the last {frames_L[-quarter:].mean():+.3f}"
    )


if __name__ == "__main__":
    main()
