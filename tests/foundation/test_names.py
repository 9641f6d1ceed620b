"""Any text at all is a good name, or is refused with one; an id has one spelling."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from foundation.names import (
    LONGEST_NAME,
    Identity,
    IdentityIfKnown,
    Name,
    WrittenIdentity,
    alike,
    check_name,
    is_name,
    normal_identity,
    slug,
    slugs,
    warnings_of,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
FAST = settings(derandomize=True, deadline=None, max_examples=150)
NAME, IDENTITY, IF_KNOWN = TypeAdapter(Name), TypeAdapter(Identity), TypeAdapter(IdentityIfKnown)
WRITTEN = TypeAdapter(WrittenIdentity)


@FAST
@given(ANY_TEXT)
def test_a_text_is_a_plain_name_or_is_refused_with_one(text: str) -> None:
    try:
        name = NAME.validate_python(text)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        assert is_name(message.rpartition("call it ")[2]), message
        assert message.isprintable()
    else:
        assert name == text
        assert name.isascii()
        assert not set(name) - set("_-") - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


@pytest.mark.parametrize(
    ("bad", "wrong", "good"),
    [
        ("x;touch PWNED", "it holds ';'", "x-touch-PWNED"),
        ("../../evil", r"it holds '\.'", "evil"),
        ("march v2", "it holds ' '", "march-v2"),
        ("march.v2@home", r"it holds '\.'", "march-v2-home"),
        ("Müller", "it holds 'ü'", "Muller"),
        ("-rf", "it begins with '-'", "rf"),
        ("a\n", r"it holds '\\n'", "a"),
        ("", "it is empty", "name-"),
        ("x" * 101, "it is too long", "x" * LONGEST_NAME),
        ("日本", "it holds '日'", "name-"),
        (2024, "put it in quotes", ""),
    ],
)
def test_what_is_wrong_is_said_and_a_good_name_proposed(bad: object, wrong: str, good: str) -> None:
    with pytest.raises(ValueError, match=f"{wrong}.*{good}"):
        check_name(bad)


@FAST
@given(st.lists(ANY_TEXT, unique=True, max_size=12))
def test_every_text_of_a_file_system_gets_a_name_of_its_own(texts: list[str]) -> None:
    named = slugs(texts)
    assert all(is_name(f"{name}_000000") for name in named.values())
    assert len({name.lower() for name in named.values()}) == len(texts)
    assert slugs(reversed(texts)) == named


def test_slugs_stay_what_they_are_where_they_can() -> None:
    assert slugs(["march/take_01", "b"]) == {"march/take_01": "march-take_01", "b": "b"}
    twins = slugs(["Take 1", "take-1", "take-1--a1b2c3"])
    assert len(set(twins.values())) == 3
    assert twins["Take 1"].startswith("Take-1--")
    assert slug("é à") == "e-a"


@FAST
@given(ANY_TEXT)
def test_an_id_has_one_spelling_whatever_its_form(text: str) -> None:
    once = normal_identity(text)
    assert normal_identity(once) == once
    assert WRITTEN.validate_python(text) == once
    for form in ("NFC", "NFD"):
        assert normal_identity(unicodedata.normalize(form, f" \t{text}\u200b\n")) == once
    if text.strip().isprintable():
        assert IF_KNOWN.validate_python(text) == once


@pytest.mark.parametrize("written", ["anna ", "\ufeffanna", "anna\u200b", " anna\n", "an\u00adna"])
def test_ids_that_look_the_same_are_the_same(written: str) -> None:
    assert IDENTITY.validate_python(written) == "anna"
    assert IDENTITY.validate_python("mug\u00a0 3") == "mug 3"
    assert IDENTITY.validate_python("Zoe\u0308") == "Zo\u00eb"


@pytest.mark.parametrize("bad", ["", " ", "\u200b", "a\nb", "a\u2028b", "a\u0085b", "a\x00b", "x" * 201, 7, None, True])
def test_an_id_that_names_nobody_or_breaks_a_line_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        IDENTITY.validate_python(bad)


def test_an_unknown_id_may_be_empty() -> None:
    class Record(BaseModel):
        person_id: IdentityIfKnown = ""

    assert Record(person_id=" ").person_id == ""


def test_ids_that_differ_in_letter_case_are_named() -> None:
    assert alike(["Anna", "anna", "bert", "ANNA"]) == [["ANNA", "Anna", "anna"]]
    (line,) = warnings_of("person_id", ["anna", "bert", "Anna"])
    assert line.startswith("warning: person_id 'Anna' and 'anna' differ in letter case only")
    assert warnings_of("person_id", ["anna", "bert"]) == []
