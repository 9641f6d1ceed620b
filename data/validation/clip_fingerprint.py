"""What a clip looks like and how it moves, small enough to compare every clip with every other: near-duplicates.

A fingerprint is 8 frames of 8x8 colours. Two clips are alike where both their mean picture and their changes over time
correlate: a copy that was encoded again, made lighter, scaled or cropped a little correlates in both, two takes of the
same person in the same room only in the first, two people who make the same gesture only in the second.
"""

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# N clips, M others, F frames, D values
FRAMES, SIDE = 8, 8
STILL = 0.5  # mean change in grey levels below which a clip does not move: its changes are the codec's
BLOCK = 2048  # clips compared at once
Matrix = NDArray[np.float32]


def fingerprint(rgb_THWC: NDArray[np.uint8]) -> str:
    """The fingerprint of a clip, as text."""
    chosen = np.linspace(0, len(rgb_THWC) - 1, FRAMES).round().astype(int)
    small = [Image.fromarray(rgb_THWC[frame]).resize((SIDE, SIDE), Image.Resampling.BOX) for frame in chosen]
    return base64.b64encode(np.stack([np.asarray(picture) for picture in small]).tobytes()).decode()


class Fingerprints:
    """The fingerprints of N clips, ready to be compared."""

    def __init__(self, fingerprints: Sequence[str]) -> None:
        whole = b"".join(base64.b64decode(text) for text in fingerprints)
        looks_NFD = np.frombuffer(whole, np.uint8).reshape(len(fingerprints), FRAMES, -1).astype(np.float32)
        mean_ND = looks_NFD.mean(axis=1)
        change_ND = (looks_NFD - mean_ND[:, None]).reshape(len(looks_NFD), -1)
        self.look_ND = _unit(mean_ND - mean_ND.mean(axis=1, keepdims=True))
        self.motion_ND = _unit(change_ND)
        self.still_N = np.abs(change_ND).mean(axis=1) < STILL

    def __len__(self) -> int:
        return len(self.still_N)

    def alike(self, others: "Fingerprints", least: float) -> tuple[NDArray[np.intp], NDArray[np.intp], Matrix]:
        """Every pair (clip of these, clip of the others, similarity) that is at least so similar."""
        blocks = [self._block(start, others, least) for start in range(0, len(self), BLOCK)]
        first, second, similarity = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return first, second, similarity

    def _block(self, start: int, others: "Fingerprints", least: float) -> tuple[NDArray[np.intp], ...]:
        look_NM = self.look_ND[start : start + BLOCK] @ others.look_ND.T
        first, second = np.nonzero(look_NM >= least)
        motion = np.empty(len(first), np.float32)
        for part in range(0, len(first), BLOCK):
            one, other = first[part : part + BLOCK] + start, second[part : part + BLOCK]
            motion[part : part + BLOCK] = (self.motion_ND[one] * others.motion_ND[other]).sum(axis=1)
        motion[self.still_N[first + start] & others.still_N[second]] = 1.0
        similarity = np.minimum(look_NM[first, second], motion)
        kept = similarity >= least
        return first[kept] + start, second[kept], similarity[kept]


def nearest(fingerprints: Sequence[str], least: float) -> tuple[Matrix, NDArray[np.intp]]:
    """For each clip how similar the most similar other one is, and which; 0 and -1 where none is that similar."""
    known = Fingerprints(fingerprints)
    first, second, similarity = known.alike(known, least)
    others = first != second
    first, second, similarity = first[others], second[others], similarity[others]
    nearest_N, which_N = np.zeros(len(known), np.float32), np.full(len(known), -1)
    order = np.argsort(similarity, kind="stable")  # the most similar is written last
    nearest_N[first[order]], which_N[first[order]] = similarity[order], second[order]
    return nearest_N, which_N


def _unit(rows_ND: Matrix) -> Matrix:
    return rows_ND / np.maximum(np.linalg.norm(rows_ND, axis=1, keepdims=True), 1e-6)
