"""The RGB-only artifact: one folder that generates without anything else and refuses to load when a byte changed.

| file | what |
|---|---|
| model.safetensors | the RGB stream's weights, matrices in the sampling's precision, the rest fp32; no HOI key |
| network.json | NetworkConfig and RecipeConfig |
| conditioning.json | EncodingConfig, and ClipFormat without how prepared videos are stored |
| latent_codec.safetensors | where an encoder was fitted: what it keeps (here the linear codec's basis) |
| empty_text.safetensors | the encoded empty prompt, for guidance |
| sampling.json | SamplingConfig, those of its fields that decide a pixel |
| manifest.json | sha256 of every file above, how it was trained (model.contracts.method), model.artifact.proof |

Safetensors and JSON only: loading it runs no code from the folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from foundation.clip_format import ClipFormat
from foundation.digests import digest_of, file_sha256
from foundation.fingerprint import harmless_fields
from foundation.state_file import read_state
from model.conditioning.audio_encoder import AudioEncoder
from model.conditioning.build import build_audio_encoder, build_codec, build_text_encoder
from model.conditioning.given_weights import assert_given
from model.conditioning.latent_codec import LatentCodec
from model.conditioning.text_encoder import TextEncoder
from model.contracts import EncodingConfig, NetworkConfig, RecipeConfig, SamplingConfig
from model.contracts.method import Shipped
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import store_matrices

FORMAT = "graspline-rgb-artifact-2"
MANIFEST, WEIGHTS, NETWORK, CONDITIONING = "manifest.json", "model.safetensors", "network.json", "conditioning.json"
EMPTY_TEXT, SAMPLING = "empty_text.safetensors", "sampling.json"
NOT_OF_A_MODEL = {"lossless"}  # field of ClipFormat that only says how prepared videos are stored
Config = TypeVar("Config", bound=BaseModel)


class ArtifactManifest(Shipped, frozen=True, extra="forbid"):
    """manifest.json."""

    format: str
    encoders_digest: str
    given_weights: dict[str, str]  # files of real encoders, which do not travel with it -> sha256
    parameters: int
    proof: dict[str, str]
    files: dict[str, str]  # name -> sha256


@dataclass(frozen=True)
class LoadedArtifact:
    """Everything generation needs."""

    folder: Path
    manifest: ArtifactManifest
    network: DualStreamTransformer
    recipe: RecipeConfig
    encoding: EncodingConfig
    clip: ClipFormat
    sampling: SamplingConfig
    codec: LatentCodec
    text: TextEncoder
    audio: AudioEncoder
    empty_text_LD: Tensor


def load_artifact(folder: Path, device: str = "cpu") -> LoadedArtifact:
    """Verify the folder and build everything in it, in evaluation mode.

    Raises:
        ValueError: a file is missing, changed or added, it is not from stage two, holds HOI or NaN weights, or its
            given encoder weights are not on this machine, or others in their place.
    """
    manifest = verify_files(folder)
    assert_given(manifest.given_weights)
    network = load_network(folder).to(device)
    encoding = read_config(folder / CONDITIONING, "encoding", EncodingConfig)
    return LoadedArtifact(
        folder=folder,
        manifest=manifest,
        network=network,
        recipe=network.recipe,
        encoding=encoding,
        clip=read_config(folder / CONDITIONING, "clip", ClipFormat),
        sampling=read_config(folder / SAMPLING, None, SamplingConfig),
        codec=build_codec(encoding.latent_codec, folder, device),
        text=build_text_encoder(encoding.text_encoder, folder, device),
        audio=build_audio_encoder(encoding.audio_encoder, folder, device),
        empty_text_LD=load_file(folder / EMPTY_TEXT)["text_LD"],
    )


def verify_files(folder: Path) -> ArtifactManifest:
    """Check the folder against its manifest, byte by byte.

    Raises:
        ValueError: names the file that is missing, changed or unknown, or what it was trained as instead.
    """
    manifest = read_manifest(folder)
    present = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {MANIFEST}
    if unknown := sorted(present - manifest.files.keys()):
        raise ValueError(f"{folder / unknown[0]} is not in the artifact's manifest: remove it, or export again")
    for name, digest in manifest.files.items():
        if name not in present:
            raise ValueError(f"{folder / name} is missing from the artifact: export again")
        if file_sha256(folder / name) != digest:
            raise ValueError(f"{folder / name} changed since its export (sha256 differs): export again")
    return manifest


def conditioning_digest(manifest: ArtifactManifest) -> str:
    """Of all files but the network and how it is sampled: codec, text and audio encoder, their configuration."""
    of_network = (WEIGHTS, NETWORK, SAMPLING)
    files = {name: digest for name, digest in manifest.files.items() if name not in of_network}
    return digest_of({**files, **manifest.given_weights})


def read_manifest(folder: Path) -> ArtifactManifest:
    """manifest.json. ValueError: it is missing or of another format."""
    file = folder / MANIFEST
    if not file.exists():
        raise ValueError(f"{file} is missing: {folder} is no artifact; name a folder that model.artifact.export wrote")
    try:
        content = read_state(file, dict[str, Any], "export again")
        written = content.get("format")
        if isinstance(written, str) and written != FORMAT:
            raise ValueError(f"{file} has format {written}, this version reads {FORMAT}: export again")
        return ArtifactManifest.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{file} is refused ({error.errors()[0]['msg']}): export again") from error


def load_network(folder: Path) -> DualStreamTransformer:
    """The RGB stream alone, in evaluation mode, every parameter from model.safetensors.

    Raises:
        ValueError: the file is unreadable, or holds HOI, missing, unknown or NaN weights.
    """
    config = read_config(folder / NETWORK, "network", NetworkConfig)
    network = DualStreamTransformer(config, read_config(folder / NETWORK, "recipe", RecipeConfig), streams="rgb")
    store_matrices(network, read_config(folder / SAMPLING, None, SamplingConfig).precision)
    load_weights(network, folder / WEIGHTS)
    return network.eval().requires_grad_(False)


def load_weights(network: DualStreamTransformer, file: Path) -> None:
    """Fill every parameter of the network from one safetensors file.

    Raises:
        ValueError: see load_network.
    """
    try:
        weights = load_file(file)
    except (SafetensorError, FileNotFoundError) as error:
        raise ValueError(f"{file} cannot be read ({error}): run the step that writes it again") from error
    wanted = set(network.state_dict())
    if network.streams == "rgb" and (hoi := sorted(key for key in weights if is_hoi(key))):
        raise ValueError(f"{file} holds HOI weights ({hoi[0]} and {len(hoi) - 1} more): export again")
    if wrong := sorted(wanted ^ set(weights)):
        raise ValueError(f"{file} does not fit its network configuration ({wrong[0]}, {len(wrong)} keys): export again")
    if broken := sorted(key for key, value in weights.items() if not value.isfinite().all()):
        raise ValueError(f"{file}: {broken[0]} holds NaN or infinity: train the stage again")
    own = network.state_dict()
    if rounded := sorted(key for key, value in weights.items() if value.dtype != own[key].dtype):
        kind = str(own[rounded[0]].dtype).removeprefix("torch.")
        raise ValueError(f"{file}: {rounded[0]} is not {kind}, as the precision of its network wants: export again")
    network.load_state_dict(weights)


def is_hoi(key: str) -> bool:
    """Whether a parameter belongs to the HOI stream alone (a test compares this with the network's own classes)."""
    return "hoi_" in key


def read_config(file: Path, section: str | None, model: type[Config]) -> Config:
    """One section of a JSON file of the artifact, or all of it; a field that decides nothing is the caller's to set.

    Raises:
        ValueError: the section is missing, or its fields are not those of this version.
    """
    content = read_state(file, dict[str, Any], "export again")
    values: dict[str, Any] = content if section is None else content.get(section, {})
    kept = {key: value for key, value in values.items() if key not in harmless_fields(model)}
    try:
        return model.model_validate(kept)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, [section, *fault["loc"]] if section else fault["loc"]))
        raise ValueError(
            f"{file}: {field}: {fault['msg']}: another version of Graspline wrote it; use that version, or export again"
        ) from error
