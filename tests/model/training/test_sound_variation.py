"""The variation of encoded sound: high where sound reaches the tokens, zero where the encoder is a constant."""

from pathlib import Path

import pytest
import torch

from model.contracts import NetworkConfig
from model.flow_matching import LOSSES
from model.network.audio_encoder import CausalAudioEncoder
from model.network.initialization import initialize
from model.training.loss_curve import SOUND_VARIATION, draw_loss_curve
from model.training.sound_variation import SoundVariation

CPU = torch.device("cpu")


@pytest.fixture
def encoder(small: NetworkConfig) -> CausalAudioEncoder:
    torch.manual_seed(0)
    encoder = CausalAudioEncoder(small)
    initialize(encoder)
    return encoder


def sound(clips: int) -> torch.Tensor:
    return torch.randn(clips, 3, 6, 16, generator=torch.Generator().manual_seed(1))


def mean_of(listener: SoundVariation) -> float:
    variation, clips = listener.taken(CPU).tolist()
    return variation / clips


def test_a_drawn_encoder_varies_with_sound_and_a_constant_one_does_not(encoder: CausalAudioEncoder) -> None:
    listener = SoundVariation(encoder)
    encoder(sound(2))
    assert mean_of(listener) > 0.2
    with torch.no_grad():
        encoder.local_conv.conv.weight.zero_()
    encoder(sound(2))
    assert mean_of(listener) == 0


def test_clips_whose_sound_was_dropped_do_not_count(encoder: CausalAudioEncoder) -> None:
    listener, both = SoundVariation(encoder), sound(2)
    encoder(both[:1])
    alone = mean_of(listener)
    both[1] = 0
    encoder(both)
    assert listener.taken(CPU)[1] == 1
    encoder(both)
    assert mean_of(listener) == pytest.approx(alone, rel=1e-5)


def test_no_forward_pass_since_the_last_call_is_zero(encoder: CausalAudioEncoder) -> None:
    listener = SoundVariation(encoder)
    encoder(sound(2))
    listener.taken(CPU)
    assert listener.taken(CPU).tolist() == [0, 0]


def test_steps_without_a_number_are_left_out_of_the_picture(tmp_path: Path) -> None:
    losses: dict[str, float] = dict.fromkeys(LOSSES, 1.0)
    draw_loss_curve(
        [(1, losses | {SOUND_VARIATION: 0.3}), (2, losses), (3, losses | {SOUND_VARIATION: 0.1})],
        "t",
        tmp_path / "c.png",
    )
    assert (tmp_path / "c.png").stat().st_size > 10_000
