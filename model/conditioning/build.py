"""From the configuration's `kind` to the encoder: each is one file, found by its name in one of three folders.

Such a file has `build(config, folder, device)`, which gives an encoder of the protocol beside the folder; `folder` is
where the data set's encoders lie (datasets/encoders/<batch>, or an artifact). A codec that is fitted on the clips also
has `fit(config, videos, folder)`, which returns a line for people, and `FILES`: what it keeps in that folder. Heavy
libraries load with the file that needs them.
"""

from pathlib import Path
from types import ModuleType

from foundation.by_name import load_choice
from model.conditioning.audio_encoder import AudioEncoder
from model.conditioning.latent_codec import LatentCodec
from model.conditioning.text_encoder import TextEncoder
from model.contracts import AudioEncoderConfig, EncodingConfig, LatentCodecConfig, TextEncoderConfig

ENCODERS = {
    "latent_codec": "model.conditioning.latent_codecs",
    "text_encoder": "model.conditioning.text_encoders",
    "audio_encoder": "model.conditioning.audio_encoders",
}


def build_codec(config: LatentCodecConfig, folder: Path, device: str = "cpu") -> LatentCodec:
    """The codec that `config` (`encoding.latent_codec`) names; `device` is where real weights run.

    Raises:
        ValueError: its weights are missing or of another width.
    """
    codec: LatentCodec = load_choice(ENCODERS["latent_codec"], config.kind).build(config, folder, device)
    if codec.channels != config.channels:
        raise ValueError(
            f"encoding.latent_codec.channels is {config.channels} but its weights have {codec.channels}: "
            "correct the configuration, or fit the encoders again"
        )
    return codec


def build_text_encoder(config: TextEncoderConfig, folder: Path, device: str = "cpu") -> TextEncoder:
    """The encoder that `config` (`encoding.text_encoder`) names. ValueError: weights missing or of another width."""
    encoder: TextEncoder = load_choice(ENCODERS["text_encoder"], config.kind).build(config, folder, device)
    if encoder.dim != config.dim:
        raise ValueError(f"encoding.text_encoder.dim is {config.dim} but its weights have {encoder.dim}: correct it")
    return encoder


def build_audio_encoder(config: AudioEncoderConfig, folder: Path, device: str = "cpu") -> AudioEncoder:
    """The encoder that `config` (`encoding.audio_encoder`) names. ValueError: weights missing or of another width."""
    encoder: AudioEncoder = load_choice(ENCODERS["audio_encoder"], config.kind).build(config, folder, device)
    if (encoder.dim, encoder.layers) != (config.dim, config.layers):
        raise ValueError(
            f"encoding.audio_encoder has dim {config.dim} and {config.layers} layers but the encoder has "
            f"{encoder.dim} and {encoder.layers}: correct it"
        )
    return encoder


def encoder_modules(encoding: EncodingConfig) -> dict[str, ModuleType]:
    """latent_codec, text_encoder, audio_encoder -> the module that `kind` names."""
    return {name: load_choice(package, getattr(encoding, name).kind) for name, package in ENCODERS.items()}


def fitted_files(encoding: EncodingConfig) -> list[str]:
    """Names of the files that these encoders keep in their folder: an artifact takes them along."""
    return [file for module in encoder_modules(encoding).values() for file in getattr(module, "FILES", ())]
