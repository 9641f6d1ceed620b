"""An encoder is one file, found by its name; the configuration knows no other list of them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from foundation.by_name import choices, load_choice
from model.conditioning.audio_encoders.log_mel import LogMelAudio
from model.conditioning.build import ENCODERS, build_audio_encoder, build_text_encoder, fitted_files
from model.conditioning.text_encoders.hashed_words import HashedWords
from model.contracts import AudioEncoderConfig, EncodingConfig, LatentCodecConfig, TextEncoderConfig


def encoding(codec: str) -> EncodingConfig:
    return EncodingConfig(
        latent_codec=LatentCodecConfig(kind=codec, channels=16),
        text_encoder=TextEncoderConfig(kind="hashed_words", dim=8, tokens=4),
        audio_encoder=AudioEncoderConfig(kind="log_mel", dim=8, layers=1),
        hoi_prompt="structure:",
    )


@pytest.mark.parametrize("package", ENCODERS.values())
def test_every_file_of_a_folder_builds(package: str) -> None:
    assert len(choices(package)) >= 2
    for name in choices(package):
        assert callable(load_choice(package, name).build), name


def test_the_name_in_the_configuration_chooses_the_file(tmp_path: Path) -> None:
    text = build_text_encoder(TextEncoderConfig(kind="hashed_words", dim=8, tokens=4), tmp_path)
    audio = build_audio_encoder(AudioEncoderConfig(kind="log_mel", dim=8, layers=1), tmp_path)
    assert isinstance(text, HashedWords)
    assert isinstance(audio, LogMelAudio)
    assert (text.dim, text.tokens, audio.dim) == (8, 4, 8)
    with pytest.raises(ValueError, match="dim 8 and 3 layers but the encoder has 8 and 1"):
        build_audio_encoder(AudioEncoderConfig(kind="log_mel", dim=8, layers=3), tmp_path)


@pytest.mark.parametrize(
    ("config", "values", "message"),
    [
        (LatentCodecConfig, {"kind": "wann", "channels": 4}, "'wann' is none of {latent_codec}, did you mean wan?"),
        (
            TextEncoderConfig,
            {"kind": "umt", "dim": 4, "tokens": 4},
            "'umt' is none of {text_encoder}, did you mean umt5?",
        ),
        (
            AudioEncoderConfig,
            {"kind": "log_me", "dim": 4, "layers": 1},
            "'log_me' is none of {audio_encoder}, did you mean log_mel?",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(config: Any, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        config(**values)
    there = {encoder: ", ".join(choices(package)) for encoder, package in ENCODERS.items()}
    assert message.format(**there) in error.value.errors()[0]["msg"]


def test_only_what_was_fitted_travels_with_an_artifact() -> None:
    assert fitted_files(encoding("linear")) == ["latent_codec.safetensors"]
    assert fitted_files(encoding("wan")) == []
