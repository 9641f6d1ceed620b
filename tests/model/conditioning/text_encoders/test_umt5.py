"""UMT5 from disk: padding is zero, another width is refused."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from model.conditioning.build import build_text_encoder
from model.contracts import TextEncoderConfig


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
    encoder = build_text_encoder(
        TextEncoderConfig(kind="umt5", dim=16, tokens=6, weights=str(umt5_folder)), umt5_folder
    )
    text = encoder.encode(["a woman lifts a cup", "a cup", ""])
    assert text.shape == (3, 6, 16)
    assert text[0].abs().sum(dim=-1).bool().all()
    assert text[1, :3].abs().sum(dim=-1).bool().all()
    assert not text[1, 3:].any()
    assert text[2, 0].any()  # the end mark alone
    torch.testing.assert_close(encoder.encode(["a cup"])[0], text[1], atol=1e-5, rtol=1e-4)  # padding changes nothing


def test_umt5_of_another_width_is_refused(umt5_folder: Path) -> None:
    with pytest.raises(ValueError, match="dim is 32 but its weights have 16"):
        build_text_encoder(TextEncoderConfig(kind="umt5", dim=32, tokens=6, weights=str(umt5_folder)), umt5_folder)
