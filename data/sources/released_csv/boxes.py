"""The box cells of the released CSV: JSON of pixel boxes by frame.

`face` = {"frame_2": [x1, y1, x2, y2], ...}, `hand_object` = {"frame_2": {"l_h": [...], "r_h": ..., "obj": ...}, ...}.
The guide counts latent frames (frame_0 .. frame_19), the code reads pixel frames (2, 6, 10 ...): which of the two a
batch means is declared as `time_map`, and the keys must agree with it.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from data.clips.region_boxes import FIRST_FRAME, FRAME_STEP, expected_frames
from data.contracts import FrameBoxes
from data.sources.released_csv import ReleasedCsvBatch
from foundation.clip_format import Box
from foundation.failures import ClipError, refuse

KEY = re.compile(r"^frame_(\d+)$")
PARTS = {"l_h": "left_hand", "r_h": "right_hand", "obj": "product"}


@dataclass(frozen=True)
class BoxReader:
    """Reads the two box cells of one clip."""

    clip_id: str
    config: ReleasedCsvBatch
    frames: int
    height: int
    width: int

    def read(self, face_cell: str, hand_object_cell: str) -> dict[int, FrameBoxes]:
        """pixel frame -> boxes.

        Raises:
            ClipError: malformed JSON, a key or box of another form, another time base, an undeclared empty box.
        """
        faces = self._by_frame("face", face_cell)
        others = self._by_frame("hand_object", hand_object_cell)
        return {
            frame: FrameBoxes(
                face=self._box("face", frame, faces.get(frame)), **self._parts(frame, others.get(frame, {}))
            )
            for frame in sorted(faces.keys() | others.keys())
        }

    def _by_frame(self, field: str, cell: str) -> dict[int, Any]:
        try:
            frames = json.loads(cell)
        except json.JSONDecodeError as error:
            raise self._refuse(field, cell[:40], f"is JSON ({error})", "mend the cell") from error
        if not isinstance(frames, dict):
            raise self._refuse(field, cell[:40], "is a JSON object of frames", 'write {"frame_2": ...}')
        numbers = {key: KEY.match(key) for key in frames}
        if wrong := [key for key, match in numbers.items() if match is None]:
            raise self._refuse(field, wrong[0], "keys are frame_N", "rename the key")
        return self._on_pixel_frames(field, {int(match[1]): frames[key] for key, match in numbers.items() if match})

    def _on_pixel_frames(self, field: str, boxes: dict[int, Any]) -> dict[int, Any]:
        expected = expected_frames(self.frames)
        if self.config.time_map == "latent_frames":
            if boxes and max(boxes) >= len(expected):
                raise self._refuse(
                    field,
                    f"frame_{max(boxes)}",
                    f"latent frames are 0..{len(expected) - 1}",
                    "set `time_map: pixel_frames` for the batch in conf/data",
                )
            return {FIRST_FRAME + FRAME_STEP * number: parts for number, parts in boxes.items()}
        if strange := sorted(set(boxes) - set(expected)):
            latent = max(boxes) < len(expected)
            raise self._refuse(
                field,
                f"frame_{strange[0]}",
                f"boxes sit on pixel frames {expected[0]}, {expected[1]} ... {expected[-1]}",
                "these look like latent frames: set `time_map: latent_frames` for the batch in conf/data"
                if latent
                else "annotate those frames",
            )
        return boxes

    def _parts(self, frame: int, parts: Any) -> dict[str, Box | None]:
        if not isinstance(parts, dict) or not set(parts) <= set(PARTS):
            raise self._refuse("hand_object", f"frame_{frame}: {parts}", "holds l_h, r_h and obj", "mend the cell")
        return {name: self._box("hand_object", frame, parts.get(key)) for key, name in PARTS.items()}

    def _box(self, field: str, frame: int, box: Any) -> Box | None:
        if box is None or (box == [] and self.config.empty_hand_box == "absent" and field == "hand_object"):
            return None
        if box == []:
            fix = (
                "annotate it, or, if it means absent, add `empty_hand_box: absent` to the batch in conf/data"
                if field == "hand_object"
                else "annotate it or leave the frame out"
            )
            raise self._refuse(field, f"frame_{frame}: []", "a box has four numbers", fix)
        if not isinstance(box, list) or len(box) != 4 or not all(_is_number(edge) for edge in box):
            raise self._refuse(field, f"frame_{frame}: {box}", "a box has four numbers", "write [x1, y1, x2, y2]")
        x1, y1, x2, y2 = (round(edge) for edge in box)
        return x1, y1, x2, y2

    def _refuse(self, field: str, value: str, rule: str, fix: str) -> ClipError:
        return refuse(self.clip_id, field, value, rule, fix)


def _is_number(edge: Any) -> bool:
    return isinstance(edge, int | float) and not isinstance(edge, bool) and edge == edge and abs(edge) < 1e6
