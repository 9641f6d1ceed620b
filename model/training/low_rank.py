"""LoRA with the peft library: factors on the backbone, the new modules trained in full (the released script's way).

q, k, v, o and both FFN layers get factors; router, experts and the HOI modules train in full; everything else stands
still. What leaves a stage is merged: plain weights, as if all of them had been trained, so that the next stage, the
export and its proof know nothing of factors (docs/decisions/0006).

Shape legend: R rank, D_in and D_out a layer's widths.
"""

from collections.abc import Mapping

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor

from model.contracts import LowRankConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.adapter_keys import LowRank, adapted_layers, is_trained_in_full

BASE, DOWN, UP = ".base_layer.", ".lora_A.default.weight", ".lora_B.default.weight"  # peft's names


def add_low_rank(network: DualStreamTransformer, config: LowRankConfig) -> None:
    """Puts factors on the adapted layers and freezes what is not trained. The output stays as it was: B starts at zero.

    Draws A from torch's default generator: the caller seeds it.
    """
    alpha = config.rank if config.alpha is None else config.alpha
    peft_config = LoraConfig(r=config.rank, lora_alpha=alpha, target_modules=adapted_layers(network))  # pyright: ignore[reportArgumentType] whole numbers are not needed
    inject_adapter_in_model(peft_config, network)
    for part in network.modules():
        if isinstance(part, LoraLayer):
            part.cast_input_dtype_enabled = False  # autocast alone decides the precision of products
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(is_trained_in_full(name) or name.endswith((DOWN, UP)))


def factors_of(state: Mapping[str, Tensor], config: LowRankConfig) -> dict[str, LowRank]:
    """Factors by layer name, from the state of a network with factors; alpha is in B, so they count as they are."""
    layers = [key.removesuffix(DOWN) for key in state if key.endswith(DOWN)]
    return {layer: LowRank(state[layer + DOWN], config.scale * state[layer + UP]) for layer in layers}


def merged(state: dict[str, Tensor], config: LowRankConfig) -> dict[str, Tensor]:
    """Plain weights from the state of a network with factors: weight + B A, under the plain names.

    Empties `state` on the way, so that no second copy of all weights stands beside the first.
    """
    factors = factors_of(state, config)
    plain: dict[str, Tensor] = {}
    for key in list(state):
        value = state.pop(key)
        if key.endswith((DOWN, UP)):
            continue
        layer = key.partition(BASE)[0]
        if BASE in key and key.endswith(".weight"):
            value = value + factors[layer].up_DR @ factors[layer].down_RD
        plain[key.replace(BASE, ".")] = value
    return plain
