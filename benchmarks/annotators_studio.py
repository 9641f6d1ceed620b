"""The offline annotators against the studio, where everything is known to the pixel.

    python -m benchmarks.annotators_studio BATCH FOLDER [CLIPS]

BATCH is a studio delivery with the look `anny` (manifest.jsonl, clips/<id>/{rgb.mp4, truth.npz}); each of its first
CLIPS clips is annotated in FOLDER/<id>, unless that has been done, two at a time. The tools see the video alone.
"""

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.agreement import Agreement, box_agreement, mask_agreement
from benchmarks.annotators_released import annotated
from data.annotators.annotations import Annotations
from data.annotators.clip_files import read_mask, read_mesh, read_pose
from data.annotators.config import Task
from data.annotators.contracts import Landmarks
from data.clips.manifest import read_manifest
from data.clips.structure_video import BLACK_BELOW
from data.contracts import ClipRecord
from data.sources.studio.shapes import Part

TRUTH = "truth.npz"
TASKS: tuple[Task, ...] = ("pose", "regions", "product_mask", "body_mesh")
BODY = [Part.BODY, Part.FACE, Part.HAIR, Part.LEFT_HAND, Part.RIGHT_HAND]
AT_ONCE = 2
NEAR = 0.1  # of the shoulders' width: a landmark closer than this is right


def measure_clip(batch: Path, record: ClipRecord, folder: Path) -> dict[str, Agreement]:
    """One clip's row of the table."""
    annotations = annotated_clip(batch, record, folder)
    with np.load((batch / record.video).with_name(TRUTH), allow_pickle=False) as truth:
        parts_THW, body_TK3 = truth["parts_TYX"], truth["body_TK3"]
    person_THW = np.asarray((parts_THW & sum(1 << part for part in BODY)) > 0)
    product_THW = np.asarray((parts_THW & (1 << Part.PRODUCT)) > 0)
    mask_THW = read_mask(folder)
    mesh_THW = np.asarray((read_mesh(folder).max(axis=-1) >= BLACK_BELOW) & ~mask_THW)
    boxes = {part: box_agreement(annotations.boxes, record.boxes, part) for part in ("face", "left_hand", "right_hand")}
    return {
        **boxes,
        "product mask": mask_agreement(mask_THW, product_THW),
        "body silhouette": mask_agreement(mesh_THW, person_THW),
        "body landmarks": landmark_agreement(read_pose(folder).body_TK3, body_TK3),
    }


def annotated_clip(batch: Path, record: ClipRecord, folder: Path) -> Annotations:
    return annotated(batch / record.video, folder, "mesh_video", TASKS)


def landmark_agreement(found_TK3: Landmarks, known_TK3: Landmarks) -> Agreement:
    """Share of the landmarks in sight that were found near their place, and that were found at all."""
    in_sight_TK = known_TK3[..., 2] == 1
    width_T = np.linalg.norm(known_TK3[:, 5, :2] - known_TK3[:, 6, :2], axis=-1)
    missed_TK = np.linalg.norm(found_TK3[..., :2] - known_TK3[..., :2], axis=-1) / width_T[:, None]
    seen_TK = found_TK3[..., 2] > 0
    near = float(((missed_TK < NEAR) & seen_TK)[in_sight_TK].mean())
    return Agreement(near, float(seen_TK[in_sight_TK].mean()), len(found_TK3))


def table(clips: Mapping[str, Mapping[str, Agreement]]) -> str:
    """A row a clip: overlap, and in brackets the share of frames found; the mean last."""
    names = list(next(iter(clips.values())))
    lines = [f"| clip | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for clip, row in clips.items():
        lines.append(
            f"| {clip} | " + " | ".join(f"{row[name].overlap:.2f} ({row[name].found:.2f})" for name in names) + " |"
        )
    means = [np.mean([[row[name].overlap, row[name].found] for row in clips.values()], axis=0) for name in names]
    lines.append("| mean | " + " | ".join(f"{mean[0]:.2f} ({mean[1]:.2f})" for mean in means) + " |")
    return "\n".join(lines)


def main(batch: Path, folder: Path, clips: int | None) -> None:
    records = read_manifest(batch)[:clips]
    with ThreadPoolExecutor(AT_ONCE) as pool:  # the annotators are processes of their own
        list(pool.map(lambda record: annotated_clip(batch, record, folder / record.clip_id), records))
    print(table({record.clip_id: measure_clip(batch, record, folder / record.clip_id) for record in records}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None)
