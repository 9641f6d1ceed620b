"""Ask a network for one held-out clip's clean latents: how far off its streams are, and what the router picks.

Shape legend: B clips, I noise levels, C latent channels, T latent frames, h w latent size, M layers, N tokens.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from evaluation.exam.held_out import EvaluationClip, conditions_of, target_latents
from evaluation.measuring.network_answer import NetworkAnswer, mean_square
from model.contracts import AttentionMode, Precision
from model.flow_matching import add_noise, router_labels, timesteps_of, to_x0
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import computing_in
from model.network.streams import Conditions


@torch.no_grad()
def ask_network(
    network: DualStreamTransformer,
    clip: EvaluationClip,
    noise_levels: Sequence[float],
    seed: int,
    attention: AttentionMode = "asymmetric",
    precision: Precision = "fp32",
) -> NetworkAnswer:
    """The answer at all noise levels, as one batch with fixed noise, of either kind of network.

    `attention` is full for a network that was trained so in stage two, which is compared and never shipped;
    `precision` is what the model's samples were made in.
    """
    rgb_CThw, hoi_CThw = target_latents(clip), clip.fields["hoi_CThw"]
    levels, sigma_I = len(noise_levels), torch.tensor(noise_levels)
    generator = torch.Generator().manual_seed(seed)
    rgb = add_noise(rgb_CThw.expand(levels, -1, -1, -1, -1), sigma_I, generator)
    hoi = add_noise(hoi_CThw.expand(levels, -1, -1, -1, -1), sigma_I, generator)
    conditions = repeated(conditions_of([clip]), levels)
    hoi_BCThw = hoi.noisy_BCThw if network.streams == "dual" else None
    with computing_in(precision, network):
        output = network(
            rgb.noisy_BCThw, timesteps_of(sigma_I, network.recipe), conditions, hoi_BCThw=hoi_BCThw, attention=attention
        )
    rgb_x0 = to_x0(output.rgb_BCThw.float(), rgb.noisy_BCThw, sigma_I, network.recipe, conditions.person_BC1hw)
    hoi_error = None
    if output.hoi_BCThw is not None:
        hoi_x0 = to_x0(output.hoi_BCThw.float(), hoi.noisy_BCThw, sigma_I, network.recipe, None)
        hoi_error = mean_square((hoi_x0 - hoi_CThw).numpy())
    picks_MIN = output.router_logits_MBNE.argmax(dim=-1)
    labels_MIN = router_labels(clip.fields["regions_N"]).expand_as(picks_MIN) if len(picks_MIN) else picks_MIN
    return NetworkAnswer(
        person_C1hw=clip.fields["rgb_CThw"][:, :1].numpy(),
        rgb_CThw=rgb_CThw.numpy(),
        hoi_CThw=hoi_CThw.numpy(),
        rgb_error=mean_square((rgb_x0 - rgb_CThw).numpy()),
        hoi_error=hoi_error,
        picks_MIN=picks_MIN.numpy(),
        labels_MIN=labels_MIN.numpy(),
    )


def repeated(conditions: Conditions, count: int) -> Conditions:
    """One clip's conditions as a batch of `count`."""
    tensors = {name: value for name, value in vars(conditions).items() if isinstance(value, Tensor)}
    return replace(conditions, **{name: value.expand(count, *value.shape[1:]) for name, value in tensors.items()})
