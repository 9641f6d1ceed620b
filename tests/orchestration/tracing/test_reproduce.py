"""What a version needs to be trained again, and how far its metrics come out from what they were."""

from pathlib import Path
from typing import Any

import pytest

from evaluation.contracts import EvaluationReport, Metric
from foundation.digests import folder_digest
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.commands.reproduce import lines_of
from orchestration.registry.registration import register
from orchestration.registry.succession import Succession
from orchestration.tracing.contracts import TracedBatch
from orchestration.tracing.reproduce import Reproduced, distances, reproduce, restore
from tests.orchestration.conftest import MakeArtifact, MakeReport


def report_of(**metrics: tuple[float | None, float | None]) -> EvaluationReport:
    """A report whose metrics have these values and noise floors."""
    facts: dict[str, Any] = {"unit": "", "direction": "higher_is_better", "version": 1}
    made = {
        name: Metric(name=name, value=value, noise_floor=floor, **facts) for name, (value, floor) in metrics.items()
    }
    return EvaluationReport(
        artifact_digest="a", exam_digest="e", metrics=made, report_html="r", contact_sheet="c", folder="f"
    )


def test_metrics_are_apart_in_units_of_the_judges_noise() -> None:
    was = report_of(psnr=(20.0, 0.3), hands=(4.0, 0.5), parts=(1.0, None), gone=(1.0, 0.1), same=(2.0, 0.0))
    now = report_of(psnr=(21.0, 0.4), hands=(4.1, 0.5), parts=(2.0, None), gone=(None, None), same=(2.0, 0.0))
    found = {distance.metric: distance.noises for distance in distances(was, now)}
    assert found == {
        "psnr": pytest.approx(2.0),
        "hands": pytest.approx(0.1 / 0.5**0.5),
        "same": 0.0,
        "parts": None,
    }
    assert next(iter(found)) == "psnr", "the furthest first"


def test_it_says_whether_noise_explains_the_distance() -> None:
    apart = distances(report_of(psnr=(20.0, 0.3)), report_of(psnr=(21.0, 0.4)))
    far = distances(report_of(psnr=(20.0, 0.3)), report_of(psnr=(29.0, 0.4)))
    stages = {"stage_one": True, "stage_two": False}
    near, further = (
        lines_of(Reproduced(version="1", commit="c0ffee", same_bytes=stages, distances=found)) for found in (apart, far)
    )
    assert near[1:3] == ["  stage_one: the same bytes", "  stage_two: other bytes"]
    assert near[3].endswith("2 standard errors of the judge's noise: as near as the noise seeds make it")
    assert further[3].endswith("18 standard errors of the judge's noise: further than noise explains")


def test_a_version_whose_runs_are_gone_is_not_reproduced(
    tracking: TrackingConfig, make_artifact: MakeArtifact, make_report: MakeReport
) -> None:
    artifact: RgbArtifact = make_artifact("w")
    register(Succession(tracking).models, artifact, make_report(artifact))
    with pytest.raises(ValueError, match=r"the runs of version 1 of graspline-rgb are not in runs/ any more"):
        reproduce(tracking, "challenger", print)


def test_the_data_is_held_against_what_was_learnt_from(project: Path) -> None:
    encoded, checkout = Path("datasets/encoded/march"), Path("checkout")
    encoded.mkdir(parents=True)
    (encoded / "shard").write_text("clips")
    facts = {"prepared_digest": "p", "encoders_digest": "e"}
    batch = TracedBatch(batch="march", encoded_digest=folder_digest(encoded), **facts)
    (checkout / "datasets").mkdir(parents=True)
    restore(batch, checkout, pytest.fail)
    assert (checkout / encoded / "shard").read_text() == "clips"
