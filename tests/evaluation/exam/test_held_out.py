"""Conditions of the exam: stacked as the network wants them, shuffled only where a variant says so."""

from dataclasses import replace

import pytest
import torch

from evaluation.exam.held_out import EvaluationClip, conditions_of, target_latents
from evaluation.exam.open_and_sealed import clip_seed
from evaluation.generate_samples import shuffled


def test_conditions_are_stacked_with_the_reference_frame_apart(clips: list[EvaluationClip]) -> None:
    conditions = conditions_of(clips)
    assert conditions.person_BC1hw.shape == (3, 4, 1, 6, 4)
    assert torch.equal(conditions.person_BC1hw[1, :, 0], clips[1].fields["rgb_CThw"][:, 0])
    assert torch.equal(target_latents(clips[1]), clips[1].fields["rgb_CThw"][:, 1:])
    assert conditions.motion_BCFhw is None


def test_an_input_that_only_some_clips_have_is_named(clips: list[EvaluationClip]) -> None:
    fields = {name: value for name, value in clips[2].fields.items() if name != "product_C1hw"}
    with pytest.raises(ValueError, match="clip clip_2 has no product_C1hw"):
        conditions_of([*clips[:2], replace(clips[2], fields=fields)])


def test_a_variant_changes_its_own_condition_only(clips: list[EvaluationClip]) -> None:
    true, lender = conditions_of(clips), [1, 2, 0]
    prompt, audio = (shuffled(true, variant, lender) for variant in ("prompt_shuffled", "audio_shuffled"))
    assert torch.equal(prompt.text_BLD[0], true.text_BLD[1])
    assert torch.equal(prompt.audio_BKAS, true.audio_BKAS)
    assert torch.equal(audio.audio_BKAS[2], true.audio_BKAS[0])
    assert torch.equal(audio.text_BLD, true.text_BLD)
    assert torch.equal(prompt.person_BC1hw, true.person_BC1hw)


def test_seeds_belong_to_the_clip_and_the_exam() -> None:
    assert clip_seed(7, "a") == clip_seed(7, "a")
    assert len({clip_seed(7, "a"), clip_seed(7, "b"), clip_seed(8, "a"), clip_seed(7, "a", 1)}) == 4
