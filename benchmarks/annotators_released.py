"""The offline annotators against the authors' public training sample: how well boxes and structure video agree.

    python -m benchmarks.annotators_released FOLDER SAMPLE [contact_sheet]

SAMPLE is the folder with data.csv. FOLDER is made, or the annotations that it already holds are measured: the clip is
annotated from its video alone. The sample's boxes and structure video lead its picture; by how much is searched for.
`contact_sheet` draws both beside each other into FOLDER/contact_sheet.png, ours first.
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.agreement import Agreement, best_offset, box_agreement, mask_agreement
from data.annotators.annotations import CLIP, HOI_VIDEO, Annotations, read_annotations
from data.annotators.clip_files import read_mask
from data.annotators.config import TASKS, AnnotationConfig, Task
from data.annotators.contracts import Frames, Mask
from data.annotators.launch import annotate
from data.clips.contact_sheet import draw_contact_sheet
from data.clips.structure_video import BLACK_BELOW
from data.sources.released_csv import ReleasedCsvBatch
from data.sources.released_csv.records import read_records
from foundation.video_reading import read_video

SAMPLE_QUIRKS = ReleasedCsvBatch(
    source="released_csv",
    column_map={"depth_video": "hoi_video"},
    container_frames_per_second=24.0,
    empty_hand_box="absent",
)
BEIGE = 8  # by how much red exceeds blue on the sample's mesh, and not on its grey product
EVERY = 4  # frames that masks are compared on
SHRINK = 4  # and how much smaller, each way


@dataclass(frozen=True)
class Measured:
    """The table, and the offset in frames that it was measured at."""

    offset: int
    rows: dict[str, Agreement]

    def table(self) -> str:
        head = f"offset {self.offset} frames\n| what | IoU | found | frames |\n|---|---|---|---|\n"
        return head + "\n".join(
            f"| {name} | {row.overlap:.3f} | {row.found:.2f} | {row.frames} |" for name, row in self.rows.items()
        )


def annotate_sample(sample: Path, folder: Path) -> Annotations:
    """Annotate the sample's video in `folder`, unless that has been done."""
    (record,) = read_records(sample, SAMPLE_QUIRKS)
    return annotated(sample / record.video, folder, "person_image", TASKS)


def annotated(video: Path, folder: Path, last: str, tasks: Sequence[Task]) -> Annotations:
    """Annotations of a video in a folder, where they are made unless the `last` field of them is there."""
    annotations = read_annotations(folder)
    if annotations is not None and getattr(annotations, last) is not None:
        return annotations
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(video, folder / CLIP)
    return annotate(folder, AnnotationConfig(), tasks=tasks)


def measure(sample: Path, folder: Path) -> Measured:
    """Compare annotations in `folder` with what came with the sample."""
    (record,) = read_records(sample, SAMPLE_QUIRKS)
    annotations = annotate_sample(sample, folder)
    offset = best_offset(annotations.boxes, record.boxes, ("face", "left_hand", "right_hand"))
    rows = {
        part: box_agreement(annotations.boxes, record.boxes, part, offset)
        for part in ("face", "left_hand", "right_hand")
    }
    body_THW, product_THW = sample_masks(read_video(sample / record.hoi_video)[0])
    own_THWC, own_product_THW = smaller(read_video(folder / HOI_VIDEO)[0]), read_mask(folder)[:, ::SHRINK, ::SHRINK]
    own_body_THW = np.asarray((own_THWC.max(axis=-1) >= BLACK_BELOW) & ~own_product_THW)
    rows["body silhouette"] = shifted(own_body_THW, body_THW, offset)
    rows["product mask"] = shifted(own_product_THW, product_THW, offset)
    return Measured(offset, rows)


def shifted(found_THW: Mask, known_THW: Mask, offset: int) -> Agreement:
    """Every fourth frame that both have."""
    start, end = max(0, -offset), min(len(known_THW), len(found_THW) - offset)
    return mask_agreement(found_THW[start + offset : end + offset : EVERY], known_THW[start:end:EVERY])


def sample_masks(hoi_THWC: Frames) -> tuple[Mask, Mask]:
    """Body and product in the sample's structure video: the mesh is beige, the product grey."""
    small_THWC = smaller(hoi_THWC).astype(np.int16)
    shown_THW = small_THWC.max(axis=-1) >= BLACK_BELOW
    product_THW = np.asarray(shown_THW & (small_THWC[..., 0] - small_THWC[..., 2] < BEIGE))
    return np.asarray(shown_THW & ~product_THW), product_THW


def draw(sample: Path, folder: Path) -> Path:
    """Ours and the sample's own boxes, structure video and references."""
    (theirs,) = read_records(sample, SAMPLE_QUIRKS)
    annotations = annotate_sample(sample, folder)
    assert annotations.hoi_video is not None
    assert annotations.person_image is not None
    ours = {
        "clip_id": "offline_annotators",
        "video": CLIP,
        "hoi_video": annotations.hoi_video,
        "person_image": annotations.person_image,
        "product_image": annotations.product_image,
        "boxes": annotations.supervised_boxes(),
        "prompt": "annotated from the video alone",
    }
    media = ("video", "hoi_video", "person_image", "product_image")
    delivered = {field: str((sample / getattr(theirs, field)).resolve()) for field in media}
    delivered |= {"clip_id": "as_delivered", "prompt": "boxes and structure video lead the picture"}
    return draw_contact_sheet(folder, [theirs.model_copy(update=ours), theirs.model_copy(update=delivered)])


def smaller(frames_THWC: Frames) -> Frames:
    size = (frames_THWC.shape[2] // SHRINK, frames_THWC.shape[1] // SHRINK)
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX)) for frame in frames_THWC])


if __name__ == "__main__":
    print(measure(Path(sys.argv[2]), Path(sys.argv[1])).table())
    if "contact_sheet" in sys.argv[3:]:
        print(draw(Path(sys.argv[2]), Path(sys.argv[1])))
