"""Who is a relative of whom, and what was seen in training."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from evaluation.exam.clip_groups import action_of, groups_of
from evaluation.exam.held_out import EvaluationClip
from foundation.clip_format import ClipFormat
from model.contracts import EncodedBatch, EncodingConfig
from model.encoding.encoded_clips import ClipInfo, EncodedIndex, write_index


@pytest.mark.parametrize(
    ("prompt", "action"),
    [
        ("The person talks and holds a red mug in the left hand, and waves with it.", "and waves with it"),
        ("Talking to the camera, the person holds a can, and Waves with it", "and waves with it"),
        ("waves", "waves"),
        ("", ""),
    ],
)
def test_the_action_is_what_a_prompt_says_last(prompt: str, action: str) -> None:
    assert action_of(prompt) == action


def test_groups_and_what_was_seen(clips: list[EvaluationClip], tmp_path: Path) -> None:
    first, second, third = (
        replace(clip, record=clip.record.model_copy(update={"prompt": prompt, "person_id": person, "product_id": "p"}))
        for clip, prompt, person in zip(clips, ("x, waves", "y, waves", "z, points"), ("a", "b", "b"), strict=True)
    )
    trained = ClipInfo(shards={}, keys={}, prompt="w, waves", person_id="nobody here", product_id="p")
    conf = Path(__file__).parents[3] / "conf"
    index = EncodedIndex(
        batch="t",
        prepared_digest="p",
        encoders_digest="e",
        clip_format=ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0),
        encoding=EncodingConfig.model_validate(yaml.safe_load((conf / "encoding/embedded.yaml").read_text())),
        clips={"t_0": trained},
    )
    write_index(tmp_path, index)
    batch = EncodedBatch(batch="t", folder=str(tmp_path), clips=1, digest="d", prepared_digest="p", encoders_digest="e")
    groups = groups_of([first, second, third], [batch])
    assert groups["clip_0"].groups == {"person": "a", "product": "p", "action": "waves"}
    assert groups["clip_0"].seen == ["product", "action"]
    assert groups["clip_2"].seen == ["product"]
    assert groups["clip_1"].groups["person"] == groups["clip_2"].groups["person"]
