"""Fit Anny to a pose track by gradient descent: one shape for the clip, rotations and a place for every frame.

The camera is a pinhole with a fixed focal length, level and in front of the person. Landmarks pull as far as they are
trusted; where they do not, a rest pose and the neighbouring frames do. All frames are fitted at once.

Shape legend: T frames, P moved bones, K landmarks (59), V vertices.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from data.annotators.contracts import PoseTrack
from data.annotators.offline.anny_rig import MOVED, AnnyRig

FOCAL_SHARE = 1.2  # focal length over the longer side of the picture: a phone's main camera, held upright
TORSO_METRES = 0.5  # shoulders to hips, for the first guess of the distance
BODY_TRUST, FACE_TRUST, HAND_TRUST = 1.0, 1.0, 0.4
REST, SMOOTH, PLACE_SMOOTH, SHAPE = 0.004, 0.05, 2.0, 0.02
REST_OF = {"root": 0.2, "clavicle": 6.0, "spine": 4.0, "neck": 3.0, "wrist": 1.5, "upperleg": 2.0, "lowerleg": 2.0}
OUTLIER = 0.08  # residuals beyond this share of the torso pull less and less
IN_FRONT = 0.5  # how strongly hands stay in front of the shoulders' plane
LEARNING_RATE = 0.06


@dataclass(frozen=True)
class FittedBody:
    """Vertices in the picture, and their depth. Frames on which no body was seen are in `seen_T` as False."""

    pixels_TV2: Tensor
    metres_TV3: Tensor  # camera axes: x right, y down, z away
    seen_T: Tensor


@dataclass(frozen=True)
class Camera:
    height: int
    width: int

    @property
    def focal(self) -> float:
        return FOCAL_SHARE * max(self.height, self.width)

    def project(self, metres_TK3: Tensor) -> Tensor:
        """Camera axes -> pixels."""
        centre = torch.tensor([self.width / 2, self.height / 2])
        return self.focal * metres_TK3[..., :2] / metres_TK3[..., 2:].clamp(min=0.1) + centre

    def axes(self, metres_TK3: Tensor) -> Tensor:
        """The body's axes (x left, y backwards, z up) -> the camera's (x right, y down, z away)."""
        return torch.stack([metres_TK3[..., 0], -metres_TK3[..., 2], metres_TK3[..., 1]], dim=-1)


def fit_body(rig: AnnyRig, pose: PoseTrack, camera: Camera, iterations: int) -> FittedBody | None:
    """The body in every frame; None where no frame shows shoulders."""
    seen_TK3 = torch.from_numpy(np.concatenate([pose.body_TK3, pose.left_hand_TK3, pose.right_hand_TK3], axis=1))
    trust_TK = seen_TK3[..., 2] * torch.tensor([FACE_TRUST] * 5 + [BODY_TRUST] * 12 + [HAND_TRUST] * 42)
    torso = torso_pixels(seen_TK3)
    if torso is None:
        return None
    turns_TP3 = torch.zeros(len(seen_TK3), len(MOVED), 3, requires_grad=True)
    place_T3 = first_place(seen_TK3, camera, torso).requires_grad_()
    shape_S = torch.zeros(rig.shape_size, requires_grad=True)
    optimizer = torch.optim.Adam([turns_TP3, place_T3, shape_S], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, iterations, eta_min=LEARNING_RATE / 20)
    for _ in range(iterations):
        rest_V3, heads_J3 = rig.rest(torch.sigmoid(shape_S))
        turn_TJ33, at_TJ3 = rig.pose(heads_J3, turns_TP3, place_T3)
        landmarks_TK3 = rig.landmarks(rest_V3, heads_J3, turn_TJ33, at_TJ3)
        missed_TK = (camera.project(camera.axes(landmarks_TK3)) - seen_TK3[..., :2]).norm(dim=-1) / torso
        pull = (trust_TK * robust(missed_TK)).sum() / trust_TK.sum()
        loss = pull + habits(turns_TP3, place_T3, shape_S) + behind(landmarks_TK3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        rest_V3, heads_J3 = rig.rest(torch.sigmoid(shape_S))
        metres_TV3 = camera.axes(rig.vertices(rest_V3, heads_J3, *rig.pose(heads_J3, turns_TP3, place_T3)))
    return FittedBody(camera.project(metres_TV3), metres_TV3, (seen_TK3[:, 5:17, 2] > 0).any(dim=1))


def robust(missed_TK: Tensor) -> Tensor:
    """Quadratic when near, flat when far (Geman-McClure), in units of OUTLIER."""
    squared = (missed_TK / OUTLIER) ** 2
    return squared / (1 + squared / 16)


def habits(turns_TP3: Tensor, place_T3: Tensor, shape_S: Tensor) -> Tensor:
    """What a body does where no landmark shows it: rest, move smoothly, have a common shape."""
    weight_P = torch.tensor([rest_weight(name) for name in MOVED])
    rest = (weight_P * turns_TP3.square().sum(dim=-1)).sum(dim=1).mean()
    smooth = (turns_TP3[1:] - turns_TP3[:-1]).square().sum(dim=(1, 2)).sum() / len(turns_TP3)
    place = (place_T3[1:] - place_T3[:-1]).square().sum() / len(place_T3)
    return REST * rest + SMOOTH * smooth + PLACE_SMOOTH * place + SHAPE * shape_S.square().sum()


def rest_weight(bone: str) -> float:
    return next((weight for start, weight in REST_OF.items() if bone.startswith(start)), 1.0)


def behind(landmarks_TK3: Tensor) -> Tensor:
    """How far wrists are behind the shoulders: one picture cannot tell, people who show things do not do it."""
    return IN_FRONT * torch.relu(landmarks_TK3[:, 9:11, 1] - landmarks_TK3[:, 5:7, 1]).square().mean() * 100


def torso_pixels(seen_TK3: Tensor) -> float | None:
    """Median distance from shoulders to hips; where hips are out of the picture, guessed from the shoulders."""
    shoulders = (seen_TK3[:, 5:7, 2] > 0.3).all(dim=1)
    if not shoulders.any():
        return None
    hips = shoulders & (seen_TK3[:, 11:13, 2] > 0.3).all(dim=1)
    if hips.any():
        frames = seen_TK3[hips]
        return float((frames[:, 5:7, :2].mean(1) - frames[:, 11:13, :2].mean(1)).norm(dim=1).median())
    frames = seen_TK3[shoulders]
    return 1.5 * float((frames[:, 5, :2] - frames[:, 6, :2]).norm(dim=1).median())


def first_place(seen_TK3: Tensor, camera: Camera, torso: float) -> Tensor:
    """The root (the hips' middle, at rest 0.5 m below the shoulders) of every frame, from the shoulders' middle."""
    metres = TORSO_METRES / torso
    weight_T = seen_TK3[:, 5:7, 2].min(dim=1).values
    middle_T2 = seen_TK3[:, 5:7, :2].mean(dim=1)
    mean_2 = (weight_T[:, None] * middle_T2).sum(0) / weight_T.sum()
    middle_T2 = torch.where(weight_T[:, None] > 0, middle_T2, mean_2)
    x_T = (middle_T2[:, 0] - camera.width / 2) * metres
    z_T = -((middle_T2[:, 1] - camera.height / 2) * metres) - TORSO_METRES
    return torch.stack([x_T, torch.full_like(x_T, camera.focal * metres), z_T], dim=1)
