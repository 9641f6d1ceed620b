"""Encoded clips as training batches: which clips, in which order, with which conditions dropped.

Which inputs the network is given is decided from the data set as a whole, not from the clips of one process: where some
clips have a product, motion or pose, all micro batches carry it, zeros stand in for the clips without, and nobody sees
those. So every process trains the same parameters at every step.

All of it is a function of (seed, step, place in the global batch), see model.training.determinism: the order of an
epoch is one permutation, process r takes places r*m .. r*m + m - 1 of each micro batch. Prompt and audio are dropped
per clip, motion and pose per micro batch, because they change the number of tokens (CoInteract, arXiv 2604.19636, and
its released code: prompt 10 %, audio 10 %, motion 40 %, pose 50 %).

Shape legend: B batch, C latent channels, T latent frames to denoise, h w latent size, F latent frames of motion,
L text tokens, D text width, N target tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from model.contracts import EncodedBatch, RecipeConfig
from model.encoding.encoded_clips import ClipInfo, EncodedClips
from model.encoding.encoders_folder import read_empty_text
from model.network.streams import Conditions
from model.training.determinism import generator

IN_MEMORY_BYTES = 2 * 1024**3
Clip = dict[str, Tensor]
Presence = Literal["all", "some", "none"]


@dataclass(frozen=True)
class Place:
    """Where a micro batch lies: optimizer step, accumulation step, and the places of its clips in the global batch."""

    step: int
    micro: int
    clips: range  # places within the step's global batch


@dataclass(frozen=True)
class TrainingBatch:
    """One micro batch of clean latents with their conditions."""

    place: Place
    clip_ids: list[str]
    rgb_BCThw: Tensor
    hoi_BCThw: Tensor | None  # None: trained without the HOI stream
    regions_BN: Tensor
    conditions: Conditions


class ClipDataset:
    """Every clip of the given batches; held in memory when small, else read from the mapped shards."""

    def __init__(self, batches: Sequence[EncodedBatch], recipe: RecipeConfig, motion: bool, seed: int) -> None:
        self._sources = [EncodedClips(Path(batch.folder)) for batch in batches]
        self._clips = [(source, clip_id) for source in self._sources for clip_id in source.ids]
        self._recipe, self._motion, self._seed = recipe, motion, seed
        infos = [source.info(clip_id) for source, clip_id in self._clips]
        self._presence = {part: _presence(part, infos) for part in ("product", "motion", "pose")}
        moving = (clip for clip, info in zip(self._clips, infos, strict=True) if "motion" in info.keys)
        self._some_motion = next(moving, None)
        self._empty_text_LD = read_empty_text(Path(batches[0].folder))
        size = sum(file.stat().st_size for batch in batches for file in Path(batch.folder).glob("*.safetensors"))
        self._held = [source.load(clip_id) for source, clip_id in self._clips] if size <= IN_MEMORY_BYTES else None
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def __len__(self) -> int:
        return len(self._clips)

    def batch(self, place: Place, global_batch: int) -> TrainingBatch:
        """The micro batch at `place`.

        Raises:
            ValueError: its clips do not fit together; names them and the field.
        """
        chosen = [self._clip_at(place.step * global_batch + k) for k in place.clips]
        ids, clips = [clip_id for clip_id, _ in chosen], [clip for _, clip in chosen]
        with_motion = self._keeps("motion_CFhw", self._recipe.drop_motion, place) and self._motion
        with_pose = self._keeps("pose_CThw", self._recipe.drop_pose, place)
        rgb_BCThw = _stack("rgb_CThw", ids, clips)
        target_BCThw = self._after_motion(ids, clips) if with_motion else rgb_BCThw[:, :, 1:]
        text_BLD, hoi_text_BLD, audio_BKAS = self._words_and_sound(ids, clips, place)
        conditions = Conditions(
            person_BC1hw=rgb_BCThw[:, :, :1],
            product_BC1hw=None if self._presence["product"] == "none" else self._filled("product_C1hw", ids, clips),
            motion_BCFhw=self._filled("motion_CFhw", ids, clips) if with_motion else None,
            pose_BCThw=self._filled("pose_CThw", ids, clips) if with_pose else None,
            has_product_B=self._who_has("product_C1hw", clips),
            has_motion_B=self._who_has("motion_CFhw", clips) if with_motion else None,
            text_BLD=text_BLD,
            hoi_text_BLD=hoi_text_BLD,
            audio_BKAS=audio_BKAS,
        )
        hoi_BCThw, regions_BN = _stack("hoi_CThw", ids, clips), _stack("regions_N", ids, clips)
        return TrainingBatch(place, ids, target_BCThw, hoi_BCThw, regions_BN, conditions)

    def _words_and_sound(self, ids: list[str], clips: list[Clip], place: Place) -> tuple[Tensor, Tensor, Tensor]:
        """Text of both streams and audio, each dropped per clip. The HOI text holds the prompt, so it goes with it."""
        text_BLD, hoi_text_BLD = _stack("text_LD", ids, clips), _stack("hoi_text_LD", ids, clips)
        audio_BKAS = _stack("audio_KAS", ids, clips)
        for row, clip_place in enumerate(place.clips):
            prompt, audio = torch.rand(2, generator=generator(self._seed, "drop", place.step, clip_place)).tolist()
            if prompt < self._recipe.drop_prompt:
                text_BLD[row] = hoi_text_BLD[row] = self._empty_text_LD
            if audio < self._recipe.drop_audio:
                audio_BKAS[row] = 0
        return text_BLD, hoi_text_BLD, audio_BKAS

    def _keeps(self, field: str, dropped: float, place: Place) -> bool:
        """Whether this micro batch keeps an input that changes the number of tokens: the same on every process."""
        draw = torch.rand(1, generator=generator(self._seed, field, place.step, place.micro)).item()
        return self._presence[_part(field)] != "none" and draw >= dropped

    def _filled(self, field: str, ids: list[str], clips: list[Clip]) -> Tensor:
        """A field of all clips; where only some of the data set have it, zeros for those without."""
        if self._presence[_part(field)] == "some":
            clips = [clip if field in clip else {field: self._zeros(field, clip)} for clip in clips]
        return _stack(field, ids, clips)

    def _zeros(self, field: str, clip: Clip) -> Tensor:
        match field:
            case "product_C1hw":
                return torch.zeros_like(clip["rgb_CThw"][:, :1])
            case "pose_CThw":
                return torch.zeros_like(clip["rgb_CThw"][:, 1:])
            case _:
                assert self._some_motion is not None
                source, clip_id = self._some_motion
                return torch.zeros_like(source.load(clip_id)[field])

    def _who_has(self, field: str, clips: list[Clip]) -> Tensor | None:
        """[B] where only some clips of the data set have it, else None."""
        if self._presence[_part(field)] != "some":
            return None
        return torch.tensor([field in clip for clip in clips])

    def _after_motion(self, ids: list[str], clips: list[Clip]) -> Tensor:
        """What is to be denoised where motion is given; of a clip without motion, what it is without."""
        field = "rgb_after_motion_CThw"
        return _stack(field, ids, [clip if field in clip else {field: clip["rgb_CThw"][:, 1:]} for clip in clips])

    def _clip_at(self, position: int) -> tuple[str, Clip]:
        """The clip at a position of the endless sequence of epochs."""
        epoch, within = divmod(position, len(self._clips))
        if self._order[0] != epoch:
            shuffled = torch.randperm(len(self._clips), generator=generator(self._seed, "order", epoch))
            self._order = (epoch, shuffled)
        number = int(self._order[1][within])
        source, clip_id = self._clips[number]
        return clip_id, self._held[number] if self._held else source.load(clip_id)


def _presence(part: str, infos: Sequence[ClipInfo]) -> Presence:
    having = sum(part in info.keys for info in infos)
    return "none" if having == 0 else "all" if having == len(infos) else "some"


def _part(field: str) -> str:
    """motion_CFhw -> motion."""
    return field.rpartition("_")[0]


def _stack(field: str, ids: list[str], clips: list[Clip]) -> Tensor:
    """Field of all clips as one fp32 (or uint8) tensor, a copy."""
    for clip_id, clip in zip(ids, clips, strict=True):
        if field not in clip:
            raise ValueError(
                f"clip {clip_id} has no {_part(field)}, which its batch's index says it has: encode the batch again"
            )
        if clip[field].shape != clips[0][field].shape:
            raise ValueError(
                f"clip {clip_id}: {field} has shape {tuple(clip[field].shape)}, clip {ids[0]} has "
                f"{tuple(clips[0][field].shape)}: prepare all batches with one data.clip format"
            )
    stacked = torch.stack([clip[field] for clip in clips])
    return stacked.float() if stacked.is_floating_point() else stacked
