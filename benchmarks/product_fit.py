"""How sure the offline product mask may be: the fit, and how the choice does on clips that it was not fitted on.

    python -m benchmarks.product_fit FOLDER NAME ... [--held NAME ...]

FOLDER/NAME.jsonl is what `benchmarks.product_confidence` measured. Prints the coefficients of
data/annotators/offline/product_confidence.py, and a table of the clips fitted on and of those held out.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.annotators.offline.product_confidence import MASK_NUMBERS, PICTURE_NUMBERS, Model, confidence_in
from foundation.json_lines import read_json_lines

OLD_GUESS = {True: 1, False: 0}  # with a picture or without: the one that was taken before there was a choice
OVERLAP = 0.5  # from which a mask is right
RIDGE, STEPS = 1.0, 50
ENOUGH = 0.6  # the rule in conf/data/raw_video.yaml
AGAINST = {"small", "large"}  # the numbers that speak against a mask; all others speak for it
LEAST_SCALE = 0.05  # a number that hardly varies gets no large weight
Row = dict[str, Any]
Array = NDArray[np.float64]


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


def main(folder: Path, names: list[str]) -> None:
    split = names.index("--held") if "--held" in names else len(names)
    models = fit(read_rows(folder, names[:split]))
    print(*models, sep="\n")
    for part in (names[:split], names[split + 1 :]):
        print(report(read_rows(folder, part), models, ENOUGH))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
