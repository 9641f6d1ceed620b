"""Anny's skeleton, as far as landmarks move it: shape parameters and rotations in, landmarks and mesh out.

Every bone turns in the axes of the rest pose (x to the person's left, y backwards, z up; metres), after its parent.
Bones that are not in MOVED keep to their parent. Anny: Apache-2.0, its assets CC0.

Shape legend: T frames, J bones, P moved bones, K landmarks (17 of COCO, then 21 of each hand), V vertices.
"""

import anny
import torch
from roma import rotvec_to_rotmat
from torch import Tensor

HANDS = ("L", "R")
FINGERS = [f"finger{finger}-{joint}" for finger in range(1, 6) for joint in range(1, 4)]
ARM = ("clavicle", "upperarm01", "lowerarm01", "wrist")
LEG = ("upperleg01", "lowerleg01")
TRUNK = ("root", "spine03", "spine01", "neck01", "head")
MOVED = [*TRUNK, *(f"{bone}.{side}" for side in HANDS for bone in (*ARM, *LEG, *FINGERS))]
FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")  # COCO's first five
BODY = (
    "upperarm01",
    "lowerarm01",
    "wrist",
    "upperleg01",
    "lowerleg01",
    "foot",
)  # COCO's other twelve, left before right


class AnnyRig:
    """The parametric body, its weights read from the package."""

    def __init__(self) -> None:
        self.model = anny.Anny().to(torch.float32)
        self.bones = {name: index for index, name in enumerate(self.model.bone_labels)}
        self.parents = [int(parent) for parent in self.model.bone_parents]
        self.moved = [self.bones[name] for name in MOVED]
        self.shape_size = len(self.model.phenotype_labels)
        self.face_KV = anny.KeypointsRegressor.coco(self.model, list(FACE)).regression_weights
        self.tips = {side: [self._tip(f"finger{finger}-3.{side}") for finger in range(1, 6)] for side in HANDS}

    def triangles(self) -> Tensor:
        """[F,3], indices of vertices."""
        return self.model.get_triangular_faces()

    def rest(self, shape_S: Tensor) -> tuple[Tensor, Tensor]:
        """Vertices [V,3] and bone heads [J,3] of a body at rest; shape 0..1."""
        named = {label: shape_S[index][None] for index, label in enumerate(self.model.phenotype_labels)}
        coefficients = self.model.get_phenotype_blendshape_coefficients(**named)
        body = self.model.get_rest_model(coefficients)
        return body["rest_vertices"][0], body["rest_bone_heads"][0]

    def pose(self, heads_J3: Tensor, turns_TP3: Tensor, place_T3: Tensor) -> tuple[Tensor, Tensor]:
        """Rotations [T,J,3,3] and head positions [T,J,3] of all bones."""
        own_TP33 = rotvec_to_rotmat(turns_TP3)
        turn, at = {0: own_TP33[:, 0]}, {0: place_T3}
        slot = {bone: index for index, bone in enumerate(self.moved)}
        for bone in range(1, len(self.parents)):
            parent = self.parents[bone]
            at[bone] = at[parent] + (turn[parent] @ (heads_J3[bone] - heads_J3[parent])[:, None])[..., 0]
            turn[bone] = turn[parent] @ own_TP33[:, slot[bone]] if bone in slot else turn[parent]
        count = range(len(self.parents))
        return torch.stack([turn[bone] for bone in count], 1), torch.stack([at[bone] for bone in count], 1)

    def landmarks(self, rest_V3: Tensor, heads_J3: Tensor, turn_TJ33: Tensor, at_TJ3: Tensor) -> Tensor:
        """[T,59,3]: COCO's 17, then 21 of the left and 21 of the right hand, in metres."""
        head = self.bones["head"]
        face_K3 = self.face_KV @ rest_V3 - heads_J3[head]
        face_TK3 = at_TJ3[:, head, None] + face_K3 @ turn_TJ33[:, head].transpose(1, 2)
        body = [at_TJ3[:, self.bones[f"{bone}.{side}"]] for bone in BODY for side in HANDS]
        hands = [point for side in HANDS for point in self._hand(side, rest_V3, heads_J3, turn_TJ33, at_TJ3)]
        return torch.cat([face_TK3, torch.stack(body + hands, 1)], 1)

    def vertices(self, rest_V3: Tensor, heads_J3: Tensor, turn_TJ33: Tensor, at_TJ3: Tensor) -> Tensor:
        """[T,V,3], in metres."""
        bones_TJ44 = torch.zeros(*turn_TJ33.shape[:2], 4, 4)
        bones_TJ44[..., :3, :3] = turn_TJ33
        bones_TJ44[..., :3, 3] = at_TJ3 - (turn_TJ33 @ heads_J3[..., None])[..., 0]
        bones_TJ44[..., 3, 3] = 1
        return self.model.get_skinned_vertices(rest_V3[None].expand(len(turn_TJ33), -1, -1), bones_TJ44)

    def _hand(self, side: str, rest_V3: Tensor, heads_J3: Tensor, turn_TJ33: Tensor, at_TJ3: Tensor) -> list[Tensor]:
        points = [at_TJ3[:, self.bones[f"wrist.{side}"]]]
        for finger in range(1, 6):
            joints = [self.bones[f"finger{finger}-{joint}.{side}"] for joint in range(1, 4)]
            last, tip = joints[-1], rest_V3[self.tips[side][finger - 1]]
            points += [at_TJ3[:, joint] for joint in joints]
            points.append(at_TJ3[:, last] + (turn_TJ33[:, last] @ (tip - heads_J3[last])[:, None])[..., 0])
        return points

    def _tip(self, name: str) -> int:
        """The vertex of a finger's last bone that is farthest from its head."""
        bone = self.bones[name]
        strongest_V = self.model.vertex_bone_indices.gather(1, self.model.vertex_bone_weights.argmax(1, keepdim=True))
        own = torch.nonzero(strongest_V[:, 0] == bone)[:, 0]
        reach = (self.model.template_vertices[own] - self.model.template_bone_heads[bone]).norm(dim=1)
        return int(own[reach.argmax()])
