"""Damages: functions of a clip, another clip and frames to frames. Frame 0, the reference, stays.

Shape legend: T frames, H W pixels.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import Frames, MeasuredClip, given
from evaluation.measuring.seen import HAND, PRODUCT

Mask = NDArray[np.bool_]
Damage = Callable[[MeasuredClip, MeasuredClip, Frames], Frames]
"""The clip, another one of the exam, frames uint8 [T,H,W,3] of the clip -> the frames damaged."""
WIDE = 3.0  # how wide one pixel of a hand's surroundings is taken along


def hands_moved(pixels: int, share: float) -> Damage:
    """Both hands that many pixels aside, in this share of the frames."""

    def damage(clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        out = frames_THW3.copy()
        hand_THW = given(clip.exact).kinds_THW == HAND
        angle = sum(clip.clip_id.encode())
        shift = round(pixels * np.sin(angle)), round(pixels * np.cos(angle))
        for frame in some_frames(len(out), share):
            out[frame] = _moved(frames_THW3[frame], hand_THW[frame], shift)
        return out

    return damage


def product_inverted(clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
    """The product's colours turned into their opposites, in every frame."""
    product_THW1 = (given(clip.exact).kinds_THW == PRODUCT)[..., None]
    return np.where(product_THW1, 255 - frames_THW3, frames_THW3)


def product_swapped(clip: MeasuredClip, other: MeasuredClip, frames_THW3: Frames) -> Frames:
    """The other clip's product at this one's place, cut to its outline."""
    out, picture = frames_THW3.copy(), cropped_product(given(other.product))
    for frame, mask_HW in enumerate(given(clip.exact).kinds_THW == PRODUCT):
        if frame and mask_HW.any():
            out[frame] = pasted(out[frame], picture, mask_HW)
    return out


