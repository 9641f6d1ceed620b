"""What a metric can know of one clip beside the frames it measures. Imports neither torch nor any image library.

Shape legend: T frames, A annotated frames, H W pixels, S audio samples, K = 2 hands (left, right), 2 = x, y.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.measuring.seen import Exact, Seen

T = TypeVar("T")
Frames = NDArray[np.uint8]  # [T,H,W,3] RGB, or one picture [H,W,3]
LocateHands = Callable[[Frames], NDArray[np.floating]]
"""Frames [A,H,W,3] -> hand centres [A,K,2] in their pixels."""
GENERATED = slice(1, None)  # frame 0 of everything generated shows the person reference: no metric looks at it

REMEMBERED = 64  # values a clip keeps for its videos

Need = Literal[
    "truth",
    "boxes",
    "sound",
    "person",
    "product",
    "hand_locator",
    "network",
    "hoi_stream",
    "experts",
    "exact",
    "recognise",
]
NEEDS: dict[Need, str] = {
    "truth": "the true clip",
    "boxes": "the boxes of face, hands and product",
    "sound": "the clip's sound",
    "person": "the picture of the person",
    "product": "the picture of the product",
    "hand_locator": "a hand locator, which an evaluation fits on training clips",
    "network": "the network itself, not only its videos",
    "hoi_stream": "the network with its HOI stream",
    "experts": "a network with experts",
    "exact": "a clip of the studio, of which every pixel is known",
    "recognise": "recognisers, which an evaluation fits on the studio's training clips",
}


@dataclass(frozen=True)
class MeasuredClip:
    """One clip as metrics see it. None: not known, and metrics that need it are not measured on this clip."""

    clip_id: str
    frames_per_second: float = 25.0
    product_id: str = ""  # clips of one product count as one in retrieval
    person_id: str = ""  # the same for persons
    truth: Frames | None = None
    boxes: Mapping[int, FrameBoxes] | None = None  # of the true clip: frame -> boxes in its pixels
    sound: tuple[NDArray[np.float32], int] | None = None  # samples [S] in -1..1, how many there are a second
    person: Frames | None = None
    product: Frames | None = None
    hand_locator: LocateHands | None = None
    network: NetworkAnswer | None = None
    exact: Exact | None = None
    recognise: Callable[[Frames], Seen] | None = None  # frames of one video of this clip [T,H,W,3]
    memory: dict[tuple[str, int], tuple[Frames, Any]] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, frames: Frames, compute: Callable[[Frames], T]) -> T:
        """`compute(frames)`, or what it gave for the very same array before: several metrics need it."""
        key = (name, id(frames))
        known = self.memory.pop(key, None)
        if known is None or known[0] is not frames:
            known = (frames, compute(frames))
        while len(self.memory) >= REMEMBERED:
            del self.memory[next(iter(self.memory))]
        self.memory[key] = known  # last again: what is asked for again and again is not forgotten
        return known[1]

    def __getstate__(self) -> dict[str, Any]:
        """What crosses to another process: all but the memory."""
        return {**self.__dict__, "memory": {}}

    def seen(self, frames: Frames) -> Seen:
        """What the recognisers see in these frames."""
        return self.once("seen", frames, given(self.recognise))

    def has(self, need: Need) -> bool:
        """Whether a metric that needs this can be measured."""
        if need == "hoi_stream":
            return self.network is not None and self.network.hoi_error is not None
        if need == "experts":
            return self.network is not None and len(self.network.picks_MIN) > 0
        return getattr(self, need) is not None


def given(value: T | None) -> T:
    """What a metric's `needs` promises to be there."""
    assert value is not None
    return value
