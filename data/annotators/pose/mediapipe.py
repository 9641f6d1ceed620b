"""Pose, hands and face by MediaPipe, whose models come inside its package.

A tall frame is looked at in a square window around the person. Hands are looked for in a window at each wrist of the
pose, which tells the left hand from the right: MediaPipe's own label is mostly swapped. Shapes as in the contracts.
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Landmarks, PoseTrack
from data.annotators.offline.tracks import fill_short_gaps, steady
from data.annotators.offline.weights import package_folder, provenance
from data.annotators.offline.windows import Window, around, tiles
from data.contracts import Provenance

WEIGHTS = (
    "pose_detection/pose_detection.tflite",
    "pose_landmark/pose_landmark_full.tflite",
    "palm_detection/palm_detection_full.tflite",
    "hand_landmark/hand_landmark_full.tflite",
    "face_detection/face_detection_short_range.tflite",
    "face_landmark/face_landmark.tflite",
    "face_detection/face_detection_full_range_sparse.tflite",
)
COCO = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]  # of BlazePose's 33
FACE_68 = [  # of the face mesh's 468: jaw, brows, nose, eyes, lips
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87),
]
LEFT_ARM, RIGHT_ARM = (7, 9), (8, 10)  # elbow and wrist in COCO's order
SHOULDERS, HEAD = [5, 6], slice(0, 5)
POSE_PIXELS, FACE_PIXELS, HAND_PIXELS, PEOPLE_PIXELS = 512, 384, 256, 384
HAND_WINDOWS = (1.2, 0.9, 1.8)  # sides to try, in widths of the shoulders
SURE_FACE = 0.75  # a held product reached 0.62, faces 0.84 and more
LEAST_SHOULDERS = 0.08  # of the frame's width: a person seen from the side has narrow shoulders


class MediaPipePose:
    """PoseEstimator."""

    def __init__(self) -> None:
        self.solutions: Any = import_module("mediapipe").solutions

    @property
    def provenance(self) -> Provenance:
        folder = package_folder("mediapipe") / "modules"
        return provenance("MediaPipe", "mediapipe", [folder / name for name in WEIGHTS], "Apache-2.0")

    def estimate(self, rgb_THWC: Frames) -> PoseTrack:
        body_TK3 = self._body(rgb_THWC)
        face_TK3 = self._face(rgb_THWC, body_TK3)
        left_TK3, right_TK3 = self._hands(rgb_THWC, body_TK3)
        return PoseTrack(*(steady(fill_short_gaps(track)) for track in (body_TK3, left_TK3, right_TK3, face_TK3)))

    def people(self, rgb_THWC: Frames) -> int:
        """Faces told apart, on five frames. Who turns away is not counted."""
        frames = np.linspace(0, len(rgb_THWC) - 1, min(5, len(rgb_THWC))).astype(int)
        with self.solutions.face_detection.FaceDetection(model_selection=1) as detector:
            return max(self._faces_told_apart(detector, rgb_THWC[frame]) for frame in frames)

    def _faces_told_apart(self, detector: Any, rgb_HWC: Frames) -> int:
        faces: list[tuple[NDArray[np.float32], float]] = []
        for window in tiles(*rgb_HWC.shape[:2]):
            for face in detector.process(window.cut(rgb_HWC, PEOPLE_PIXELS)).detections or []:
                if face.score[0] < SURE_FACE:  # the model's own threshold is not always kept
                    continue
                box = face.location_data.relative_bounding_box
                centre = window.to_frame(np.array([box.xmin + box.width / 2, box.ymin + box.height / 2], np.float32))
                side = box.width * window.side
                if all(np.linalg.norm(centre - other) > max(side, size) for other, size in faces):
                    faces.append((centre, side))
        return len(faces)

    def _body(self, rgb_THWC: Frames) -> Landmarks:
        window = self._person_window(rgb_THWC)
        body_TK3 = np.zeros((len(rgb_THWC), len(COCO), 3), np.float32)
        if window is None:
            return body_TK3
        with self.solutions.pose.Pose(model_complexity=1) as model:
            for frame, rgb_HWC in enumerate(rgb_THWC):
                landmarks = model.process(window.cut(rgb_HWC, POSE_PIXELS)).pose_landmarks
                if landmarks is not None:
                    body_TK3[frame] = _body_in_frame(landmarks, window, rgb_HWC.shape[:2])
        return body_TK3

    def _person_window(self, rgb_THWC: Frames) -> Window | None:
        """A square around the person of some frames; None where no window of the frame shows one."""
        some_THWC = rgb_THWC[:: max(1, len(rgb_THWC) // 4)]
        with self.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as model:
            for window in tiles(*rgb_THWC.shape[1:3]):
                seen = [model.process(window.cut(rgb_HWC, POSE_PIXELS)).pose_landmarks for rgb_HWC in some_THWC]
                bodies = [_body_in_frame(one, window, rgb_THWC.shape[1:3]) for one in seen if one is not None]
                if bodies:
                    points = np.concatenate(bodies)
                    return _window_of(points[points[:, 2] > 0, :2], rgb_THWC.shape[1:3]) or window
        return None

    def _face(self, rgb_THWC: Frames, body_TK3: Landmarks) -> Landmarks:
        face_TK3 = np.zeros((len(rgb_THWC), len(FACE_68), 3), np.float32)
        with self.solutions.face_mesh.FaceMesh(max_num_faces=1, min_detection_confidence=0.3) as model:
            for frame, (rgb_HWC, body_K3) in enumerate(zip(rgb_THWC, body_TK3, strict=True)):
                head = body_K3[HEAD]
                if not head[:, 2].any():
                    continue
                window = around(head[head[:, 2] > 0, :2].mean(axis=0), 2.2 * _shoulder_width(body_K3, rgb_HWC.shape[1]))
                meshes = model.process(window.cut(rgb_HWC, FACE_PIXELS)).multi_face_landmarks
                if meshes:
                    points_K2 = window.to_frame(_points(meshes[0].landmark))[FACE_68]
                    face_TK3[frame] = np.column_stack([points_K2, np.ones(len(FACE_68))])
        return face_TK3

    def _hands(self, rgb_THWC: Frames, body_TK3: Landmarks) -> tuple[Landmarks, Landmarks]:
        hands_2TK3 = np.zeros((2, len(rgb_THWC), 21, 3), np.float32)
        with self.solutions.hands.Hands(static_image_mode=True, min_detection_confidence=0.2) as model:
            for frame, (rgb_HWC, body_K3) in enumerate(zip(rgb_THWC, body_TK3, strict=True)):
                pair = [_hand_at(model, rgb_HWC, body_K3, arm) for arm in (LEFT_ARM, RIGHT_ARM)]
                hands_2TK3[:, frame] = _not_twice(np.stack(pair), body_K3)
        return hands_2TK3[0], hands_2TK3[1]


def build(_: Tool) -> MediaPipePose:
    return MediaPipePose()


def _points(landmarks: Any) -> NDArray[np.float32]:
    return np.array([(point.x, point.y) for point in landmarks], np.float32)


def _body_in_frame(body: Any, window: Window, size: tuple[int, ...]) -> Landmarks:
    """COCO's 17 in the frame's pixels. The model guesses on beyond the border: there the confidence is 0."""
    points_K2 = window.to_frame(_points(body.landmark))[COCO]
    confidence_K = np.array([body.landmark[index].visibility for index in COCO], np.float32)
    inside_K = ((points_K2 >= 0) & (points_K2 < np.array([size[1], size[0]]))).all(axis=1)
    return np.column_stack([points_K2, confidence_K * inside_K]).astype(np.float32)


def _window_of(points_K2: NDArray[np.float32], size: tuple[int, ...]) -> Window | None:
    """A square with room around the points; None where that is no closer than the whole frame."""
    if not len(points_K2):
        return None
    low, high = points_K2.min(axis=0), points_K2.max(axis=0)
    side = 1.4 * float((high - low).max())
    return around((low + high) / 2, side) if side < max(size) else None


def _shoulder_width(body_K3: Landmarks, frame_width: int) -> float:
    left, right = body_K3[SHOULDERS, :2]
    return max(float(np.linalg.norm(left - right)), LEAST_SHOULDERS * frame_width)


def _hand_at(model: Any, rgb_HWC: Frames, body_K3: Landmarks, arm: tuple[int, int]) -> Landmarks:
    """The hand nearest to an arm's wrist [21,3]; confidence 0 where there is none."""
    (elbow, wrist), shoulders = body_K3[list(arm)], _shoulder_width(body_K3, rgb_HWC.shape[1])
    nothing_K3 = np.zeros((21, 3), np.float32)
    if wrist[2] == 0:
        return nothing_K3
    centre = wrist[:2] + 0.2 * (wrist[:2] - elbow[:2])  # the hand goes on where the forearm ends
    for side in HAND_WINDOWS:
        window = around(centre, side * shoulders)
        hands = model.process(window.cut(rgb_HWC, HAND_PIXELS))
        for points, label in zip(hands.multi_hand_landmarks or [], hands.multi_handedness or [], strict=True):
            points_K2 = window.to_frame(_points(points.landmark))
            distance = np.linalg.norm(points_K2[0] - wrist[:2])
            if distance < 0.5 * shoulders:
                return np.column_stack([points_K2, np.full(21, label.classification[0].score)]).astype(np.float32)
    return nothing_K3


def _not_twice(pair_2K3: Landmarks, body_K3: Landmarks) -> Landmarks:
    """One hand found from both wrists belongs to the nearer one."""
    seen = pair_2K3[:, 0, 2] > 0
    apart = np.linalg.norm(pair_2K3[0, :, :2].mean(axis=0) - pair_2K3[1, :, :2].mean(axis=0))
    size = np.ptp(pair_2K3[0, :, :2], axis=0).max()
    if seen.all() and apart < 0.3 * size:
        distances = np.linalg.norm(pair_2K3[:, 0, :2] - body_K3[[LEFT_ARM[1], RIGHT_ARM[1]], :2], axis=1)
        pair_2K3[int(distances.argmax())] = 0
    return pair_2K3
