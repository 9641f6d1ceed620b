"""From the configuration's `kind` to the encoder behind each protocol; heavy libraries are imported only where used."""

from pathlib import Path

from model.conditioning.audio_encoder import AudioEncoder
from model.conditioning.latent_codec import LatentCodec
from model.conditioning.text_encoder import HashedWords, TextEncoder
from model.contracts import AudioEncoderConfig, LatentCodecConfig, TextEncoderConfig


def build_codec(config: LatentCodecConfig, folder: Path, device: str = "cpu") -> LatentCodec:
    """The codec that `config` names.

    Args:
        config: `encoding.latent_codec`.
        folder: holds latent_codec.safetensors where the codec is the linear one.
        device: where the Wan VAE runs; the linear codec follows its input.

    Raises:
        ValueError: its weights are missing or of another width.
    """
    if config.kind == "linear":
        from model.conditioning.linear_codec import LinearCodec

        codec = LinearCodec.load(folder / "latent_codec.safetensors")
    else:
        from model.conditioning.wan_codec import WanCodec

        codec = WanCodec.load(weights_folder(config.weights, "latent_codec"), device)
    if codec.channels != config.channels:
        raise ValueError(
            f"encoding.latent_codec.channels says {config.channels} but its weights have {codec.channels}: "
            "correct the configuration, or fit the encoders again"
        )
    return codec


def build_text_encoder(config: TextEncoderConfig, device: str = "cpu") -> TextEncoder:
    """The encoder that `config` (`encoding.text_encoder`) names. ValueError: weights missing or of another width."""
    if config.kind == "hashed_words":
        return HashedWords(config.dim, config.tokens)
    from model.conditioning.umt5_text_encoder import Umt5TextEncoder

    encoder = Umt5TextEncoder.load(weights_folder(config.weights, "text_encoder"), config.tokens, device)
    if encoder.dim != config.dim:
        raise ValueError(f"encoding.text_encoder.dim says {config.dim} but its weights have {encoder.dim}: correct it")
    return encoder


def build_audio_encoder(config: AudioEncoderConfig, device: str = "cpu") -> AudioEncoder:
    """The encoder that `config` (`encoding.audio_encoder`) names. ValueError: weights missing or of another width."""
    if config.kind == "log_mel":
        from model.conditioning.log_mel_audio import LogMelAudio

        encoder = LogMelAudio(config.dim)
    else:
        from model.conditioning.wav2vec2_audio import Wav2Vec2Audio

        encoder = Wav2Vec2Audio.load(weights_folder(config.weights, "audio_encoder"), device)
    if (encoder.dim, encoder.layers) != (config.dim, config.layers):
        raise ValueError(
            f"encoding.audio_encoder says dim {config.dim} and {config.layers} layers but the encoder has "
            f"{encoder.dim} and {encoder.layers}: correct it"
        )
    return encoder


def weights_folder(weights: str | None, encoder: str) -> Path:
    """The folder that `encoding.<encoder>.weights` names.

    Raises:
        ValueError: it is not set, or there is no such folder.
    """
    if weights is None:
        raise ValueError(f"encoding.{encoder}.weights is not set: name the folder that save_pretrained wrote")
    folder = Path(weights)
    if not (folder / "config.json").exists():
        raise ValueError(f"encoding.{encoder}.weights: {folder} holds no config.json: put the weights there first")
    return folder