def mouth_late(frames: int) -> Damage:
    """The lower face as it was that many frames ago."""

    def damage(clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        x1, y1, x2, y2 = given(clip.exact).face
        out = frames_THW3.copy()
        rows, columns = slice((y1 + y2) // 2, y2), slice(x1, x2)
        earlier = np.maximum(np.arange(len(out)) - frames, 1)
        open_T = given(clip.exact).covered_T < 0.03
        for frame in range(1, len(out)):
            if open_T[frame] and open_T[earlier[frame]]:
                out[frame, rows, columns] = frames_THW3[earlier[frame], rows, columns]
        return out

    return damage


def third_hand(share: float) -> Damage:
    """A copy of a hand on the person's belly or beside it, in this share of the frames."""

    def damage(clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        out, kinds_THW = frames_THW3.copy(), given(clip.exact).kinds_THW
        for frame in some_frames(len(out), share):
            hand_HW = kinds_THW[frame] == HAND
            copy_HW = _largest(hand_HW)
            if copy_HW.any():
                out[frame] = _copied(out[frame], copy_HW, _free_place(hand_HW | (kinds_THW[frame] == PRODUCT), copy_HW))
        return out

    return damage


def other_face(upside_down: bool = False) -> Damage:
    """The other person's head where this one's is."""

    def damage(clip: MeasuredClip, other: MeasuredClip, frames_THW3: Frames) -> Frames:
        x1, y1, x2, y2 = given(clip.exact).face
        piece = given(other.person)[y1:y2, x1:x2]
        out = frames_THW3.copy()
        out[1:, y1:y2, x1:x2] = piece[::-1] if upside_down else piece
        return out

    return damage


def flicker(gain: float) -> Damage:
    """Every other frame brighter by this share."""

    def damage(_clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        out = frames_THW3.astype(np.float64)
        out[2::2] *= 1 + gain
        return out.clip(0, 255).round().astype(np.uint8)

    return damage


def noisy(spread: float, share: float) -> Damage:
    """Noise of this spread (of 255) in this share of the frames."""

    def damage(clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        out = frames_THW3.copy()
        random = np.random.default_rng(len(clip.clip_id))
        for frame in some_frames(len(out), share):
            noise = random.normal(0, spread, out[frame].shape)
            out[frame] = (out[frame] + noise).clip(0, 255).round().astype(np.uint8)
        return out

    return damage


def noise_around_face(clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
    """Every frame without boxes is noise but for the face: no metric of the boxes' frames alone sees it."""
    x1, y1, x2, y2 = given(clip.exact).face
    out = frames_THW3.copy()
    random = np.random.default_rng(1)
    for frame in (frame for frame in range(1, len(out)) if frame % 4 != 2):
        out[frame] = random.integers(0, 256, out[frame].shape, dtype=np.uint8)
        out[frame, y1:y2, x1:x2] = frames_THW3[frame, y1:y2, x1:x2]
    return out


def frozen(frames: int) -> Damage:
    """The picture stands still for so many frames, in the middle of the clip."""

    def damage(_clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        out, start = frames_THW3.copy(), len(frames_THW3) // 2 - frames // 2
        out[start + 1 : start + 1 + frames] = out[start]
        return out

    return damage


def reversed_time(_clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
    """The last frame first."""
    return np.concatenate([frames_THW3[:1], frames_THW3[:0:-1]])


def drifting(levels: float) -> Damage:
    """The whole picture grows brighter, by so many levels of 255 at its end."""

    def damage(_clip: MeasuredClip, _: MeasuredClip, frames_THW3: Frames) -> Frames:
        ramp_T = np.linspace(0, levels, len(frames_THW3))[:, None, None, None]
        return (frames_THW3 + ramp_T).clip(0, 255).round().astype(np.uint8)

    return damage


def cut_to_other(_clip: MeasuredClip, other: MeasuredClip, frames_THW3: Frames) -> Frames:
    """From the middle on, the other clip."""
    half = len(frames_THW3) // 2
    return np.concatenate([frames_THW3[:half], given(other.truth)[half:]])


def some_frames(frames: int, share: float) -> Sequence[int]:
    """Which frames but the first, evenly spread: at least one."""
    count = max(1, round(share * (frames - 1)))
    return sorted({1 + int(place) for place in (np.arange(count) + 0.5) * (frames - 1) / count})


def cropped_product(product_HW3: Frames) -> Frames:
    """The picture of a product without its white ground around it."""
    rows, columns = np.nonzero((product_HW3 < 245).any(axis=-1))
    return product_HW3[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] if len(rows) else product_HW3


def pasted(frame_HW3: Frames, picture_hw3: Frames, mask_HW: Mask) -> Frames:
    """The picture stretched over the mask's box, shown where the mask is."""
    import cv2

    rows, columns = np.nonzero(mask_HW)
    cut = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    size = (cut[1].stop - cut[1].start, cut[0].stop - cut[0].start)
    stretched = cv2.resize(picture_hw3, size, interpolation=cv2.INTER_AREA)
    out = frame_HW3.copy()
    out[cut] = np.where(mask_HW[cut][..., None], stretched, out[cut])
    return out


def _moved(frame_HW3: Frames, mask_HW: Mask, shift: tuple[int, int]) -> Frames:
    """What the mask shows, moved; what was behind it is painted in from its surroundings."""
    import cv2

    behind = cv2.inpaint(np.ascontiguousarray(frame_HW3), mask_HW.astype(np.uint8), WIDE, cv2.INPAINT_TELEA)
    return _over(np.asarray(behind, np.uint8), frame_HW3, mask_HW, shift)


def _copied(frame_HW3: Frames, mask_HW: Mask, shift: tuple[int, int]) -> Frames:
    return _over(frame_HW3, frame_HW3, mask_HW, shift)


def _over(ground_HW3: Frames, frame_HW3: Frames, mask_HW: Mask, shift: tuple[int, int]) -> Frames:
    out = ground_HW3.copy()
    y_N, x_N = np.nonzero(mask_HW)
    to_y, to_x = y_N + shift[0], x_N + shift[1]
    inside = (to_y >= 0) & (to_y < len(out)) & (to_x >= 0) & (to_x < out.shape[1])
    out[to_y[inside], to_x[inside]] = frame_HW3[y_N[inside], x_N[inside]]
    return out


def _largest(mask_HW: Mask) -> Mask:
    from scipy.ndimage import label

    labels_HW = np.asarray(label(mask_HW)[0])  # pyright: ignore[reportIndexIssue] - a pair, unless output is given
    sizes = [(labels_HW == one).sum() for one in range(1, int(labels_HW.max()) + 1)]
    return labels_HW == 1 + int(np.argmax(sizes)) if sizes else mask_HW


def _free_place(taken_HW: Mask, copy_HW: Mask) -> tuple[int, int]:
    """The shift that puts a copy on whichever of a few places is furthest from all that is taken."""
    height, width = taken_HW.shape
    centre = np.argwhere(copy_HW).mean(axis=0)
    taken = np.argwhere(taken_HW)
    places = [(0.5, 0.5), (0.62, 0.35), (0.62, 0.65), (0.35, 0.12), (0.35, 0.88)]
    spots = [np.array([y * height, x * width]) for y, x in places]
    best = max(spots, key=lambda spot: float(np.linalg.norm(taken - spot, axis=1).min()))
    down, right = np.rint(best - centre).astype(int)
    return int(down), int(right)
