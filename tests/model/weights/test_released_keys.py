"""The released layout goes in and out without loss; keys that do not fit are listed."""

from typing import Any

import pytest
import torch

from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.released_keys import base_entries, is_hoi_key, load_released, released_entries, to_released


def test_round_trip(small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    recipe = read_recipe("released")
    model, other = randomized(small, recipe, seed=0), randomized(small, recipe, seed=1)
    released = to_released(model)
    load_released(other, released, "the file")
    for key, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[key], value), key
    again = to_released(other)
    assert again.keys() == released.keys()
    assert all(torch.equal(again[key], released[key]) for key in released)


def test_layout_is_the_released_one(small: NetworkConfig, read_recipe: Any) -> None:
    released = to_released(DualStreamTransformer(small, read_recipe("released")))
    assert released["patch_embedding.weight"].shape == (48, 4, 1, 2, 2)
    assert released["frame_packer.proj_4x.weight"].shape == (48, 4, 4, 8, 8)
    assert released["blocks.1.ffn.hand_expert.fc2.weight"].shape == (48, 8)
    assert released["audio_injector.injector.0.q.weight"].shape == (48, 48)  # injected after block 1, numbered 0


def test_experts_and_router_rows_change_places(small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    model = randomized(small, read_recipe("released"))
    released, experts = to_released(model), model.blocks[0].experts
    assert torch.equal(released["blocks.0.ffn.hand_expert.fc1.weight"], experts.hidden_weight_EXD[0])
    assert torch.equal(released["blocks.0.ffn.face_expert.fc1.weight"], experts.hidden_weight_EXD[1])
    base, head, hand = experts.router[3].bias  # ours: base, head, hand; released: base, hand, face
    assert torch.equal(released["blocks.0.ffn.router.3.bias"], torch.stack((base, hand, head)))


def test_keys_that_do_not_fit_are_listed(small: NetworkConfig, read_recipe: Any) -> None:
    model = DualStreamTransformer(small, read_recipe("released"))
    released = to_released(model)
    released["surplus"] = released.pop("head.head.bias")
    released["depth_head.modulation"] = released["depth_head.modulation"][:, :1]
    with pytest.raises(ValueError, match="the file does not fit") as caught:
        load_released(model, released, "the file")
    for part in ("1 missing keys: head.head.bias", "1 unknown keys: surplus", "depth_head.modulation (1, 1, 48)"):
        assert part in str(caught.value)


def test_nan_weights_are_named(small: NetworkConfig, read_recipe: Any) -> None:
    model = DualStreamTransformer(small, read_recipe("released"))
    released = to_released(model)
    released["head.head.bias"] = torch.full_like(released["head.head.bias"], float("nan"))
    with pytest.raises(ValueError, match=r"NaN or infinite weights.*head\.head\.bias"):
        load_released(model, released, "the file")


def test_base_layout_has_neither_streams_nor_experts(small: NetworkConfig, read_recipe: Any) -> None:
    entries = base_entries(DualStreamTransformer(small, read_recipe("released")))
    theirs = {key for entry in entries for key in entry.theirs}
    assert "blocks.0.ffn.0.weight" in theirs
    assert not any("depth" in key or "expert" in key or "router" in key for key in theirs)
    assert not any(is_hoi_key(entry.ours) for entry in entries)


def test_tiny_options_have_no_released_name(small: NetworkConfig, read_recipe: Any) -> None:
    network = small.model_copy(update={"add_reference_to_target": True})
    with pytest.raises(ValueError, match=r"reference_patch.*has no name in the released layout"):
        released_entries(DualStreamTransformer(network, read_recipe("released")))
