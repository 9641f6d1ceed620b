"""The deaf-model number: high where sound reaches the tokens, zero where the encoder is a constant."""

from pathlib import Path

import pytest
import torch

from model.contracts import NetworkConfig
from model.network.audio_encoder import CausalAudioEncoder
from model.network.initialization import initialize
from model.training.hearing import Hearing
from model.training.loss_curve import HEARING, LOSSES, draw_loss_curve

CPU = torch.device("cpu")


@pytest.fixture
def encoder(small: NetworkConfig) -> CausalAudioEncoder:
    torch.manual_seed(0)
    encoder = CausalAudioEncoder(small)
    initialize(encoder)
    return encoder


def sound(clips: int) -> torch.Tensor:
    return torch.randn(clips, 3, 6, 16, generator=torch.Generator().manual_seed(1))


def heard(hearing: Hearing) -> float:
    variation, clips = hearing.taken(CPU).tolist()
    return variation / clips


def test_a_drawn_encoder_hears_and_a_constant_one_does_not(encoder: CausalAudioEncoder) -> None:
    hearing = Hearing(encoder)
    encoder(sound(2))
    assert heard(hearing) > 0.2
    with torch.no_grad():
        encoder.local_conv.conv.weight.zero_()
    encoder(sound(2))
    assert heard(hearing) == 0


def test_clips_whose_sound_was_dropped_do_not_count(encoder: CausalAudioEncoder) -> None:
    hearing, both = Hearing(encoder), sound(2)
    encoder(both[:1])
    alone = heard(hearing)
    both[1] = 0
    encoder(both)
    assert hearing.taken(CPU)[1] == 1
    encoder(both)
    assert heard(hearing) == pytest.approx(alone, rel=1e-5)


def test_nothing_said_since_the_last_time_is_nothing(encoder: CausalAudioEncoder) -> None:
    hearing = Hearing(encoder)
    encoder(sound(2))
    hearing.taken(CPU)
    assert hearing.taken(CPU).tolist() == [0, 0]


def test_steps_without_a_number_are_left_out_of_the_picture(tmp_path: Path) -> None:
    losses: dict[str, float] = dict.fromkeys(LOSSES, 1.0)
    draw_loss_curve([(1, losses | {HEARING: 0.3}), (2, losses), (3, losses | {HEARING: 0.1})], "t", tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 10_000
