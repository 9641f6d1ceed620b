"""Several clips as one video, a prompt each: every clip continues from the last frames of the ones before it.

As the public inference code does it (CoInteract, arXiv 2604.19636, sec. 3.2, "interactive generation"): the last
`motion_frames` generated frames (73 at full size) are encoded again and given to the network as motion; the new clip is
decoded behind their latents and its own frames are kept. Person and product stay the same in all clips, the sound is
encoded once for the whole video. The first clip has no motion, as in training where it was dropped.

What differs: a pose clip is encoded behind the pose frame before it, as in training, and not behind its own first one;
noise of clip n is the n-th draw of the seed's generator, so that a longer chain begins with the same clips.

Shape legend: B videos (one a seed), C latent channels, T latent frames of a clip, F of motion, H W pixels,
h w latent size, N clips, S samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.artifact.rgb_artifact import LoadedArtifact
from model.conditioning.latent_codec import TIME_STRIDE
from model.inference.sampler import Report, decode_after, draw_noise, sample_latents
from model.network.streams import Conditions


@dataclass(frozen=True)
class ChainInputs:
    """The inputs of one video; pictures and poses are pixels in -1..1 of the artifact's size."""

    prompts: Sequence[str]  # one a clip
    frames_per_clip: int  # that are new in each clip, 4T
    person_1C1HW: Tensor
    samples: NDArray[np.float32]  # mono, at the artifact's rate: N 4T frames' worth
    product_1C1HW: Tensor | None = None
    product_scale: float = 1.0
    pose_1CTHW: Tensor | None = None  # N 4T frames

    @property
    def frames(self) -> int:
        """Of the whole video."""
        return len(self.prompts) * self.frames_per_clip


def generate_chain(
    artifact: LoadedArtifact, inputs: ChainInputs, seeds: Sequence[int], report: Report | None = None
) -> Tensor:
    """One video a seed, with the artifact's own sampling settings.

    Args:
        artifact: a loaded one.
        inputs: the same for all seeds.
        seeds: one a video; all videos are generated together.
        report: progress, over the steps of all clips.

    Returns:
        video_BCTHW fp32 in -1..1, N 4T frames. The person reference is not one of them.

    Raises:
        ValueError: several prompts for a model that was trained without motion, or shapes that do not fit it.
    """
    if len(inputs.prompts) > 1:
        check_chains(artifact)
    chain = _ChainConditions(artifact, inputs, len(seeds))
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    channels, _, height, width = chain.person.shape[1:]
    shape = (channels, inputs.frames_per_clip // TIME_STRIDE, height, width)
    clips: list[Tensor] = []
    for clip in range(len(inputs.prompts)):
        motion_BCFhw = chain.motion(torch.cat(clips, dim=2)) if clips else None
        conditions = chain.conditions(clip, motion_BCFhw)
        noise_BCThw = draw_noise(shape, generators)
        clip_report = _report_of(clip, len(inputs.prompts), report)
        latents_BCThw = sample_latents(
            artifact.network, conditions, artifact.empty_text_LD, artifact.sampling, noise_BCThw, clip_report
        )
        before = conditions.person_BC1hw if motion_BCFhw is None else motion_BCFhw
        clips.append(decode_after(artifact.codec, before, latents_BCThw))
    return torch.cat(clips, dim=2)


def check_chains(artifact: LoadedArtifact) -> None:
    """Raises ValueError where the model was trained without motion: its clips would not continue one another."""
    if not artifact.network.network.motion or not artifact.clip.motion_frames:
        raise ValueError(
            f"{artifact.folder} was trained without the frames before a clip, so its clips cannot be chained: give one "
            "prompt, or train a model with network.motion=true and data.clip.motion_frames of 5 to 73 (4k + 1)"
        )


def motion_frames(available: int, limit: int) -> int:
    """How many of the frames generated so far become motion: 4k + 1 for the causal codec, at most `limit`."""
    return 1 + TIME_STRIDE * ((min(available, limit) - 1) // TIME_STRIDE)


class _ChainConditions:
    """The conditions of every clip, each input encoded once."""

    def __init__(self, artifact: LoadedArtifact, inputs: ChainInputs, batch: int) -> None:
        self.artifact, self.inputs, self.batch = artifact, inputs, batch
        encode = artifact.codec.encode
        self.person = encode(inputs.person_1C1HW)
        self.product = None if inputs.product_1C1HW is None else encode(inputs.product_1C1HW)
        self.audio_KAS = artifact.audio.encode(self._behind_a_silent_frame(), inputs.frames + 1)

    def conditions(self, clip: int, motion_BCFhw: Tensor | None) -> Conditions:
        start, end = clip * self.inputs.frames_per_clip, (clip + 1) * self.inputs.frames_per_clip
        text_1LD = self.artifact.text.encode([self.inputs.prompts[clip]])
        return Conditions(
            text_BLD=self._for_all(text_1LD),
            person_BC1hw=self._for_all(self.person),
            audio_BKAS=self._for_all(self.audio_KAS[None, :, :, start:end]),
            product_BC1hw=None if self.product is None else self._for_all(self.product),
            product_scale=self.inputs.product_scale,
            motion_BCFhw=motion_BCFhw,
            pose_BCThw=self._pose(start, end),
        )

    def motion(self, video_BCTHW: Tensor) -> Tensor:
        """Latents [B,C,F,h,w] of the last frames generated so far."""
        count = motion_frames(video_BCTHW.shape[2], self.artifact.clip.motion_frames)
        return self.artifact.codec.encode(video_BCTHW[:, :, -count:])

    def _pose(self, start: int, end: int) -> Tensor | None:
        if self.inputs.pose_1CTHW is None:
            return None
        first = max(0, start - 1)  # the first clip has no pose before it: its own first one is used
        frames = torch.cat(
            [self.inputs.pose_1CTHW[:, :, first : first + 1], self.inputs.pose_1CTHW[:, :, start:end]], 2
        )
        return self._for_all(self.artifact.codec.encode(frames)[:, :, 1:])

    def _behind_a_silent_frame(self) -> NDArray[np.float32]:
        """The sound with one frame of silence in front: encoders give no column for the frame of the reference."""
        clip = self.artifact.clip
        return np.pad(self.inputs.samples, (clip.audio_samples_per_second // clip.frames_per_second, 0))

    def _for_all(self, x: Tensor) -> Tensor:
        return x.expand(self.batch, *x.shape[1:])


def _report_of(clip: int, clips: int, report: Report | None) -> Report | None:
    """The report of one clip's steps as steps of the whole chain."""
    if report is None:
        return None
    return lambda done, total: report(clip * total + done, clips * total)
