"""What makes two exams the same, and what must belong together before one is held."""

from pathlib import Path

import pytest

from evaluation.contracts import EvaluationConfig, GeneratedSamples
from evaluation.evaluate import MEASURING, check_they_belong_together, exam_digest
from evaluation.exam.open_and_sealed import open_exam, sealed_exam
from foundation.code_digest import closure
from foundation.digests import folder_digest
from model.contracts import EncodedBatch, RgbArtifact, TrainingSet
from tests.receipts import artifact_receipt

CONFIG = EvaluationConfig(
    held_out_clips=1, sealed_clips=1, seed=1, seeds_a_clip=1, variants=["true"], noise_levels=[0.5], locator_steps=1
)
EXAM = open_exam(CONFIG)


def _batch(name: str, prepared: str = "prepared") -> EncodedBatch:
    return EncodedBatch(
        batch=name,
        folder=f"datasets/encoded/{name}",
        clips=1,
        digest="d",
        prepared_digest=prepared,
        encoders_digest="e",
    )


def _training_set(*train: EncodedBatch, held_out: str = "held out") -> TrainingSet:
    return TrainingSet(
        train=train,
        held_out=(_batch("h"),),
        train_digest="t",
        held_out_digest=held_out,
        digest="d",
        overlap_allowed=False,
    )


def test_a_later_delivery_leaves_the_exam_as_it_was() -> None:
    first = exam_digest(CONFIG, EXAM, _training_set(_batch("one")), "encoders")
    assert exam_digest(CONFIG, EXAM, _training_set(_batch("one"), _batch("two", "other")), "encoders") == first


def test_clips_seeds_encoders_and_what_the_locator_learned_from_change_the_exam() -> None:
    exams = [
        exam_digest(CONFIG, EXAM, _training_set(_batch("one")), "encoders"),
        exam_digest(CONFIG, EXAM, _training_set(_batch("one"), held_out="others"), "encoders"),
        exam_digest(CONFIG, EXAM, _training_set(_batch("one", "other clips")), "encoders"),
        exam_digest(CONFIG, EXAM, _training_set(_batch("one")), "other encoders"),
        exam_digest(CONFIG, open_exam(CONFIG.model_copy(update={"seed": 2})), _training_set(_batch("one")), "encoders"),
        exam_digest(CONFIG.model_copy(update={"seeds_a_clip": 2}), EXAM, _training_set(_batch("one")), "encoders"),
        exam_digest(CONFIG, sealed_exam(CONFIG, "candidate"), _training_set(_batch("one")), "encoders"),
        exam_digest(CONFIG, sealed_exam(CONFIG, "another"), _training_set(_batch("one")), "encoders"),
    ]
    assert len(set(exams)) == len(exams)


def test_a_changed_formula_is_another_exam(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a champion's number of yesterday's formula is never compared with a candidate's of today's."""
    assert "evaluation.metrics.psnr" in closure(*MEASURING)
    before = exam_digest(CONFIG, EXAM, _training_set(_batch("one")), "encoders")
    monkeypatch.setattr("evaluation.evaluate.code_digest", lambda *_modules: "another formula")
    assert exam_digest(CONFIG, EXAM, _training_set(_batch("one")), "encoders") != before


@pytest.fixture
def samples(tmp_path: Path) -> GeneratedSamples:
    (tmp_path / "true.safetensors").write_bytes(b"frames")
    return GeneratedSamples(
        folder=str(tmp_path),
        digest=folder_digest(tmp_path),
        artifact_digest="artifact",
        held_out_digest="held out",
        exam=EXAM,
        variants=["true"],
        seeds_a_clip=1,
        clips=["clip_0"],
        contact_sheet="sheet.png",
    )


def _artifact(digest: str) -> RgbArtifact:
    return artifact_receipt("a", digest)


def test_samples_of_this_artifact_on_these_clips_are_accepted(samples: GeneratedSamples) -> None:
    check_they_belong_together(_artifact("artifact"), samples, _training_set(_batch("one")))


def test_samples_of_another_artifact_other_clips_or_changed_bytes_are_refused(samples: GeneratedSamples) -> None:
    training_set = _training_set(_batch("one"))
    with pytest.raises(ValueError, match="not of artifact"):
        check_they_belong_together(_artifact("another"), samples, training_set)
    with pytest.raises(ValueError, match="other held-out clips"):
        check_they_belong_together(_artifact("artifact"), samples, _training_set(_batch("one"), held_out="others"))
    (Path(samples.folder) / "true.safetensors").write_bytes(b"forged")
    with pytest.raises(ValueError, match="changed since they were made"):
        check_they_belong_together(_artifact("artifact"), samples, training_set)
