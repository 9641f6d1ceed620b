"""The ladder and the zoo in small: two clips, a few rungs and cheats, the rules of conf/gate/default.yaml on videos."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from evaluation.audit import _cheating as zoo
from evaluation.audit import cheats, damage
from evaluation.audit._judged import Bench, Videos, refused_by_floors
from evaluation.contracts import ClipGroups, EvaluationReport, GateConfig
from evaluation.measuring.clip import given
from tests.evaluation.metrics.studio_clips import exact, filmed, recognised

ASKED = ("face_error_lab_all_frames", "face_wrong_frames", "clothes_wrong_frames", "background_wrong_frames")
ASKED += ("flicker_lab_all_frames", "hand_error_px_all_frames", "product_error_lab_all_frames", "frozen_frames")
CLIPS = (1, 2)
RUNGS = ("hands 16 px aside in 100%", "product's colours inverted in 4", "another person's face", "flicker of 10%")
RUNGS += ("noise around the face", "8 frames frozen", "time reversed")


# they know person, product, prompt and sound; only the sleeves of somebody else give them away, in one clip of eight
PUPPETS = ("puppet: those arms, the own product stretched", "the same with a mouth cut from a training clip")


@pytest.fixture(scope="module")
def bench() -> Bench:
    rules = yaml.safe_load(Path("conf/gate/default.yaml").read_text(encoding="utf-8"))
    rules["rules"] = [rule for rule in rules["rules"] if rule["metric"] in ASKED]
    clips = [recognised(index) for index in CLIPS]
    still = {clip.clip_id: np.repeat(given(clip.person)[None], 33, axis=0) for clip in clips}
    report = EvaluationReport(
        artifact_digest="a",
        exam_digest="e",
        exam="sealed",
        clips={
            clip.clip_id: ClipGroups(
                groups={"person": clip.person_id, "product": clip.product_id, "action": clip.clip_id}, seen=[]
            )
            for clip in clips
        },
        metrics={},
        report_html="",
        contact_sheet="",
        folder="",
    )
    return Bench(clips, GateConfig.model_validate({**rules, "improvements": []}), report, still)


@pytest.fixture(scope="module")
def truth(bench: Bench) -> Videos:
    return {clip.clip_id: given(clip.truth) for clip in bench.clips}


def test_every_rung_is_refused_and_the_undamaged_clips_are_not(bench: Bench, truth: Videos) -> None:
    rungs = [rung for rung in damage.LADDER if rung.name.startswith(RUNGS)]
    assert len(rungs) >= len(RUNGS)
    undamaged, *rows = damage.ladder(bench, [truth], rungs).rows
    assert undamaged[2] == "none"
    assert [row[0] for row in rows if row[2] == row[3] == "none"] == []


def test_the_rule_that_refuses_is_the_one_made_for_it(bench: Bench, truth: Videos) -> None:
    of = {rung.name: rung for rung in damage.LADDER}
    for rung, metric in (
        ("flicker of 10%", "flicker_lab_all_frames"),
        ("8 frames frozen", "frozen_frames"),
        ("another person's face", "face_error_lab_all_frames"),
    ):
        assert metric in refused_by_floors(bench, bench.judged({"model": damage.damage(bench, truth, of[rung])}))


def test_the_lookup_that_never_sees_the_person_is_refused(bench: Bench) -> None:
    library = zoo.Library(
        [
            zoo.Trained(clip.scene.prompt, clip.rgb_TYX3, clip.person_YX3, exact(clip))
            for clip in (filmed(0, index) for index in range(16))
        ],
        frames=33,
    )
    prompts = [filmed(1000, index).scene.prompt for index in CLIPS]
    rows = {row[0]: row for row in cheats.cheats_table(bench, library, prompts).rows}
    assert len(rows) >= 16
    assert rows["mean of the action, product pasted on, ellipse"][1] == "yes"
    assert [name for name, row in rows.items() if row[1] == "NO" and name not in PUPPETS] == []
