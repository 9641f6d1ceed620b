"""Causal audio encoder and its injection into RGB target tokens (Wan2.2-S2V; CoInteract, arXiv 2604.19636, sec. 3.2).

Speech features come four steps a latent frame. The encoder turns them into a few local tokens and one global token per
latent frame without looking ahead; the injector lets each frame's target tokens attend to that frame's local tokens,
normalised by the global one.

Shape legend: B batch, K encoder layers of the speech model, A its width, S audio steps (4 a latent frame), T latent
frames, G local tokens (4 + 1 learned), D width, N target tokens, t steps at any stage.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.contracts import NetworkConfig
from model.network.attention import CrossAttention

# The public code puts 73 copies of the clip's first column in front (the motion context's time) and drops the 19 latent
# frames they make. One copy and one latent frame give the same: convolutions that repeat their first value on the left
# stay constant as long as their input does.
LEAD_STEPS = 1
LEAD_FRAMES = 1
NORM_EPS = 1e-6
INJECTOR_NORM_EPS = 1e-5


class CausalConv(nn.Module):
    """Kernel 3 over time, padded with two copies of the first value."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels_in, channels_out, kernel_size=3, stride=stride)

    def forward(self, x_BtA: Tensor) -> Tensor:
        """[B,t,in] -> [B,t/stride,out]."""
        padded = F.pad(x_BtA.transpose(1, 2), (2, 0), mode="replicate")
        return self.conv(padded).transpose(1, 2)


class CausalAudioEncoder(nn.Module):
    """Speech features [B,K,A,S] -> local tokens [B,T,G,D] and global tokens [B,T,D]."""

    def __init__(self, network: NetworkConfig) -> None:
        super().__init__()
        dim, self.local_tokens = network.dim, network.audio_tokens_per_frame
        self.layer_weights_1K11 = nn.Parameter(torch.empty(1, network.audio_layers, 1, 1))
        self.local_conv = CausalConv(network.audio_dim, dim // 4 * self.local_tokens, stride=1)
        self.global_conv = CausalConv(network.audio_dim, dim // 4, stride=1)
        self.conv2 = CausalConv(dim // 4, dim // 2, stride=2)
        self.conv3 = CausalConv(dim // 2, dim, stride=2)
        self.global_output = nn.Linear(dim, dim)
        self.padding_token_111D = nn.Parameter(torch.empty(1, 1, 1, dim))

    def forward(self, audio_BKAS: Tensor) -> tuple[Tensor, Tensor]:
        led = torch.cat((audio_BKAS[..., :1].expand(-1, -1, -1, LEAD_STEPS), audio_BKAS), dim=-1)
        weights = F.silu(self.layer_weights_1K11)
        mixed_BSA = (led * weights / weights.sum(dim=1, keepdim=True)).sum(dim=1).transpose(1, 2)
        global_BTD = self.global_output(self._compress(self.global_conv(mixed_BSA)))
        heads = self.local_conv(mixed_BSA).unflatten(-1, (self.local_tokens, -1))
        local_BTGD = self._compress(heads.transpose(1, 2).flatten(0, 1)).unflatten(0, (-1, self.local_tokens))
        local_BTGD = local_BTGD.transpose(1, 2)
        padding = self.padding_token_111D.expand(*local_BTGD.shape[:2], 1, -1).to(local_BTGD.dtype)
        return torch.cat((local_BTGD, padding), dim=2)[:, LEAD_FRAMES:], global_BTD[:, LEAD_FRAMES:]

    def _compress(self, x_BtA: Tensor) -> Tensor:
        """From the first convolution's output to one row a latent frame."""
        x = self.conv2(_activate(x_BtA))
        return _activate(self.conv3(_activate(x)))


class AudioInjector(nn.Module):
    """What one listed block adds to its target tokens."""

    def __init__(self, network: NetworkConfig) -> None:
        super().__init__()
        self.attention = CrossAttention(network.dim, network.heads, network.eps)
        self.modulate = nn.Linear(network.dim, 2 * network.dim)

    def forward(self, target_BND: Tensor, local_BTGD: Tensor, global_BTD: Tensor) -> Tensor:
        """[B,N,D], to be added to the target tokens."""
        batch, frames = local_BTGD.shape[:2]
        x = target_BND.unflatten(1, (frames, -1)).flatten(0, 1)
        shift, scale = self.modulate(F.silu(global_BTD)).flatten(0, 1).unsqueeze(1).chunk(2, dim=-1)
        x = F.layer_norm(x, x.shape[-1:], eps=INJECTOR_NORM_EPS) * (1 + scale) + shift
        return self.attention(x, local_BTGD.flatten(0, 1)).unflatten(0, (batch, frames)).flatten(1, 2)


def _activate(x_BtA: Tensor) -> Tensor:
    return F.silu(F.layer_norm(x_BtA, x_BtA.shape[-1:], eps=NORM_EPS))
