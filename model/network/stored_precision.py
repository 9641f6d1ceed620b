"""The precision that a network computes in at inference: fp32, or bf16 as training's autocast has it.

Under autocast a linear layer rounds its weights for every product; stored rounded they give the same bits, take half
the memory and need no rounding. What decides in fp32 stays, stored and computed: the residual stream, norms,
modulation, positions and the time embedding.
"""

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from model.contracts import Precision
from model.network.embeddings import TimeEmbedding
from model.network.region_experts import RegionExperts

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}


def store_matrices(network: nn.Module, precision: Precision) -> None:
    """Rounds the weights and biases of linear layers, convolutions and experts below `network`, in place."""
    kept = {id(part) for time in network.modules() if isinstance(time, TimeEmbedding) for part in time.modules()}
    for part in network.modules():
        if isinstance(part, nn.Linear | nn.Conv1d | RegionExperts) and id(part) not in kept:
            for name, weight in part.named_parameters(recurse=False):
                setattr(part, name, nn.Parameter(weight.detach().to(DTYPES[precision]), weight.requires_grad))


def computing_in(precision: Precision, network: nn.Module) -> AbstractContextManager[Any]:
    """A context in which the network runs in this precision.

    Raises:
        ValueError: the device has no bf16, or fp32 is asked of matrices that are stored in bf16.
    """
    if precision == "fp32":
        if any(parameter.dtype == torch.bfloat16 for parameter in network.parameters()):
            raise ValueError(
                "sampling.precision=fp32, but this model's matrices are stored in bf16: leave it at bf16, or export "
                "the model with sampling.precision=fp32"
            )
        return nullcontext()
    place = next(network.parameters()).device
    device = place.type
    if device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ValueError(
            f"sampling.precision=bf16: {torch.cuda.get_device_name(place)} has no bf16; use one of compute "
            "capability 8.0 or later, or sampling.precision=fp32"
        )
    if device == "cpu" and not torch.cpu._is_avx512_bf16_supported():  # pyright: ignore[reportPrivateUsage]
        warnings.warn("bf16 is emulated on this CPU (no AVX512-BF16): it is slower here than fp32", stacklevel=2)
    return torch.autocast(device, torch.bfloat16)
