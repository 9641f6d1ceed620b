"""Two models side by side: every metric with its interval, in noise floors, and where the difference comes from."""

import csv
import io

import numpy as np
import pytest

from evaluation.catalogue import measured, not_measured
from evaluation.comparison_table import as_csv, compared_lines, gains_by
from evaluation.contracts import ClipGroups, EvaluationReport

HAND = "hand_error_px_embedded_locator"
PSNR = "psnr_db"


def _report(hand: float, psnr: float, exam: str = "e") -> EvaluationReport:
    clips = [f"c{place}" for place in range(8)]
    random = np.random.default_rng(int(100 * hand))
    hands = measured(HAND, {clip: hand + 0.1 * random.normal() + (place % 2) for place, clip in enumerate(clips)})
    metrics = [
        hands.model_copy(update={"noise_floor": 0.1}),
        measured(PSNR, {clip: psnr + random.normal() for clip in clips}),
        not_measured("mouth_audio_correlation", "no sound"),
    ]
    return EvaluationReport(
        artifact_digest="a",
        exam_digest=exam,
        clips={
            clip: ClipGroups(groups={"action": "waves" if place % 2 else "lifts"}, seen=[])
            for place, clip in enumerate(clips)
        },
        metrics={metric.name: metric for metric in metrics},
        report_html="",
        contact_sheet="",
        folder="",
    )


def test_a_sure_gain_is_called_better_and_an_unsure_one_is_not_told_apart() -> None:
    lines, without = compared_lines(_report(4.0, 20.0), _report(5.0, 20.0))
    hand, psnr = lines
    assert (hand.metric, hand.verdict, psnr.verdict) == (HAND, "better", "not told apart")
    assert hand.gain == pytest.approx(1.0, abs=0.15)
    assert hand.noise_floors == pytest.approx(hand.gain / np.hypot(0.1, 0.1))
    assert psnr.noise_floors is None, "one seed a clip tells nothing of its noise"
    assert without == {"mouth_audio_correlation": "mouth_audio_correlation has no value (no sound)"}
    assert compared_lines(_report(5.0, 20.0), _report(4.0, 20.0))[0][0].verdict == "worse"


def test_gains_by_clip_and_by_cluster() -> None:
    new, old = _report(4.0, 20.0), _report(5.0, 20.0)
    by_clip, by_action = gains_by(new, old, [HAND], None), gains_by(new, old, [HAND], "action")
    assert len(by_clip) == 8
    assert set(by_action) == {"waves", "lifts"}
    lifts = [by_clip[f"c{place}"][HAND] for place in range(0, 8, 2)]
    assert by_action["lifts"][HAND] == pytest.approx(np.mean(lifts))


def test_other_exams_do_not_compare() -> None:
    with pytest.raises(ValueError, match="evaluate the champion again"):
        compared_lines(_report(4.0, 20.0), _report(5.0, 20.0, exam="other"))


def test_the_table_as_a_file() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(compared_lines(_report(4.0, 20.0), _report(5.0, 20.0))[0]))))
    assert [row["metric"] for row in rows] == [HAND, PSNR]
    assert rows[1]["noise_floors"] == ""
    assert float(rows[0]["low"]) < float(rows[0]["gain"]) < float(rows[0]["high"])
