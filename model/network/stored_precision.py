"""Weights stored in the precision that their products run in.

Under autocast a linear layer rounds its weights for every product; stored rounded they give the same bits, take half
the memory and need no rounding. What decides in fp32 stays: norms, modulation, positions and the time embedding, which
run outside autocast.
"""

import torch
from torch import nn

from model.network.embeddings import TimeEmbedding
from model.network.region_experts import RegionExperts


def store_matrices(network: nn.Module, precision: torch.dtype) -> None:
    """Rounds the weights and biases of linear layers, convolutions and experts below `network`, in place."""
    kept = {id(part) for time in network.modules() if isinstance(time, TimeEmbedding) for part in time.modules()}
    for part in network.modules():
        if isinstance(part, nn.Linear | nn.Conv1d | RegionExperts) and id(part) not in kept:
            for name, weight in part.named_parameters(recurse=False):
                setattr(part, name, nn.Parameter(weight.detach().to(precision), weight.requires_grad))
