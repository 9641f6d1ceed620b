"""Fit the embedded hand locator on training clips as they come out of the latent codec.

It is fitted on the first training batch only: later deliveries then change neither the locator nor the exam, and
reports stay comparable.

Shape legend: A annotated frames, H W pixels, K = 2 hands (left, right), 2 = x, y.
"""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

from evaluation.exam.hand_locator import HandLocator, LabelledFrames, fit_locator
from evaluation.exam.held_out import EvaluationClip
from evaluation.measuring.hands import annotated_centres
from evaluation.recognisers.one_thread import one_thread
from model.conditioning.latent_codec import LatentCodec
from model.conditioning.pixels import to_bytes

FITTED_CLIPS = 192
LATENT_NOISE = 0.35  # of the latents' unit variance: about what a young generator adds


def fit_hand_locator(clips: Sequence[EvaluationClip], codec: LatentCodec, steps: int, seed: int) -> HandLocator | None:
    """The locator, deterministic in its arguments; None where no clip has a hand box."""
    with_hands = [clip for clip in clips if any(at.left_hand or at.right_hand for at in clip.record.boxes.values())]
    if not with_hands:
        return None
    with one_thread():
        return fit_locator(_labelled(with_hands[:FITTED_CLIPS], codec, seed), steps, seed)


def through_codec(clip: EvaluationClip, codec: LatentCodec, latent_noise: float = 0.0, seed: int = 0) -> Tensor:
    """The clip's frames uint8 [T,H,W,3] as its latents decode, with Gaussian noise added to them if asked."""
    latents_1CThw = clip.fields["rgb_CThw"][None]
    draw = torch.Generator().manual_seed(seed)
    noise = latent_noise * torch.randn(latents_1CThw.shape, generator=draw)
    with torch.no_grad():
        return torch.from_numpy(to_bytes(codec.decode(latents_1CThw + noise)[0]))


def _labelled(clips: Sequence[EvaluationClip], codec: LatentCodec, seed: int) -> LabelledFrames:
    """The annotated frames of all clips, once as the codec decodes them and once with noise in their latents."""
    frames, centres = [], []
    for latent_noise, (index, clip) in product((0.0, LATENT_NOISE), enumerate(clips)):
        annotated, centres_AK2 = annotated_centres(clip.record.boxes)
        frames.append(through_codec(clip, codec, latent_noise, seed + index)[annotated])
        centres.append(torch.from_numpy(centres_AK2).float())
    return LabelledFrames(torch.cat(frames), torch.cat(centres))
