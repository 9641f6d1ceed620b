"""The parent's side, with real children: what is remembered, what a broken backend costs, what is not configured."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.backends.config import ScoringConfig, VlmConfig, WeightsConfig
from evaluation.backends.launch import measure_videos, settings_missing
from evaluation.backends.video import Frames, VideoClip
from foundation.by_name import choices, declared

TOOLS = "evaluation.backends.tools"
MakeClip = Callable[..., VideoClip]


def test_unchanged_videos_start_no_child_and_changed_ones_do(
    make_clip: MakeClip, moving: Frames, tmp_path: Path
) -> None:
    clips, config = [make_clip("a"), make_clip("b", 255 - moving)], ScoringConfig(processes=2)
    lines: list[str] = []

    def again() -> list[float | None]:
        lines.clear()
        outcomes = measure_videos(clips, ["flow_warp"], config, lines.append, tmp_path / "kept")["flow_warp"]
        assert set(outcomes) == {"a", "b"}
        assert outcomes["a"].answer is not None
        return outcomes["a"].answer.per_frame["flow_warp_error"]

    first = again()
    assert sorted(line.rpartition(" ")[2] for line in lines if "done" not in line) == ["a", "b"]
    assert again() == first
    assert lines == []
    clips[0] = clips[0].model_copy(update={"person": clips[1].person, "prompt": "another"})  # flicker sees neither
    assert again() == first
    assert lines == []
    make_clip("a", moving[:4])
    assert len(again()) == 4
    assert [line.rpartition(" ")[2] for line in lines if "done" not in line] == ["a"]


def test_a_backend_that_does_not_load_is_a_fault_of_every_clip_and_is_asked_again(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "config.json").write_text("no json")
    config = ScoringConfig(weights=WeightsConfig(clip=str(weights)))
    outcomes = measure_videos([make_clip()], ["clip_frames"], config, lambda _: None, tmp_path / "kept")["clip_frames"]
    assert outcomes["a"].answer is None
    assert outcomes["a"].fault.startswith("clip_frames ended with exit code 1")
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_is_not_configured_names_its_setting_and_what_is_not_there_its_file(tmp_path: Path) -> None:
    assert settings_missing("clip_aesthetic", ScoringConfig()) == (
        "set scoring.weights.clip; set scoring.weights.laion_head"
    )
    assert settings_missing("vlm_questions", ScoringConfig()) == "set scoring.vlm.address"
    assert settings_missing("vlm_questions", ScoringConfig(vlm=VlmConfig(address="http://127.0.0.1:1/v1"))) == ""
    assert settings_missing("flow_warp", ScoringConfig()) == ""
    gone = ScoringConfig(weights=WeightsConfig(dinov2=str(tmp_path / "gone")))
    with pytest.raises(ValueError, match=r"scoring.weights.dinov2 names .*gone, which is not there"):
        settings_missing("dinov2", gone)


@pytest.mark.parametrize("name", choices(TOOLS))
def test_every_backend_says_where_it_runs_what_it_needs_and_what_it_sees(name: str) -> None:
    assert declared(TOOLS, name, "ENVIRONMENT") in {".venv", ".venv-annotators"}
    assert set(declared(TOOLS, name, "INPUTS")) <= set(VideoClip.model_fields)
    for setting in declared(TOOLS, name, "SETTINGS"):
        assert not setting or ScoringConfig().missing(setting) == f"set scoring.{setting}"
