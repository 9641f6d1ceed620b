"""How sure the offline product mask may be: what speaks for its guesses, measured where the truth is known, and a fit.

    .venv-annotators/bin/python -m benchmarks.product_confidence measure|quick FOLDER BATCH ...
    ...                           -m benchmarks.product_confidence fit FOLDER NAME ... [--held NAME ...]

BATCH is a folder that `benchmarks.hard_clips` filmed, NAME its name. `measure` writes FOLDER/NAME.jsonl: a line for
each guess at each clip, with the clip's own picture, without one, with another product's picture, and partly hidden;
`quick` the first two only, at a third of the time. `fit` prints the coefficients of
data/annotators/offline/product_confidence.py and how the choice does on both.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.agreement import mask_agreement
from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.annotators.offline.clip_scene import Scene, gather
from data.annotators.offline.product_confidence import MASK_NUMBERS, PICTURE_NUMBERS, Model, confidence_in
from data.annotators.offline.product_evidence import evidence_for
from data.annotators.offline.product_features import PictureOfProduct
from data.annotators.offline.product_photo import ProductPhoto
from data.annotators.pose.mediapipe import build
from data.annotators.product_mask.grabcut import guesses, smaller
from data.sources.studio.shapes import Part
from foundation.json_lines import read_json_lines
from foundation.pictures import read_image
from foundation.video_reading import read_video

FRAMES = slice(12, 28)  # of each clip: two thirds of a second are enough
OLD_GUESS = {True: 1, False: 0}  # with a picture or without: the one that was taken before there was a choice
OVERLAP = 0.5  # from which a mask is right
RIDGE, STEPS = 1.0, 50
ENOUGH = 0.6  # the rule in conf/data/raw_video.yaml
AGAINST = {"small", "large"}  # the numbers that speak against a mask; all others speak for it
LEAST_SCALE = 0.05  # a number that hardly varies gets no large weight
Row = dict[str, Any]
Array = NDArray[np.float64]


def measure(folder: Path, batch: Path, *, quick: bool) -> None:
    """Write the rows of one batch."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = sorted((batch / "clips").glob("s*"))
    with (folder / f"{batch.name}.jsonl").open("w", encoding="utf-8", buffering=1) as file:
        for index, clip in enumerate(clips):
            for row in rows_of(clip, None if quick else clips[(index + 3) % len(clips)]):
                file.write(json.dumps({"batch": batch.name, "clip": clip.name, **row}) + "\n")
            print(clip, flush=True)


