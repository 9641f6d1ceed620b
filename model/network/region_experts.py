"""Human-Aware mixture of experts: small FFNs for head, hand and base regions beside the shared one.

CoInteract, arXiv 2604.19636, sec. 3.3. The router is supervised with face and hand boxes, so the experts are plain
dense FFNs weighted by its softmax. All experts' first layers are one matrix product, their second layers another one.

Shape legend: B batch, N target tokens, D width, E experts, X hidden width of an expert, R = 3 regions,
M = B N tokens, Z = E X.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.contracts import REGIONS, NetworkConfig, RecipeConfig
from model.network.kernels.gelu import TanhGelu, tanh_gelu
from model.network.streams import TIMESTEPS


class SharedFeedForward(nn.Sequential):
    """The backbone's FFN, always on, for every token."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__(nn.Linear(dim, hidden), TanhGelu(), nn.Linear(hidden, dim))


class RegionExperts(nn.Module):
    """Router and experts of one block; adds to what the shared FFN gives on target tokens."""

    def __init__(self, network: NetworkConfig, recipe: RecipeConfig) -> None:
        super().__init__()
        count, dim, hidden = len(recipe.experts), network.dim, network.expert_dim
        self.router = _paper_router(dim, hidden) if recipe.router == "paper" else _released_router(dim)
        self.likeliest_at_inference = recipe.experts_at_inference == "likeliest"
        self.region_of_expert = [REGIONS.index(name) for name in recipe.experts]
        self.hidden_weight_EXD = nn.Parameter(torch.empty(count, hidden, dim))
        self.hidden_bias_EX = nn.Parameter(torch.empty(count, hidden))
        self.output_weight_EDX = nn.Parameter(torch.empty(count, dim, hidden))
        self.output_bias_ED = nn.Parameter(torch.empty(count, dim))

    def route(self, x_BND: Tensor) -> Tensor:
        """Region logits [B,N,R] in the order of REGIONS, from hidden states cut off from the gradient."""
        return self.router(x_BND.detach()).float()

    def forward(self, x_BND: Tensor, logits_BNR: Tensor, on_B: Tensor) -> Tensor:
        """Sum over experts of routing weight x expert(x); `on_B` is 0 for samples whose experts are off."""
        share_BNR = logits_BNR.softmax(dim=-1) * on_B[:, None, None]
        if self.likeliest_at_inference and not self.training:
            return self._likeliest(x_BND, share_BNR)
        share_BNE = share_BNR[..., self.region_of_expert].to(x_BND.dtype)
        hidden_BNZ = F.linear(x_BND, self.hidden_weight_EXD.flatten(0, 1), self.hidden_bias_EX.flatten())
        hidden_BNEX = tanh_gelu(hidden_BNZ).unflatten(-1, self.hidden_bias_EX.shape)
        weighted_BNZ = (hidden_BNEX * share_BNE.unsqueeze(-1)).flatten(-2)
        output_weight_DZ = self.output_weight_EDX.transpose(0, 1).flatten(1)
        return F.linear(weighted_BNZ, output_weight_DZ) + share_BNE @ self.output_bias_ED

    def _likeliest(self, x_BND: Tensor, share_BNR: Tensor) -> Tensor:
        """Each token through the expert of its likeliest region, where that region has one."""
        x_MD, share_M, region_M = x_BND.flatten(0, 1), *(best.flatten() for best in share_BNR.max(dim=-1))
        y_MD = torch.zeros_like(x_MD)
        for expert, region in enumerate(self.region_of_expert):
            rows = (region_M == region).nonzero().squeeze(1)
            hidden = tanh_gelu(F.linear(x_MD[rows], self.hidden_weight_EXD[expert], self.hidden_bias_EX[expert]))
            y = F.linear(hidden, self.output_weight_EDX[expert], self.output_bias_ED[expert])
            y_MD[rows] = (y * share_M[rows, None]).to(y_MD.dtype)
        return y_MD.unflatten(0, x_BND.shape[:2])


def experts_on(recipe: RecipeConfig, timestep_B: Tensor, conditional: bool | Tensor) -> Tensor | None:
    """1 for samples whose experts are on, else 0; None where they are off for all (and need not run)."""
    limit, on_B = recipe.experts_off_above, torch.ones_like(timestep_B, dtype=torch.bool)
    if limit is not None:
        on_B = timestep_B / TIMESTEPS < limit
    if recipe.experts_off_unconditional:
        if conditional is False:
            return None
        on_B = on_B & conditional
    return on_B.float()


def _paper_router(dim: int, hidden: int) -> nn.Sequential:
    """Two-layer MLP (paper); as slim as an expert."""
    return nn.Sequential(nn.Linear(dim, hidden), nn.SiLU(), nn.Linear(hidden, len(REGIONS)))


def _released_router(dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, dim // 2), nn.SiLU(), nn.LayerNorm(dim // 2), nn.Linear(dim // 2, len(REGIONS)))
