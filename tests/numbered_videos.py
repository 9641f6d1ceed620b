"""Reports whose videos carry their frames' numbers as black and white bars: what a browser draws can be read."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from evaluation.contracts import EvaluationReport, Metric
from foundation.video_writing import write_video

BITS, BAR, HEIGHT = 10, 12, 96
FRAMES, RATE = 13, 25.0
SOUND_RATE = 16_000
# of a canvas or a video: the number that its picture carries
READ = f"""
function read(screen) {{
  const width = screen.videoWidth || screen.width, height = screen.videoHeight || screen.height;
  const canvas = Object.assign(document.createElement("canvas"), {{ width, height }});
  const sheet = canvas.getContext("2d", {{ willReadFrequently: true }});
  sheet.drawImage(screen, 0, 0);
  return [...Array({BITS}).keys()].reduce((sum, bit) =>
    sum + (sheet.getImageData((bit + 0.5) * width / {BITS}, height / 2, 1, 1).data[0] > 128) * 2 ** bit, 0);
}}
"""


def numbered(frames: int) -> np.ndarray:
    """Frame t shows t, its lowest bit left. uint8 [T,H,W,3]"""
    bits_TB = (np.arange(frames)[:, None] >> np.arange(BITS)) & 1
    row_TW = np.repeat(bits_TB, BAR, axis=1).astype(np.uint8) * 219 + 16
    return np.ascontiguousarray(np.broadcast_to(row_TW[:, None, :, None], (frames, HEIGHT, BITS * BAR, 3)))


def numbered_report(
    folder: Path, metrics: Mapping[str, Metric], clips: Sequence[str] = ("clip_0",), frames: int = FRAMES
) -> EvaluationReport:
    """A report on these clips: generated and true video of each, with sound, structure video and two references."""
    videos = folder / "videos"
    videos.mkdir(parents=True)
    seconds_S = np.arange(round(frames * SOUND_RATE / RATE)) / SOUND_RATE
    for clip in clips:
        for kind, pitch in (("generated", 440), ("truth", 660), ("structure", 0)):
            tone_S = (0.4 * np.sin(2 * np.pi * pitch * seconds_S)).astype(np.float32)
            write_video(
                videos / f"{clip}_{kind}.mp4", numbered(frames), RATE, sound=(tone_S, SOUND_RATE) if pitch else None
            )
        for kind in ("person", "product"):
            Image.new("RGB", (64, 96), (200, 180, 160)).save(videos / f"{clip}_{kind}.png")
    shown = [{"clip_id": clip, "prompt": f"raises <b>{clip}</b>", "frames_per_second": RATE} for clip in clips]
    (folder / "clips.json").write_text(json.dumps(shown), encoding="utf-8")
    Image.new("RGB", (8, 8)).save(folder / "contact_sheet.png")
    return EvaluationReport(
        artifact_digest=f"digest of {folder.name}",
        exam_digest="exam",
        metrics=dict(metrics),
        report_html=str(folder / "report.html"),
        contact_sheet=str(folder / "contact_sheet.png"),
        folder=str(folder),
    )
