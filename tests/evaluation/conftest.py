"""A small exam on disk: a few clips in the studio's manner, drawn plainly, prepared and with their conditions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data.contracts import ClipRecord, FrameBoxes
from evaluation.exam.held_out import EvaluationClip
from foundation.sound import write_audio
from foundation.video_writing import write_video

HEIGHT, WIDTH, FRAMES = 48, 32, 9
COLOURS = [(220, 30, 30), (30, 60, 210), (30, 160, 60)]


@pytest.fixture
def clips(tmp_path: Path) -> list[EvaluationClip]:
    """Three clips: a product of its own colour rises with the hand, the mouth follows the sound."""
    return [_clip(tmp_path, index) for index in range(len(COLOURS))]


def _clip(folder: Path, index: int) -> EvaluationClip:
    clip_id = f"clip_{index}"
    (folder / clip_id).mkdir()
    person = np.full((HEIGHT, WIDTH, 3), (90, 120, 150), dtype=np.uint8)
    person[4:20, 8:24] = (224, 172, 140)
    product = np.full_like(person, 255)
    product[16:32, 10:22] = COLOURS[index]
    loud = np.abs(np.sin(np.arange(FRAMES) + index))
    frames = np.stack([_frame(person, loud[t], 40 - 2 * t, COLOURS[index]) for t in range(FRAMES)])
    write_video(folder / clip_id / "rgb.mp4", frames, 25, lossless=True)
    tone = np.sin(np.arange(640 * FRAMES) * 0.3) * np.repeat(loud, 640) * 0.9
    write_audio(folder / clip_id / "audio.wav", tone.astype(np.float32))
    for name, picture in (("person", person), ("product", product)):
        Image.fromarray(picture).save(folder / clip_id / f"{name}.png")
    return EvaluationClip(_record(clip_id, index), folder, _fields(index))


def _frame(person: np.ndarray, opening: float, hand_y: int, colour: tuple[int, int, int]) -> np.ndarray:
    frame = person.copy()
    frame[14 : 14 + round(4 * opening), 13:19] = (60, 15, 20)
    frame[hand_y - 5 : hand_y, 20:26] = colour
    frame[hand_y : hand_y + 4, 20:26] = (224, 172, 140)
    return frame


def _record(clip_id: str, index: int) -> ClipRecord:
    boxes = {
        t: FrameBoxes(
            face=(8, 4, 23, 19),
            left_hand=(20, 40 - 2 * t, 25, 43 - 2 * t),
            right_hand=(2, 40, 6, 44),
            product=(20, 35 - 2 * t, 25, 39 - 2 * t),
        )
        for t in (2, 6)
    }
    return ClipRecord(
        clip_id=clip_id,
        prompt=f"the person raises product {index}",
        person_id=f"person_{index}",
        product_id=f"product_{index}",
        video=f"{clip_id}/rgb.mp4",
        hoi_video=f"{clip_id}/rgb.mp4",
        audio=f"{clip_id}/audio.wav",
        person_image=f"{clip_id}/person.png",
        product_image=f"{clip_id}/product.png",
        frames=FRAMES,
        frames_per_second=25,
        height=HEIGHT,
        width=WIDTH,
        boxes=boxes,
    )


def _fields(index: int) -> dict[str, torch.Tensor]:
    """Encoded conditions of the right shapes: C=4, T=2, h=6, w=4, L=5, D=8, K=1, A=6, S=8, N=12."""
    draw = torch.Generator().manual_seed(index)
    shapes = {
        "rgb_CThw": (4, 3, 6, 4),
        "hoi_CThw": (4, 2, 6, 4),
        "product_C1hw": (4, 1, 6, 4),
        "text_LD": (5, 8),
        "hoi_text_LD": (5, 8),
        "audio_KAS": (1, 6, 8),
    }
    fields = {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    return {**fields, "regions_N": torch.randint(0, 3, (12,), generator=draw, dtype=torch.uint8)}
