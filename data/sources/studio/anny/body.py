"""A person of the studio as a skinned mesh: shape, face and pose in, vertices out. Numpy alone.

`anny.safetensors` holds the upper body of the parametric model Anny (`build.py` made it). A pose is
one rotation a bone, from the body at rest to the posed one, in the studio's axes; skinning is linear, as Anny's own.

Shape legend: N vertices, F triangles, J bones, K shape coordinates, W bones a vertex, T frames.
"""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from data.sources.studio.raster import vertex_normals

Array = NDArray[np.floating]  # float32 throughout
Index = NDArray[np.integer]
ASSET = Path(__file__).with_name("anny.safetensors")
SHAPE_COORDINATES = 16


@dataclass(frozen=True)
class Body:
    """What all people share."""

    mean_N3: Array
    heads_J3: Array  # where each bone begins
    shape_KN3: Array
    shape_KJ3: Array
    actions: dict[str, Array]  # [N,3] each: how far a vertex moves at full action
    weights_NJ: Array
    faces_F3: Index
    bones: list[str]
    parents: list[int]

    @cached_property
    def bone_N(self) -> Index:  # noqa: N802 - N is its shape
        """The bone that moves a vertex most."""
        return self.weights_NJ.argmax(axis=1)

    def bone(self, name: str) -> int:
        return self.bones.index(name)

    def below(self, name: str) -> list[int]:
        """This bone and all that hang on it."""
        bones = [self.bone(name)]
        for bone, parent in enumerate(self.parents):
            if parent in bones:
                bones.append(bone)
        return bones


@cache
def body() -> Body:
    """Read once a process; about 10 ms."""
    with safe_open(str(ASSET), "np") as file:
        facts = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    bones: list[str] = json.loads(facts["bones"])
    weights_NJ = np.zeros((len(arrays["mean_N3"]), len(bones)), np.float32)
    np.put_along_axis(weights_NJ, arrays["bones_NW"].astype(np.intp), arrays["weights_NW"].astype(np.float32), axis=1)
    return Body(
        mean_N3=arrays["mean_N3"],
        heads_J3=arrays["heads_J3"],
        shape_KN3=arrays["shape_KN3"].astype(np.float32),
        shape_KJ3=arrays["shape_KJ3"],
        actions=dict(zip(json.loads(facts["actions"]), arrays["actions_AN3"].astype(np.float32), strict=True)),
        weights_NJ=weights_NJ / weights_NJ.sum(axis=1, keepdims=True),
        faces_F3=arrays["faces_F3"].astype(np.int32),
        bones=bones,
        parents=arrays["parents_J"].astype(int).tolist(),
    )


@dataclass(frozen=True)
class Figure:
    """One person at rest."""

    rest_N3: Array
    heads_J3: Array
    head_N1: Array  # how much larger than life a vertex' surroundings are: 1, and the head's enlargement on the head

    @cached_property
    def normals_N3(self) -> Array:  # noqa: N802 - N3 is its shape
        return vertex_normals(self.rest_N3[None], body().faces_F3)[0]

    def head_of(self, bone: str) -> Array:
        return self.heads_J3[body().bone(bone)]


def figure(shape_K: Array, head: float = 1.0) -> Figure:
    """The person with these shape coordinates (deviations from the mean adult), shoulders where everybody's are.

    `head` enlarges the head around the neck's upper end.
    """
    rest_N3 = body().mean_N3 + np.tensordot(shape_K, body().shape_KN3, axes=1)
    heads_J3 = body().heads_J3 + np.tensordot(shape_K, body().shape_KJ3, axes=1)
    bones = body().below("head")
    share_N1 = body().weights_NJ[:, bones].sum(axis=1, keepdims=True)
    neck_3 = heads_J3[body().bone("neck03")]
    rest_N3 = rest_N3 + (head - 1) * share_N1 * (rest_N3 - neck_3)
    heads_J3[bones] += (head - 1) * (heads_J3[bones] - neck_3)
    return Figure(rest_N3.astype(np.float32), heads_J3.astype(np.float32), 1 + (head - 1) * share_N1)


def posed_heads(who: Figure, turn_TJ33: Array) -> Array:
    """Where the bones begin in every frame [T,J,3], given each bone's rotation from rest."""
    heads_TJ3 = np.empty((len(turn_TJ33), len(who.heads_J3), 3), np.float32)
    for bone, parent in enumerate(body().parents):
        step_3 = who.heads_J3[bone] - who.heads_J3[max(parent, 0)]
        heads_TJ3[:, bone] = who.heads_J3[bone] if parent < 0 else heads_TJ3[:, parent] + turn_TJ33[:, parent] @ step_3
    return heads_TJ3


def skin(who: Figure, turn_TJ33: Array, heads_TJ3: Array, rest_Tn3: Array, vertices: Index) -> Array:
    """Posed vertices [T,n,3]; `rest_Tn3`: these vertices at rest, with the face's actions ([1,n,3]: it is still)."""
    shift_TJ3 = heads_TJ3 - np.einsum("tjik,jk->tji", turn_TJ33, who.heads_J3)
    moves_TJ34 = np.concatenate([turn_TJ33, shift_TJ3[..., None]], axis=3).astype(np.float32)
    weights_nJ = body().weights_NJ[vertices]
    frames, bones = moves_TJ34.shape[:2]
    moves_nT34 = (weights_nJ @ moves_TJ34.transpose(1, 0, 2, 3).reshape(bones, -1)).reshape(-1, frames, 3, 4)
    rest_nT3 = rest_Tn3.transpose(1, 0, 2)
    posed_nT3 = sum(moves_nT34[..., axis] * rest_nT3[..., axis, None] for axis in range(3)) + moves_nT34[..., 3]
    return np.ascontiguousarray(posed_nT3.transpose(1, 0, 2))
