"""Every mistake in a shape is named with its field and the fix."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, r"network\.dim 48 is not a multiple of network\.heads 5"),
        ({"dim": 64, "heads": 1}, "third must come out even"),
        ({"dim": 80, "heads": 2}, "third must come out even"),
        ({"patch": (2, 2, 2)}, r"patch\.0\s+Input should be 1"),
        ({"frequency_dim": 15}, r"frequency_dim\s+Input should be a multiple of 2"),
        (
            {"audio_injection_layers": [0, 2]},
            r"network\.audio_injection_layers names layer 2: .*so give layers 0\.\.1",
        ),
        ({"audio_injection_layers": [1, 1]}, "1 stands there twice: leave one out"),
    ],
)
def test_networks_that_cannot_be_built(small: NetworkConfig, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkConfig.model_validate(small.model_dump() | change)


@pytest.mark.parametrize("head_dim", [48, 96, 128, 144])
def test_head_sizes_of_the_published_models_build(small: NetworkConfig, read_recipe: Any, head_dim: int) -> None:
    network = NetworkConfig.model_validate(small.model_dump() | {"dim": 2 * head_dim})
    model = DualStreamTransformer(network, read_recipe("paper"))
    weights = {name: weight for name, weight in model.state_dict().items() if name.endswith("self_attention.q.weight")}
    widths = {len(weight) for weight in weights.values()}
    assert widths == {2 * head_dim}


def test_batches_that_do_not_fit(small: NetworkConfig, read_recipe: Any, make_inputs: Any) -> None:
    model, inputs = DualStreamTransformer(small, read_recipe("paper")), make_inputs(small, (2, 8, 8))
    c = inputs.conditions

    def refused(message: str, rgb: Tensor = inputs.rgb, hoi: Tensor = inputs.hoi, **changes: Any) -> None:
        with pytest.raises(ValueError, match=message):
            model(rgb, inputs.timestep, replace(c, **changes), hoi)

    odd = inputs.rgb[..., :7]
    refused("not divisible by network.patch", rgb=odd)
    refused(
        r"rgb_BCThw has shape \(2, 3.* 3 channels, but network\.latent_channels is 4: encode", rgb=inputs.rgb[:, :3]
    )
    refused("add the missing axes", rgb=inputs.rgb[0])
    refused("hoi_BCThw has shape", hoi=inputs.hoi[:, :, :1])
    refused("6 steps, shorter than the clip's 8", audio_BKAS=c.audio_BKAS[..., :6])
    refused(r"conditions\.audio_BKAS has shape", audio_BKAS=c.audio_BKAS[:, :1])
    refused(r"conditions\.person_BC1hw has shape", person_BC1hw=c.person_BC1hw[..., :4])
    refused(r"conditions\.product_BC1hw has shape", product_BC1hw=c.product_BC1hw[:, :2])
    refused(r"conditions\.pose_BCThw has shape", pose_BCThw=c.pose_BCThw[:, :, :1])
    refused(r"conditions\.motion_BCFhw has shape", motion_BCFhw=c.motion_BCFhw[:1])
    refused(r"conditions\.text_BLD has shape", text_BLD=c.text_BLD[..., :3])
    refused("hoi_text_BLD is missing", hoi_text_BLD=None)
    no_motion = DualStreamTransformer(small.model_copy(update={"motion": False}), read_recipe("paper"))
    with pytest.raises(ValueError, match=r"network\.motion is false"):
        no_motion(inputs.rgb, inputs.timestep, c, inputs.hoi)
    short = DualStreamTransformer(small.model_copy(update={"learned_positions": (1, 4, 4)}), read_recipe("paper"))
    with pytest.raises(ValueError, match=r"network\.learned_positions only \(1, 4, 4\)"):
        short(inputs.rgb, inputs.timestep, c, inputs.hoi)


def test_motion_shorter_than_nineteen_frames_is_padded_at_the_old_end(
    small: NetworkConfig, randomized: Any, read_recipe: Any, make_inputs: Any
) -> None:
    model, inputs = randomized(small, read_recipe("paper")), make_inputs(small, (2, 8, 8))
    recent = inputs.conditions.motion_BCFhw[:, :, -3:]
    padded = torch.cat((torch.zeros_like(inputs.conditions.motion_BCFhw)[:, :, :16], recent), dim=2)
    with torch.inference_mode():
        outputs = [
            model(inputs.rgb, inputs.timestep, replace(inputs.conditions, motion_BCFhw=motion)).rgb_BCThw
            for motion in (recent, padded)
        ]
    assert torch.equal(*outputs)
