"""LoRA with the peft library: factors on the backbone, the new modules trained in full (the released script's way).

q, k, v, o and both FFN layers get factors (rank 128, scale 1); router, experts and the HOI modules train in full;
everything else stands still. What leaves a run is merged: plain weights, as if all of them had been trained.

Shape legend: R rank, D_in and D_out a layer's widths.
"""

from collections.abc import Mapping

from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn

from model.network.adapter_keys import LowRank, adapted_layers, is_trained_in_full
from model.network.dual_stream_transformer import DualStreamTransformer

BASE, DOWN, UP = ".base_layer.", ".lora_A.default.weight", ".lora_B.default.weight"  # peft's names


def add_low_rank(network: DualStreamTransformer, rank: int) -> None:
    """Puts factors on the adapted layers and freezes what is not trained. The output stays as it was: B starts at zero.

    Draws A from torch's default generator: the caller seeds it. Raises ValueError for a rank below 1.
    """
    if rank < 1:
        raise ValueError(f"rank {rank}: LoRA needs at least 1 (the released script uses 128)")
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=adapted_layers(network))
    inject_adapter_in_model(config, network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(is_trained_in_full(name) or name.endswith((DOWN, UP)))


def factors_of(state: Mapping[str, Tensor]) -> dict[str, LowRank]:
    """Factors by layer name, from the state of a network with factors."""
    layers = [key.removesuffix(DOWN) for key in state if key.endswith(DOWN)]
    return {layer: LowRank(state[layer + DOWN], state[layer + UP]) for layer in layers}


def merged(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Plain weights from the state of a network with factors: weight + B A, under the plain names."""
    factors = factors_of(state)
    plain: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith((DOWN, UP)):
            continue
        layer = key.partition(BASE)[0]
        if BASE in key and key.endswith(".weight"):
            value = value + factors[layer].up_DR @ factors[layer].down_RD
        plain[key.replace(BASE, ".")] = value
    return plain


def trained_share(network: nn.Module) -> float:
    """Trained parameters / all parameters."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    return sum(size for size, trained in sizes if trained) / sum(size for size, _ in sizes)
