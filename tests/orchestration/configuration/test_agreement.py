"""Sections that contradict each other are refused before anything runs, by both keys and the fix."""

import re

import pytest

from orchestration.configuration.agreement import check_agreement
from orchestration.configuration.load_config import load_sections

LOW_RANK = "training.low_rank={rank: 4}"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["network.text_dim=65"], "network.text_dim is 65: give both the same"),
        (["network.expert_dim=0"], "network.expert_dim is 0: give it, or no experts"),
        (["encoding=wan", "encoding.latent_codec.weights=null"], "encoding.latent_codec.weights is not set"),
        (["network.patch=[1,1,1]"], "network.patch is [1, 1, 1], but the clips' regions"),
        (["data.clip.motion_frames=73"], "network.motion is false: set it true, or the frames 0"),
        (["data.clip.height=192"], "network.learned_positions has [8, 6, 4]: give at least as many, or null"),
        ([LOW_RANK], "without training.initial_weights that is noise"),
        (
            ["training.low_rank={rank: 5000}", "training.initial_weights=a.safetensors"],
            "training.low_rank.rank is 5000, more than the weights' own",
        ),
        (["data.batches.studio_held_out.clips=3"], "the batches held out have 3: ask for fewer, or hold out more"),
        (["gate.rules=[{metric: psnr, floor: 1}]"], "did you mean 'psnr_db'?"),
        (["deepspeed.processes=999"], "deepspeed.processes is 999, and this machine has"),
        (["data.preparation_processes=999"], "data.preparation_processes is 999, and this machine has"),
    ],
)
def test_a_contradiction_is_named_with_its_fix(overrides: list[str], message: str) -> None:
    config = load_sections(overrides)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        check_agreement(config)
    assert "\n" not in str(caught.value)


def test_no_experts_need_no_width() -> None:
    check_agreement(load_sections(["network.expert_dim=0", "recipe.experts=[]"]))


def test_all_contradictions_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"network\.text_dim is 65.*; .*deepspeed\.processes is 999"):
        check_agreement(load_sections(["network.text_dim=65", "deepspeed.processes=999"]))
