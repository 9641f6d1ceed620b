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
from tests.numbered_videos import FRAMES, READ, numbered_report
from tests.webdriver import browser

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
setInterval(() => {
  const wave = new Float32Array(32);
  tapped.getFloatTimeDomainData(wave);
  const ahead = context.currentTime - row.timer(), made = (wave[31] + 0.9) / 1.8 * row.length;
  looks.push([row.seconds, row.length, made - ahead * row.rate, ...row.figures.map(figure => read(figure.canvas))]);
}, 400);
"""
)


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder, browser() as window:
        own, champion = (
            numbered_report(Path(folder) / name, {"psnr_db": measured("psnr_db", {"clip_0": 20.0})})
            for name in ("model", "champion")
        )
        page = Path(own.report_html)
        page.write_text(render_page(page, own, champion), encoding="utf-8")
        window.open(page.as_uri())
        window.click("button.play")
        window.until("rows[0].playing && clock.audible", 60)
        window.run(PREPARE)
        window.until("rows[0].playing && clock.source && clock.source.buffer === rows[0].sounds.get(rows[0].sound.value)")
        window.run(LOOK)
        time.sleep(60 * minutes)
        report(np.array(window.run("return looks")))


def report(looks: np.ndarray) -> None:
    seconds_L, length_L, heard_L, drawn_LV = looks[:, 0], looks[:, 1], looks[:, 2], looks[:, 3:]
    rate = FRAMES / length_L[0]
    print(f"{len(looks)} looks; rows whose videos differ: {(drawn_LV != drawn_LV[:, :1]).any(axis=1).sum()}")
    for name, at_L in (("clock", seconds_L), ("sound", heard_L)):
        around_L = (at_L * rate - drawn_LV[:, 0] - 0.5 + FRAMES / 2) % FRAMES - FRAMES / 2  # of the frame's middle
        off_L = np.maximum(0, np.abs(around_L) - 0.5)  # 0 while that frame is due
        quarter = len(off_L) // 4
        print(
            f"frames off the {name}: median {np.median(off_L):.2f}, 95 of 100 {np.percentile(off_L, 95):.2f}, most "
            f"{off_L.max():.2f}; mean of the first quarter {around_L[:quarter].mean():+.2f}, of the last "
            f"{around_L[-quarter:].mean():+.2f}; over a frame {100 * (off_L > 1).mean():.1f} %"
        )


if __name__ == "__main__":
    main()
