"""How a network starts (Wan2.2; CoInteract, arXiv 2604.19636, sec. 3.2).

Linear layers Xavier, heads and the experts' last layer at zero, modulation randn/sqrt(dim). Draws from torch's default
generator: the caller seeds it.
"""

import math

import torch
from torch import Tensor, nn

from model.network.audio_encoder import CausalAudioEncoder
from model.network.embeddings import Head
from model.network.region_experts import RegionExperts
from model.network.tiny_inputs import LearnedPositions
from model.network.transformer_block import TransformerBlock

LEARNED_POSITION_STD = 0.2  # next to tokens of about unit size
AUDIO_LAYER_WEIGHT = 0.01


def initialize(module: nn.Module) -> None:
    """Draws every parameter below `module`, general rules first, then the parts with rules of their own."""
    with torch.no_grad():
        for part in module.modules():
            _general(part)
        for part in module.modules():
            _special(part)


def _general(part: nn.Module) -> None:
    if isinstance(part, nn.Linear | nn.Conv1d):
        nn.init.xavier_uniform_(part.weight)
        assert part.bias is not None
        nn.init.zeros_(part.bias)
    elif isinstance(part, nn.LayerNorm):
        part.reset_parameters()  # a network made on the meta device has only empty memory here


def _special(part: nn.Module) -> None:
    if isinstance(part, TransformerBlock):
        _modulation(part.modulation_16D)
    elif isinstance(part, Head):
        _modulation(part.modulation_12D)
        nn.init.zeros_(part.output.weight)
    elif isinstance(part, RegionExperts):
        for weight_XD in part.hidden_weight_EXD:
            nn.init.xavier_uniform_(weight_XD)
        for rest in (part.hidden_bias_EX, part.output_weight_EDX, part.output_bias_ED):
            nn.init.zeros_(rest)
    elif isinstance(part, CausalAudioEncoder):
        nn.init.constant_(part.layer_weights_1K11, AUDIO_LAYER_WEIGHT)
        nn.init.zeros_(part.padding_token_111D)
    elif isinstance(part, LearnedPositions):
        for table in (part.time_TD, part.rows_HD, part.columns_WD):
            nn.init.normal_(table, std=LEARNED_POSITION_STD)


def _modulation(table_1ND: Tensor) -> None:
    nn.init.normal_(table_1ND, std=1 / math.sqrt(table_1ND.shape[-1]))
