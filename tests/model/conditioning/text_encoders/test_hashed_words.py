"""Hashed words: words are directions, padding is zero, what does not fit is refused."""

import pytest
import torch

from model.conditioning.text_encoders.hashed_words import HashedWords


def test_hashed_words_depend_on_the_word_and_its_place() -> None:
    text = HashedWords(dim=64, tokens=8).encode(["left hand lifts", "right hand lifts", "hand left lifts", ""])
    assert text.shape == (4, 8, 64)
    assert torch.equal(text[0, 1:], text[1, 1:])
    assert not torch.allclose(text[0, 0], text[1, 0])
    assert not torch.allclose(text[0, :2].flip(0), text[2, :2])  # place matters
    assert not text[3].any()
    assert not text[0, 3:].any()
    assert 0.8 < float(text[0, :3].std()) < 1.4


def test_hashed_words_are_the_same_for_ever() -> None:
    vector = HashedWords(dim=4, tokens=1).encode(["cup"])[0, 0]
    torch.testing.assert_close(vector, torch.tensor(CUP), atol=1e-5, rtol=0)


CUP = [-0.89478, 1.45366, -0.36206, 1.08574]


def test_hashed_words_refuse_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"has 3 words, room for 2.*text_tokens"):
        HashedWords(dim=8, tokens=2).encode(["one two three"])
