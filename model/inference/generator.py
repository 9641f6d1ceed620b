"""An exported model, loaded once, that makes videos: what `graspline generate` and the library's face both use."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from foundation.sound import Sound
from model.artifact.rgb_artifact import load_artifact
from model.conditioning.latent_codec import TIME_STRIDE
from model.conditioning.pixels import to_bytes
from model.contracts import SamplingConfig
from model.inference.chain import ChainInputs, check_chains, generate_chain
from model.inference.generated_video import GeneratedVideo
from model.inference.read_inputs import Picture, clip_sound, picture_pixels, pose_pixels
from model.inference.requests import GenerationRequest
from model.inference.sampler import Report
from model.inference.seams import measure_seams


class Settings(TypedDict, total=False):
    """How a video is made; a setting that is left out, or None, is as the model was exported with."""

    seed: int | None  # the same seed gives the same video; 0 where it is left out
    seconds: float | None  # of each clip; the model's whole clip where it is left out
    steps: int | None  # of sampling
    guidance: float | None  # how strongly prompt and speech count; 1: without guidance, half the work
    sigma_shift: float | None
    precision: Literal["fp32", "bf16"] | None  # bf16: quicker on a GPU; a model stored in bf16 has no other
    guidance_passes: Literal["auto", "one", "two"] | None


class Generator:
    """A model that makes videos of a person who handles a product and speaks."""

    def __init__(self, folder: str | Path, registered_as: tuple[str, str] | None = None) -> None:
        """Load an artifact, on the GPU where there is one.

        Args:
            folder: what `model.artifact.export` wrote; nothing else is needed.
            registered_as: model and version in the registry, for the videos' metadata.

        Raises:
            ValueError: it is no artifact, or a byte of it changed.
        """
        self.artifact = load_artifact(Path(folder), "cuda" if torch.cuda.is_available() else "cpu")
        self.digest = folder_digest(Path(folder))
        self.registered_as = registered_as or (None, None)

    def generate(
        self,
        person: str | Picture,
        audio: str | Path | Sound,
        prompt: str | Sequence[str],
        product: str | Picture | None = None,
        pose: str | Path | None = None,
        **settings: Unpack[Settings],
    ) -> GeneratedVideo:
        """Make one video.

        Args:
            person: picture of the person; a file, or RGB values uint8 [H,W,3]. Of any size.
            audio: speech; a file, or (float32 [S] in -1..1, samples per second). Its beginning is used.
            prompt: what the person does; several are as many clips, each continuing the one before.
            product: picture of the product, like `person`; None: a video without one.
            pose: skeleton video that the person follows, at the model's frame rate.
            settings: seed, seconds, steps, guidance, ...: see Settings.

        Returns:
            frames uint8 [T,H,W,3] and sound float32 [S], their rates, and `save(path)`.

        Raises:
            ValueError: an input cannot be read or does not fit, or a setting is wrong; names it and the fix.
        """
        chosen: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}
        request = GenerationRequest(
            person=_file(person),
            audio=_file(audio),
            prompts=[prompt] if isinstance(prompt, str) else prompt,
            product=_file(product),
            pose=_file(pose),
            seeds=[chosen.pop("seed", 0)],
            seconds=chosen.pop("seconds", None),
            sampling=chosen,
        )
        return self.generate_all(request)[0]

    def generate_all(self, request: GenerationRequest, report: Report | None = None) -> list[GeneratedVideo]:
        """The request's videos, one a seed, generated together. ValueError: as `generate`."""
        if len(request.prompts) > 1:
            check_chains(self.artifact)
        artifact = replace(self.artifact, sampling=self.sampling(request))
        inputs = _read(request, artifact.clip)
        video_BCTHW = generate_chain(artifact, inputs, request.seeds, report).cpu()
        pairs = zip(request.seeds, video_BCTHW, strict=True)
        return [self._video(request, inputs, seed, video_CTHW) for seed, video_CTHW in pairs]

    def sampling(self, request: GenerationRequest) -> SamplingConfig:
        """How the request is sampled: its own settings over the artifact's. ValueError: a setting is wrong."""
        try:
            return SamplingConfig.model_validate({**self.artifact.sampling.model_dump(), **request.sampling})
        except ValidationError as error:
            fault = error.errors()[0]
            raise ValueError(f"{'.'.join(map(str, fault['loc']))}={fault['input']}: {fault['msg']}") from error

    def _video(self, request: GenerationRequest, inputs: ChainInputs, seed: int, video_CTHW: Tensor) -> GeneratedVideo:
        about = {
            "artifact": str(self.artifact.folder),
            "artifact_digest": self.digest,
            "registered_model": self.registered_as[0],
            "version": self.registered_as[1],
            "stage_two_weights_sha256": self.artifact.manifest.stage_two_weights_sha256,
            "seed": seed,
            "sampling": self.sampling(request).model_dump(),
            "inputs": {name: _named(getattr(request, name)) for name in ("person", "product", "audio", "pose")},
            "prompts": list(request.prompts),
            "frames_per_clip": inputs.frames_per_clip,
        }
        references = [x for x in (inputs.person_1C1HW, inputs.product_1C1HW) if x is not None]
        return GeneratedVideo(
            frames=to_bytes(video_CTHW),
            sound=inputs.samples,
            frames_per_second=self.artifact.clip.frames_per_second,
            samples_per_second=self.artifact.clip.audio_samples_per_second,
            prompts=request.prompts,
            references=np.concatenate([to_bytes(reference_1C1HW[0]) for reference_1C1HW in references]),
            seams=measure_seams(video_CTHW, inputs.frames_per_clip),
            about=about,
        )


def new_frames(clip: ClipFormat, seconds: float | None) -> int:
    """How many frames (4T, at most the clip's own but its reference) show `seconds`.

    Raises:
        ValueError: longer than one clip, or shorter than four frames.
    """
    if seconds is None:
        return clip.frames - 1
    frames = TIME_STRIDE * round(seconds * clip.frames_per_second / TIME_STRIDE)
    if not TIME_STRIDE <= frames <= clip.frames - 1:
        shortest, longest = (count / clip.frames_per_second for count in (TIME_STRIDE, clip.frames - 1))
        raise ValueError(
            f"{seconds:g} seconds: a clip of this model lasts {shortest:.2f} to {longest:.2f} s; "
            "ask for that, and for more clips with more than one prompt"
        )
    return frames


def _read(request: GenerationRequest, clip: ClipFormat) -> ChainInputs:
    frames_per_clip = new_frames(clip, request.seconds)
    frames = frames_per_clip * len(request.prompts)
    return ChainInputs(
        prompts=request.prompts,
        frames_per_clip=frames_per_clip,
        person_1C1HW=picture_pixels(request.person, clip),
        samples=clip_sound(request.audio, clip, frames),
        product_1C1HW=None if request.product is None else picture_pixels(request.product, clip),
        product_scale=request.product_scale,
        pose_1CTHW=None if request.pose is None else pose_pixels(request.pose, clip, frames),
    )


def _file(given: Any) -> Any:
    """A path where a string was given; else what was given."""
    return Path(given) if isinstance(given, str) else given


def _named(given: Path | NDArray[np.uint8] | Sound | None) -> str | None:
    """How V.json names an input."""
    return None if given is None else str(given) if isinstance(given, Path) else "an array"
