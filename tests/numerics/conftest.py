"""A second, literal forward pass: plain fp64 over a dictionary of weights in the released layout.

It shares no code with `model/network`: convolutions where ours multiplies matrices, one dense mask, modulation token by
token, complex rotation. Tests get it as `literal_forward`.

Shape legend: B batch, C latent channels, T latent frames, h w latent height and width, N tokens, S all tokens, D width,
L context tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from model.weights.released_keys import to_released


@dataclass(frozen=True)
class Letter:
    """The method as text: weights by released name, sizes, recipe."""

    weight: dict[str, Tensor]
    network: NetworkConfig
    recipe: RecipeConfig

    def linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self.weight[f"{name}.weight"].T + self.weight[f"{name}.bias"]

    def patches(self, name: str, x_BCThw: Tensor) -> Tensor:
        kernel = self.weight[f"{name}.weight"]
        return F.conv3d(x_BCThw, kernel, self.weight[f"{name}.bias"], stride=kernel.shape[2:]).flatten(2).mT

    def time(self, t: float) -> Tensor:
        half = self.network.frequency_dim // 2
        angles = t * 10_000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
        waves = torch.cat((angles.cos(), angles.sin()))[None]
        return self.linear("time_embedding.2", F.silu(self.linear("time_embedding.0", waves)))

    def modulation(self, embedded_1D: Tensor) -> Tensor:
        return self.linear("time_projection.1", F.silu(embedded_1D)).reshape(6, -1)

    def text(self, x_BLD: Tensor) -> Tensor:
        return self.linear("text_embedding.2", gelu(self.linear("text_embedding.0", x_BLD)))

    def rms(self, name: str, x: Tensor) -> Tensor:
        return x / (x.square().mean(-1, keepdim=True) + self.network.eps).sqrt() * self.weight[f"{name}.weight"]

    def attend(self, name: str, x: Tensor, context: Tensor, turns: Tensor | None, mask: Tensor | None) -> Tensor:
        q = self.rms(f"{name}.norm_q", self.linear(f"{name}.q", x)).unflatten(-1, (self.network.heads, -1))
        k = self.rms(f"{name}.norm_k", self.linear(f"{name}.k", context)).unflatten(-1, (self.network.heads, -1))
        v = self.linear(f"{name}.v", context).unflatten(-1, (self.network.heads, -1))
        if turns is not None:
            q, k = turn(q, turns), turn(k, turns)
        scores = torch.einsum("bnhk,bmhk->bhnm", q, k) / q.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return self.linear(f"{name}.o", torch.einsum("bhnm,bmhk->bnhk", scores.softmax(-1), v).flatten(2))

    def experts(self, prefix: str, x: Tensor, on: bool) -> tuple[Tensor, Tensor]:
        if self.recipe.router == "released":
            hidden = F.silu(self.linear(f"{prefix}.router.0", x))
            norm = (self.weight[f"{prefix}.router.2.weight"], self.weight[f"{prefix}.router.2.bias"])
            logits = self.linear(f"{prefix}.router.3", F.layer_norm(hidden, hidden.shape[-1:], *norm))
        else:
            logits = self.linear(f"{prefix}.router.2", F.silu(self.linear(f"{prefix}.router.0", x)))
        share, total = logits.softmax(-1), torch.zeros_like(x)
        order = {"base": 0, "hand": 1, "head": 2}  # released order of the logits
        names = {"base": "base_expert", "hand": "hand_expert", "head": "face_expert"}
        for region in self.recipe.experts:
            expert = f"{prefix}.{names[region]}"
            y = self.linear(f"{expert}.fc2", gelu(self.linear(f"{expert}.fc1", x)))
            total = total + share[..., order[region], None] * y
        return total * on, logits

    def head(self, name: str, x: Tensor, time_1D: Tensor, grid: tuple[int, int, int]) -> Tensor:
        shift, scale = self.weight[f"{name}.modulation"][0] + time_1D
        y = self.linear(f"{name}.head", norm(x, self.network.eps) * (1 + scale) + shift)
        y = y.unflatten(2, (1, 2, 2, -1)).unflatten(1, grid)  # b t h w pt ph pw c
        return torch.einsum("bthwijkc->bctihjwk", y).flatten(6).flatten(4, 5).flatten(2, 3)

    def audio(self, audio_BKAS: Tensor) -> tuple[Tensor, Tensor]:
        name = "casual_audio_encoder"
        x = torch.cat((audio_BKAS[..., :1].repeat(1, 1, 1, 73), audio_BKAS), dim=-1)
        weights = F.silu(self.weight[f"{name}.weights"])
        x = (x * weights / weights.sum(1, keepdim=True)).sum(1)

        def conv(part: str, y: Tensor, stride: int) -> Tensor:
            padded = torch.cat((y[..., :1], y[..., :1], y), dim=-1)
            prefix = f"{name}.encoder.{part}.conv"
            return F.conv1d(padded, self.weight[f"{prefix}.weight"], self.weight[f"{prefix}.bias"], stride)

        def later(y: Tensor) -> Tensor:
            for part in ("conv2", "conv3"):
                y = conv(part, F.silu(norm(y.mT, 1e-6)).mT, 2)
            return F.silu(norm(y.mT, 1e-6))

        local = torch.stack([later(y) for y in conv("conv1_local", x, 1).chunk(4, dim=1)], dim=2)
        padding = self.weight[f"{name}.encoder.padding_tokens"].expand(*local.shape[:2], -1, -1)
        spoken = self.linear(f"{name}.encoder.final_linear", later(conv("conv1_global", x, 1)))
        return torch.cat((local, padding), dim=2)[:, 19:], spoken[:, 19:]

    def inject(self, index: int, target: Tensor, local: Tensor, spoken: Tensor) -> Tensor:
        frames = []
        for t, x in enumerate(target.chunk(local.shape[1], dim=1)):
            adain = self.linear(f"audio_injector.injector_adain_layers.{index}.linear", F.silu(spoken[:, t]))
            shift, scale = adain[:, None].chunk(2, dim=-1)
            y = norm(x, 1e-5) * (1 + scale) + shift
            frames.append(self.attend(f"audio_injector.injector.{index}", y, local[:, t], None, None))
        return target + torch.cat(frames, dim=1)


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))


def norm(x: Tensor, eps: float) -> Tensor:
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt()


def turn(x: Tensor, turns: Tensor) -> Tensor:
    return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()) * turns[:, None]).flatten(-2)


def turns_of(places: list[tuple[list[float], list[float], list[float]]], head: int) -> Tensor:
    rows = []
    for times, heights, widths in places:
        for place in ((t, h, w) for t in times for h in heights for w in widths):
            row = []
            for position, size in zip(place, (head - 2 * (head // 3), head // 3, head // 3), strict=True):
                row += [position * 10_000.0 ** (-2 * i / size) for i in range(size // 2)]
            rows.append(row)
    angles = torch.tensor(rows, dtype=torch.float64)
    return torch.complex(angles.cos(), angles.sin())


def forward(letter: Letter, c: Conditions, rgb: Tensor, hoi: Tensor | None, t: float, full: bool) -> dict[str, Tensor]:
    network, recipe = letter.network, letter.recipe
    T, H, W = rgb.shape[2], rgb.shape[3] // 2, rgb.shape[4] // 2
    types = letter.weight["trainable_cond_mask.weight"]
    pose = torch.zeros_like(rgb) if c.pose_BCThw is None else c.pose_BCThw
    runs = [letter.patches("patch_embedding", rgb) + letter.patches("cond_encoder", pose) + types[0]]
    count = [[float(i) for i in range(n)] for n in (T, H, W)]
    places = [(count[0], count[1], count[2])]

    def spread(stop: int, n: int) -> list[float]:
        return [float(int(x)) for x in np.linspace(0, stop - 1, n)]

    runs.append(letter.patches("patch_embedding", c.person_BC1hw) + types[1])
    places.append(([30.0], count[1], count[2]))
    product = None
    if c.product_BC1hw is not None:
        product = (sum(x.shape[1] for x in runs), H * W)
        runs.append(letter.patches("patch_embedding", c.product_BC1hw) + types[1])
        rows, columns = (spread(max(1, round(n * c.product_scale)), n) for n in (H, W))
        places.append(([31.0], rows, columns))
    if c.motion_BCFhw is not None:
        motion = torch.zeros(*rgb.shape[:2], 19, *rgb.shape[3:], dtype=rgb.dtype)
        motion[:, :, 19 - c.motion_BCFhw.shape[2] :] = c.motion_BCFhw
        oldest = [-19.0, -14.0, -9.0, -4.0]
        buckets = (("proj", 18, 19, 2, [-1.0]), ("proj_2x", 16, 18, 4, [-3.0]), ("proj_4x", 0, 16, 8, oldest))
        for name, start, stop, patch, times in buckets:
            runs.append(letter.patches(f"frame_packer.{name}", motion[:, :, start:stop]) + types[2])
            places.append((times, spread(H, rgb.shape[3] // patch), spread(W, rgb.shape[4] // patch)))
    target, main = T * H * W, sum(x.shape[1] for x in runs)
    if hoi is not None:
        runs.append(letter.patches("depth_patch_embedding", hoi) + letter.weight["depth_cond_mask.weight"][0])
        offset = 1024 - W if recipe.hoi_positions == "wrapped_table" else -W
        places.append((count[0], count[1], [offset + w for w in count[2]]))
    x = torch.cat(runs, dim=1)
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)
    if hoi is not None and not full:
        mask[:main, main:] = False
        mask[main:, target:main] = False
        if product is not None and recipe.hoi_attends_product:
            mask[main:, product[0] : sum(product)] = True
    return through_blocks(
        letter, c, x, (turns_of(places, network.dim // network.heads), mask), (t, target, main, (T, H, W))
    )


def through_blocks(
    letter: Letter, c: Conditions, x: Tensor, seen: tuple[Tensor, Tensor], shape: tuple[float, int, int, Any]
) -> dict[str, Tensor]:
    network, recipe, (t, target, main, grid) = letter.network, letter.recipe, shape
    step, zero = letter.time(t), letter.time(0.0)
    hoi_time = step if recipe.hoi_modulation == "own_step" else zero
    texts = (letter.text(c.text_BLD), None if c.hoi_text_BLD is None else letter.text(c.hoi_text_BLD))
    local, spoken = letter.audio(c.audio_BKAS)
    on, out = recipe.experts_off_above is None or t / 1000 < recipe.experts_off_above, {}
    for layer in range(network.layers):
        b = f"blocks.{layer}"
        table = letter.weight[f"{b}.modulation"][0]
        rows = [(table + letter.modulation(step)).expand(target, -1, -1)]
        rows.append((table + letter.modulation(zero)).expand(main - target, -1, -1))
        if x.shape[1] > main:
            rows.append(
                (letter.weight[f"{b}.depth_modulation"][0] + letter.modulation(hoi_time)).expand(
                    x.shape[1] - main, -1, -1
                )
            )
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = torch.cat(rows).unbind(1)
        y = norm(x, network.eps) * (1 + scale_a) + shift_a
        x = x + gate_a * letter.attend(f"{b}.self_attn", y, y, *seen)
        y = norm(x, network.eps) * letter.weight[f"{b}.norm3.weight"] + letter.weight[f"{b}.norm3.bias"]
        read = [letter.attend(f"{b}.cross_attn", y[:, :main], texts[0], None, None)]
        if texts[1] is not None and x.shape[1] > main:
            read.append(letter.attend(f"{b}.cross_attn", y[:, main:], texts[1], None, None))
        x = x + torch.cat(read, dim=1)
        y = norm(x, network.eps) * (1 + scale_f) + shift_f
        shared = f"{b}.ffn.ffn_base" if recipe.experts else f"{b}.ffn"
        spread = letter.linear(f"{shared}.2", gelu(letter.linear(f"{shared}.0", y)))
        if recipe.experts:
            extra, out[f"router.{layer}"] = letter.experts(f"{b}.ffn", y[:, :target], on)
            spread = torch.cat((spread[:, :target] + extra, spread[:, target:]), dim=1)
        x = x + gate_f * spread
        if layer in network.audio_injection_layers:
            index = network.audio_injection_layers.index(layer)
            x = torch.cat((letter.inject(index, x[:, :target], local, spoken), x[:, target:]), dim=1)
    out["rgb"] = letter.head("head", x[:, :target], step, grid)
    if x.shape[1] > main:
        out["hoi"] = letter.head("depth_head", x[:, main:], step, grid)
    return out


@pytest.fixture
def literal_forward() -> Callable[..., dict[str, Tensor]]:
    """Of a network's weights: (model, recipe, conditions, rgb, hoi, t, full) -> outputs by name."""

    def run(
        model: DualStreamTransformer, recipe: RecipeConfig, c: Conditions, rgb: Tensor, hoi: Tensor | None, **call: Any
    ) -> dict[str, Tensor]:
        weights = {key: x.double() for key, x in to_released(model).items()}
        exact = {name: x.double() for name, x in vars(c).items() if isinstance(x, Tensor)}
        hoi = None if hoi is None else hoi.double()
        letter = Letter(weights, model.network, recipe)
        return forward(letter, replace(c, **exact), rgb.double(), hoi, **call)

    return run
