"""Any text can be drawn; one that is too long is cut, one of one line stays what it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from foundation.drawn_text import Ink, draw_line, fitting
from foundation.texts import one_line

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
INK = Ink(12, (0, 0, 0), 120)


def drawn(text: str, ink: Ink = INK) -> np.ndarray:
    picture = Image.new("RGB", (160, 24), (255, 255, 255))
    draw_line(ImageDraw.Draw(picture), (0, 3), text, ink)
    return np.asarray(picture)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(ANY_TEXT)
def test_any_text_is_drawn_in_one_line(text: str) -> None:
    picture = drawn(text)
    assert (picture[:, 130:] == 255).all(), "beyond its width nothing is drawn"
    line = one_line(text)
    assert line.isprintable() or "\xa0" in line or " " in line
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")


@pytest.mark.parametrize(
    "text", ["one\ntwo", "one\r\ntwo", "one\u2028two", "one\u0085two", "one\x00two", "one\ud800two"]
)
def test_what_breaks_a_line_does_not(text: str) -> None:
    assert len(one_line(text).split()) in (1, 2)
    assert (drawn(text) != 255).any()


def test_plain_text_is_drawn_as_it_always_was() -> None:
    """Contact sheets of batches are data: their bytes stay."""
    for text in ("A person turns the mug.", "x" * 80, "The person lifts " * 9):
        expected = Image.new("RGB", (160, 24), (255, 255, 255))
        draw, font, cut = ImageDraw.Draw(expected), ImageFont.load_default(12), text
        while draw.textlength(cut, font=font) > 120 and len(cut) > 4:
            cut = cut[:-5] + " ..."
        draw.text((0, 3), cut, (0, 0, 0), font=font)
        assert fitting(draw, text, INK) == cut
        assert np.array_equal(drawn(text), np.asarray(expected))


def test_letters_of_other_scripts_are_not_the_same_box() -> None:
    pictures = [drawn(text) for text in ("Größe", "Чашка", "ąęłńś", "αβγδε")]
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert not np.array_equal(drawn("Ж"), drawn("Щ"))


def test_a_text_of_a_million_letters_is_drawn() -> None:
    assert (drawn("ü\n" * 1_000_000) != 255).any()
