"""The studio's recognisers together: what they see in a video, and how they are kept.

Shape legend: T frames, H W pixels.
"""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from evaluation.measuring.clip import Frames
from evaluation.measuring.seen import Seen
from evaluation.recognisers.crops import Face, face_crops, mouth_crops
from evaluation.recognisers.faces import FaceSpace
from evaluation.recognisers.mouths import MouthReader
from evaluation.recognisers.one_thread import one_thread
from evaluation.recognisers.part_map import PartMap, map_parts
from evaluation.recognisers.receipt import FittedRecognisers

VERSION = 1  # raise it whenever what is fitted, or on what, changes


@dataclass(frozen=True)
class Recognisers:
    """Fitted once for an exam, on training clips."""

    part_map: PartMap
    faces: FaceSpace
    mouths: MouthReader

    def look(self, frames_THW3: Frames, person_HW3: Frames, face: Face) -> Seen:
        """What is seen in a video of the person whose reference is given, and whose face is there."""

        def map_all() -> NDArray[np.uint8]:
            with one_thread():
                return map_parts(self.part_map, torch.tensor(frames_THW3), torch.tensor(person_HW3)).numpy()

        crops_TD, person_1D = face_crops(frames_THW3, face), face_crops(person_HW3[None], face)
        mouth_T = self.mouths.opening(mouth_crops(frames_THW3, face), mouth_crops(person_HW3[None], face)[0])
        return Seen(
            map_parts=map_all,
            mouth_T=mouth_T,
            faces_TD=self.faces.describe(crops_TD),
            person_D=self.faces.describe(person_1D)[0],
            face_odd_T=self.faces.oddness(crops_TD),
        )

    def save(self, file: Path) -> None:
        """All that was fitted, as one safetensors file."""
        tensors = {f"part_map.{name}": value.contiguous() for name, value in self.part_map.state_dict().items()}
        for part in ("faces", "mouths"):
            fitted = getattr(self, part)
            tensors |= {
                f"{part}.{field.name}": torch.tensor(np.array(getattr(fitted, field.name), order="C"))
                for field in fields(fitted)
            }
        save_file(tensors, file, metadata={"version": str(VERSION)})


@dataclass(frozen=True)
class RecognisersInFile:
    """The same by the name of their file, so that they cross to another process: each loads them once."""

    file: str

    def look(self, frames_THW3: Frames, person_HW3: Frames, face: Face) -> Seen:
        """As Recognisers.look."""
        return load_recognisers(self.file).look(frames_THW3, person_HW3, face)


@cache
def load_recognisers(file: str) -> Recognisers:
    """What `Recognisers.save` wrote."""
    of: dict[str, dict[str, torch.Tensor]] = {"part_map": {}, "faces": {}, "mouths": {}}
    for name, value in load_file(file).items():
        part, _, field = name.partition(".")
        of[part][field] = value
    network = PartMap()
    network.load_state_dict(of["part_map"])
    faces = {name: value.numpy() for name, value in of["faces"].items()}
    residual = float(faces.pop("residual"))
    return Recognisers(
        network.eval().requires_grad_(False),
        FaceSpace(**faces, residual=residual),
        MouthReader(**{name: value.numpy() for name, value in of["mouths"].items()}),
    )


def fitted(receipt: FittedRecognisers) -> RecognisersInFile | None:
    """What a receipt is of; None where there was nothing to fit on."""
    return RecognisersInFile(receipt.file) if receipt.file else None
