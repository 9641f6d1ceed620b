"""The text encoders: words are directions, padding is zero, what does not fit is refused."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from model.conditioning.build import build_text_encoder
from model.conditioning.text_encoder import HashedWords
from model.contracts import TextEncoderConfig


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


@pytest.fixture(scope="module")
def umt5_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("umt5")
    words = {"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3, "woman": 4, "lifts": 5, "cup": 6}
    tokenizer = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    config = UMT5Config(vocab_size=8, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    UMT5EncoderModel(config).save_pretrained(folder)
    return folder


def test_umt5_from_disk_pads_with_zeros(umt5_folder: Path) -> None:
    encoder = build_text_encoder(TextEncoderConfig(kind="umt5", dim=16, tokens=6, weights=str(umt5_folder)))
    text = encoder.encode(["a woman lifts a cup", "a cup", ""])
    assert text.shape == (3, 6, 16)
    assert text[0].abs().sum(dim=-1).bool().all()
    assert text[1, :3].abs().sum(dim=-1).bool().all()
    assert not text[1, 3:].any()
    assert text[2, 0].any()  # the end mark alone
    torch.testing.assert_close(encoder.encode(["a cup"])[0], text[1], atol=1e-5, rtol=1e-4)  # padding changes nothing


def test_umt5_of_another_width_is_refused(umt5_folder: Path) -> None:
    with pytest.raises(ValueError, match="dim says 32 but its weights have 16"):
        build_text_encoder(TextEncoderConfig(kind="umt5", dim=32, tokens=6, weights=str(umt5_folder)))
