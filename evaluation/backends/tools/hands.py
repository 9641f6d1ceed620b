"""Hands by MediaPipe (Apache-2.0): how many are seen, and how sure its landmark network is that each is a hand.

MediaPipe's own answer hides the network's presence score, so the network is asked again, by LiteRT, on an upright crop
of each hand that was found. Confidence of a frame: the two surest hands' presence, added and halved; 0 without a hand.

Shape legend: T frames, K = 21 landmarks.
"""

from importlib import import_module
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from data.annotators.offline.weights import package_folder
from data.annotators.offline.windows import Window, tiles
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
INPUTS = ("video",)
NETWORK = "hand_landmark/hand_landmark_full.tflite"
PALMS = "palm_detection/palm_detection_full.tflite"
WINDOW_PIXELS, CROP_PIXELS = 384, 224
LOOKS = 6  # frames on which the best window is chosen
WRIST, MIDDLE = 0, 9
CROP_SIDES = 2.0  # of the hand's longer side
PRESENCE = 1  # which of the network's outputs
Hand = NDArray[np.float32]  # [K,2] in the frame's pixels


class Hands:
    """See Backend."""

    def __init__(self) -> None:
        self.modules = package_folder("mediapipe") / "modules"
        self.solutions: Any = import_module("mediapipe").solutions
        self.network = Interpreter(model_path=str(self.modules / NETWORK), num_threads=1)
        self.network.allocate_tensors()
        self.input = self.network.get_input_details()[0]["index"]
        self.output = self.network.get_output_details()[PRESENCE]["index"]

    @property
    def measured_by(self) -> MeasuredBy:
        files = [self.modules / NETWORK, self.modules / PALMS]
        return measured_by("MediaPipe hands", ("mediapipe", "ai-edge-litert"), "Apache-2.0", files)

    def measure(self, video: Video) -> Answer:
        found = self.find(video.frames)
        pairs = zip(video.frames, found, strict=True)
        presence = [sorted((self.presence(frame, hand) for hand in hands), reverse=True)[:2] for frame, hands in pairs]
        if not any(presence):
            raise ValueError(f"no hand was found in any of {len(found)} frames")
        most = max(map(len, found))
        remark = f"shows up to {most} hands at once: of each frame, the two surest count"
        return Answer(
            notes={"hand_confidence": remark} if most > 2 else {},
            per_frame={
                "hand_confidence": [sum(one) / 2 for one in presence],
                "hand_presence": [float(np.mean(one)) if one else None for one in presence],
                "hands_seen": [float(len(hands)) for hands in found],
            },
        )

    def presence(self, rgb_HWC: Frames, hand_K2: Hand) -> float:
        """How sure the landmark network is that an upright crop shows a hand, 0..1."""
        self.network.set_tensor(self.input, upright(rgb_HWC, hand_K2)[None].astype(np.float32) / 255)
        self.network.invoke()
        return float(self.network.get_tensor(self.output).item())

    def find(self, rgb_THWC: Frames) -> list[list[Hand]]:
        """Every frame's hands, looked for in the one window of the frame that shows most of them."""
        options = {"static_image_mode": True, "max_num_hands": 4, "min_detection_confidence": 0.3}
        some = np.linspace(0, len(rgb_THWC) - 1, min(LOOKS, len(rgb_THWC))).astype(int)
        with self.solutions.hands.Hands(**options) as model:
            windows = tiles(*rgb_THWC.shape[1:3])
            seen = [sum(len(_hands(model, rgb_THWC[frame], window)) for frame in some) for window in windows]
            best = windows[int(np.argmax(seen))]
            return [_hands(model, rgb_HWC, best) for rgb_HWC in rgb_THWC]


def build(_: object) -> Hands:
    return Hands()


def _hands(model: Any, rgb_HWC: Frames, window: Window) -> list[Hand]:
    found = model.process(window.cut(rgb_HWC, WINDOW_PIXELS)).multi_hand_landmarks or []
    return [window.to_frame(np.array([(one.x, one.y) for one in hand.landmark], np.float32)) for hand in found]


def upright(rgb_HWC: Frames, hand_K2: Hand) -> Frames:
    """The hand with its middle finger upward, in a square [224,224,3]."""
    direction = hand_K2[MIDDLE] - hand_K2[WRIST]
    angle = float(np.degrees(np.arctan2(direction[1], direction[0]))) + 90
    centre = hand_K2.mean(axis=0)
    side = CROP_SIDES * max(float(np.ptp(hand_K2, axis=0).max()), 8.0)
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, CROP_PIXELS / side)
    matrix[:, 2] += CROP_PIXELS / 2 - centre
    return np.asarray(cv2.warpAffine(rgb_HWC, matrix, (CROP_PIXELS, CROP_PIXELS), flags=cv2.INTER_LINEAR), np.uint8)
