"""Distil the studio's body from the parametric model Anny into one small file: `anny.safetensors`.

Anny itself wants torch, a gigabyte of cache and over a minute before its first body; a clip needs only the upper body,
a shape basis of adults, the mouth's actions and the skinning weights. Those are kept here: 2 MB, read by numpy. The
assets under Anny are MakeHuman's, CC0-1.0, so they may be passed on.

    .venv-annotators/bin/python -m data.sources.studio.anny.build data/sources/studio/anny/anny.safetensors

World as in the studio: metres, x to the person's left, y up, z towards the camera.
Shape legend: N vertices, F triangles, J bones, K shape coordinates, A face actions, I people sampled.
"""

import json
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

Array = NDArray[np.float32]
PEOPLE, COORDINATES, SEED = 400, 16, 0
LOWEST = -0.20  # of Anny's own z: what lies below is never in the picture
WEIGHTS_A_VERTEX = 6
ACTIONS = {
    "open": {"jawOpen": 1.0, "mouthLowerDownLeft": 0.4, "mouthLowerDownRight": 0.4},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "round": {"mouthFunnel": 1.0},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}


def main(target: Path) -> None:
    anny: Any = import_module("anny")  # of .venv-annotators
    model = anny.Anny(phenotypes="all", facial_actions="all")
    people_INX, heads_IJX = sample_people(model, np.random.default_rng(SEED))
    neutral_NX = people_INX.mean(axis=0)
    faces_F3 = np.asarray(model.faces, np.int32)
    faces_F3 = faces_F3[(neutral_NX[faces_F3][..., 2] > LOWEST).all(axis=1)]
    kept_N, faces_F3 = np.unique(faces_F3, return_inverse=True)
    mean_P, basis_KP, share = shape_basis(studio_axes(people_INX[:, kept_N]), studio_axes(heads_IJX))
    count = len(kept_N)
    actions = [studio_axes(act(model, weights)[kept_N]) for weights in ACTIONS.values()]
    bones_NW, weights_NW = strongest(model, kept_N)
    arrays = {
        "mean_N3": mean_P[: 3 * count].reshape(count, 3).astype(np.float32),
        "heads_J3": mean_P[3 * count :].reshape(-1, 3).astype(np.float32),
        "shape_KN3": basis_KP[:, : 3 * count].reshape(COORDINATES, count, 3).astype(np.float16),
        "shape_KJ3": basis_KP[:, 3 * count :].reshape(COORDINATES, -1, 3).astype(np.float32),
        "actions_AN3": np.stack(actions).astype(np.float16),
        "bones_NW": bones_NW.astype(np.uint8),
        "weights_NW": weights_NW.astype(np.float16),
        "faces_F3": faces_F3.reshape(-1, 3).astype(np.uint16),
        "parents_J": np.array([-1 if parent is None else parent for parent in model.bone_parents], np.int16),
    }
    facts = {
        "anny": "0.6.2",
        "licence": "CC0-1.0",
        "bones": json.dumps(model.bone_labels),
        "actions": json.dumps(list(ACTIONS)),
        "variance_kept": f"{share:.4f}",
    }
    target.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, facts))
    print(
        f"{count} vertices, {len(arrays['faces_F3'])} triangles, {COORDINATES} coordinates: {share:.1%} of the variance"
    )


def sample_people(model: Any, random: np.random.Generator) -> tuple[Array, Array]:
    """Adults of all kinds, unposed: vertices [I,N,3] and bone heads [I,J,3], both arms of one length and one place."""
    ranges = {"age": (0.55, 0.85), "muscle": (0.3, 0.8), "weight": (0.3, 0.75), "height": (0.3, 0.7)}
    labels = [label for label in model.phenotype_labels if label not in {"cupsize", "firmness"}]
    drawn = {label: random.uniform(*ranges.get(label, (0.0, 1.0)), size=PEOPLE) for label in labels}
    total = sum(drawn[race] ** 2 for race in ("african", "asian", "caucasian"))
    drawn |= {race: drawn[race] ** 2 / total for race in ("african", "asian", "caucasian")}
    vertices, heads = [], []
    for first in range(0, PEOPLE, 50):
        tensors = {
            label: model.template_vertices.new_tensor(values[first : first + 50]) for label, values in drawn.items()
        }
        body = model(phenotype_kwargs=tensors)
        vertices.append(body["rest_vertices"].detach().numpy())
        heads.append(body["rest_bone_heads"].detach().numpy())
    return in_one_place(np.concatenate(vertices), np.concatenate(heads), model.bone_labels)


def in_one_place(people_INX: Array, heads_IJX: Array, bones: list[str]) -> tuple[Array, Array]:
    """Everybody scaled to the mean arm length and moved so that the shoulders' middle is the mean one."""
    chain = [heads_IJX[:, bones.index(name)] for name in ("upperarm01.L", "lowerarm01.L", "wrist.L")]
    arm_I = np.sum([np.linalg.norm(b - a, axis=1) for a, b in pairwise(chain)], axis=0)
    middle_I3 = (chain[0] + heads_IJX[:, bones.index("upperarm01.R")]) / 2
    scale_I11 = (arm_I.mean() / arm_I)[:, None, None]
    shift_I13 = middle_I3.mean(axis=0) - scale_I11 * middle_I3[:, None]
    return people_INX * scale_I11 + shift_I13, heads_IJX * scale_I11 + shift_I13


def shape_basis(people_IN3: Array, heads_IJ3: Array) -> tuple[Array, Array, float]:
    """Mean [P], principal directions scaled to one deviation [K,P], share of the variance they hold."""
    flat_IP = np.concatenate([people_IN3.reshape(PEOPLE, -1), heads_IJ3.reshape(PEOPLE, -1)], axis=1)
    mean_P = flat_IP.mean(axis=0)
    _, size_I, directions_IP = np.linalg.svd(flat_IP - mean_P, full_matrices=False)
    share = float((size_I[:COORDINATES] ** 2).sum() / (size_I**2).sum())
    return mean_P, directions_IP[:COORDINATES] * (size_I[:COORDINATES, None] / np.sqrt(PEOPLE)), share


def act(model: Any, weights: dict[str, float]) -> Array:
    """How far each vertex moves under these facial actions, [N,3]."""
    moved, still = model(facial_actions=weights), model()
    return (moved["rest_vertices"] - still["rest_vertices"])[0].detach().numpy()


def strongest(model: Any, kept_N: NDArray[np.integer]) -> tuple[NDArray[np.intp], Array]:
    """The WEIGHTS_A_VERTEX bones that move a vertex most, and their weights, which sum to 1."""
    dense_NJ = np.asarray(model.dense_vertex_bone_weights)[kept_N]
    bones_NW = np.argsort(-dense_NJ, axis=1)[:, :WEIGHTS_A_VERTEX]
    weights_NW = np.take_along_axis(dense_NJ, bones_NW, axis=1)
    return bones_NW, weights_NW / weights_NW.sum(axis=1, keepdims=True)


def studio_axes(points: Array) -> Array:
    """Anny's axes (z up, facing -y) to the studio's (y up, facing +z)."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
