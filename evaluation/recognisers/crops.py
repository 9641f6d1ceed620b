"""Where face and mouth are cut out for the recognisers: at the true face, which the studio never moves.

Shape legend: T frames, H W pixels, S side of a crop, D = 3 S S values of a crop.
"""

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.seen import FACE

FACE_SIDE, MOUTH_SIDE = 20, 12
AROUND = 0.35  # of the face's size: hair and neck tell persons apart too
MOUTH_ROWS, MOUTH_COLUMNS = (0.55, 1.0), (0.2, 0.8)  # of the face box
Cut = tuple[slice, slice]
Face = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels, these two exclusive."""


def face_box(kinds_THW: NDArray[np.uint8]) -> Face:
    """x1, y1, x2, y2 (exclusive) of the face, as most frames show it.

    Raises:
        ValueError: no frame shows a face.
    """
    boxes = [_box(kinds_HW == FACE) for kinds_HW in kinds_THW]
    seen = [box for box in boxes if box is not None]
    if not seen:
        raise ValueError("no frame of the clip shows a face: no person can be recognised in it")
    x1, y1, x2, y2 = (int(side) for side in np.median(np.array(seen), axis=0))
    return x1, y1, x2, y2


def face_crops(frames_THW3: NDArray[np.uint8], face: Face) -> NDArray[np.float64]:
    """Face and hair [T,D], -1..1."""
    x1, y1, x2, y2 = face
    dx, dy = round(AROUND * (x2 - x1)), round(AROUND * (y2 - y1))
    return _resized(frames_THW3, (slice(max(0, y1 - dy), y2 + dy), slice(max(0, x1 - dx), x2 + dx)), FACE_SIDE)


def mouth_crops(frames_THW3: NDArray[np.uint8], face: Face) -> NDArray[np.float64]:
    """Lower face [T,D], -1..1."""
    x1, y1, x2, y2 = face
    rows = slice(*(y1 + round(share * (y2 - y1)) for share in MOUTH_ROWS))
    columns = slice(*(x1 + round(share * (x2 - x1)) for share in MOUTH_COLUMNS))
    return _resized(frames_THW3, (rows, columns), MOUTH_SIDE)


def _resized(frames_THW3: NDArray[np.uint8], cut: Cut, side: int) -> NDArray[np.float64]:
    import cv2

    pieces = [cv2.resize(frame[cut], (side, side), interpolation=cv2.INTER_AREA) for frame in frames_THW3]
    return np.stack(pieces).reshape(len(pieces), -1) / 127.5 - 1


def _box(shown_HW: NDArray[np.bool_]) -> Face | None:
    rows, columns = np.nonzero(shown_HW)
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