def rows_of(clip: Path, other: Path | None) -> Iterator[Row]:
    """All guesses at one clip, in all cases; without another clip only with its own picture, and without one."""
    rgb_THWC = read_video(clip / "rgb.mp4")[0][FRAMES]
    with np.load(clip / "truth.npz", allow_pickle=False) as truth:
        product_THW = (truth["parts_TYX"][FRAMES] & (1 << Part.PRODUCT)) > 0
    pose = build(Tool(kind="mediapipe")).estimate(rgb_THWC)
    small_THWC, scale = smaller(rgb_THWC)
    size = small_THWC.shape[2], small_THWC.shape[1]
    small_truth = [cv2.resize(one.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5 for one in product_THW]
    truth_THW, own, scene = np.stack(small_truth), picture_of(clip), gather(small_THWC, pose, scale)
    masks = guesses(scene, own)
    yield from judged("own", Asked(scene, own, truth_THW), masks)
    yield from judged("none", Asked(scene, None, truth_THW), masks[:1])
    if other is not None:
        yield from judged("another", Asked(scene, picture_of(other), truth_THW))
        hidden_THWC, left_THW = partly_hidden(small_THWC, truth_THW)
        yield from judged("hidden", Asked(gather(hidden_THWC, pose, scale), own, left_THW))


@dataclass(frozen=True)
class Asked:
    """A clip, the picture that is given with it, and where the product is."""

    scene: Scene
    picture: PictureOfProduct | None
    truth_THW: Mask


def judged(case: str, asked: Asked, masks: Sequence[Mask] = ()) -> Iterator[Row]:
    """The guesses at a clip, those that were made already or all."""
    for guess, mask_THW in enumerate(masks or guesses(asked.scene, asked.picture)):
        overlap = mask_agreement(mask_THW, asked.truth_THW).overlap
        seen = float(mask_THW.any(axis=(1, 2)).mean())
        evidence = evidence_for(mask_THW, asked.scene, asked.picture)
        yield {"case": case, "guess": guess, "overlap": overlap, "seen": seen, "evidence": evidence}


def picture_of(clip: Path) -> PictureOfProduct:
    return PictureOfProduct(ProductPhoto.of(read_image(clip / "product.png")[0]))


def partly_hidden(rgb_THWC: Frames, truth_THW: Mask) -> tuple[Frames, Mask]:
    """A grey sheet that stands still in front of the lower half of where the product is."""
    rows, columns = np.nonzero(truth_THW.any(axis=0))
    middle = int(np.median(rows))
    sheet = slice(middle, middle + int(np.ptp(rows)) // 2 + 8), slice(max(0, columns.min() - 6), columns.max() + 6)
    hidden_THWC, left_THW = rgb_THWC.copy(), truth_THW.copy()
    hidden_THWC[:, *sheet], left_THW[:, *sheet] = (rgb_THWC.mean() * 0.6).astype(np.uint8), False
    return hidden_THWC, left_THW


def fit(rows: list[Row]) -> tuple[Model, Model]:
    """Is the mask a thing at the hands, whatever picture there is? And is it what the picture shows?"""
    judged_rows = [row for row in rows if row["evidence"]]
    pictured = [row for row in judged_rows if row["case"] != "none" and (right(row) or is_wrong(row))]
    return (
        fitted(judged_rows, [row["overlap"] > OVERLAP for row in judged_rows], MASK_NUMBERS),
        fitted(pictured, [right(row) for row in pictured], PICTURE_NUMBERS),
    )


def right(row: Row) -> bool:
    return row["overlap"] > OVERLAP and row["case"] != "another"


def is_wrong(row: Row) -> bool:
    """Surely: a mask that is nearly right is no lesson in what the product looks like."""
    return row["case"] == "another" or row["overlap"] < OVERLAP - 0.2


def fitted(rows: list[Row], labels: list[bool], numbers: Sequence[str]) -> Model:
    """Logistic regression on the numbers that help as they should.

    A weight of the wrong sign (the less compact, the better) is chance: the worst such number goes, until none is left.
    """
    right_N, names = np.array(labels, float), list(numbers)
    while True:
        values_NF = np.array([[row["evidence"][name] for name in names] for row in rows])
        mean_F, scale_F = values_NF.mean(axis=0), np.maximum(values_NF.std(axis=0), LEAST_SCALE)
        weights_F, bias = logistic((values_NF - mean_F) / scale_F, right_N)
        helps_F = weights_F * [-1 if name in AGAINST else 1 for name in names]
        if helps_F.min() >= 0:
            break
        names.pop(int(helps_F.argmin()))
    own_F = weights_F / scale_F
    weights = {name: round(float(weight), 3) for name, weight in zip(names, own_F, strict=True) if abs(weight) >= 0.001}
    return Model(weights, round(float(bias - own_F @ mean_F), 3))


def logistic(values_NF: Array, right_N: Array) -> tuple[Array, float]:
    """Weights [F] and bias, with a ridge, by Newton's method."""
    x_NF = np.concatenate([values_NF, np.ones((len(values_NF), 1))], axis=1)
    ridge_F = np.r_[np.full(values_NF.shape[1], RIDGE), 1e-6]
    weights_F = np.zeros(x_NF.shape[1])
    for _ in range(STEPS):
        sure_N = 1 / (1 + np.exp(-np.clip(x_NF @ weights_F, -30, 30)))
        slope_F = x_NF.T @ (sure_N - right_N) + ridge_F * weights_F
        curve_FF = (x_NF * (sure_N * (1 - sure_N))[:, None]).T @ x_NF + np.diag(ridge_F)
        weights_F -= np.linalg.solve(curve_FF, slope_F)
    return weights_F[:-1], float(weights_F[-1])


def report(rows: list[Row], models: tuple[Model, Model], enough: float) -> str:
    """A line a case: clips, found by the old choice and the new, right among the found, and recall of each."""
    lines = [
        "| batch, case | clips | old found | old right of found | new found | new right of found | new right of all |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, clips in by_case(rows).items():
        old = [guesses[min(len(guesses) - 1, OLD_GUESS[len(guesses) > 1])] for guesses in clips]
        new = [max(guesses, key=lambda row: confidence_in(row["evidence"], *models)) for guesses in clips]
        counts = [len(clips)]
        for chosen, least in ((old, 0.0), (new, enough)):
            found = [row for row in chosen if row["seen"] >= 0.5 and confidence_in(row["evidence"], *models) >= least]
            counts += [len(found), sum(map(right, found))]
        lines.append(f"| {name} | " + " | ".join(map(str, [*counts, f"{counts[-1] / len(clips):.2f}"])) + " |")
    return "\n".join(lines)


def by_case(rows: list[Row]) -> dict[str, list[list[Row]]]:
    """`batch, case` -> the guesses at each clip."""
    clips: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        clips[row["batch"], row["case"], row["clip"]].append(row)
    cases: dict[str, list[list[Row]]] = defaultdict(list)
    for (batch, case, _), some in sorted(clips.items()):
        cases[f"{batch}, {case}"].append(some)
        cases["all, " + ("another" if case == "another" else "its own or none")].append(some)
    return cases


def read_rows(folder: Path, batches: list[str]) -> list[Row]:
    return [row for batch in batches for _, row in read_json_lines(folder / f"{batch}.jsonl")]


def main(command: str, folder: Path, names: list[str]) -> None:
    if command in ("measure", "quick"):
        for name in names:
            measure(folder, Path(name), quick=command == "quick")
        return
    split = names.index("--held") if "--held" in names else len(names)
    models = fit(read_rows(folder, names[:split]))
    print(*models, sep="\n")
    for part in (names[:split], names[split + 1 :]):
        print(report(read_rows(folder, part), models, ENOUGH))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
