"""Names and identities: what a person, a delivery or a file system may call something, decided in one place.

A `Name` becomes a folder, a DVC stage, a Dagster partition or an MLflow name, so it is plain: a bad one is refused and
a good one proposed. An `Identity` says which person or product a clip shows. People are held out and withdrawn by it,
so ids that only look different (a space at the end, another Unicode form of the same letters) become one and the same.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
UNFIT = re.compile(r"(-|[^A-Za-z0-9_])+")
LONGEST_NAME, LONGEST_IDENTITY = 100, 200  # characters; the name of a file has 255 bytes at most, and ours add to it
LONGEST_SLUG = 80  # characters of a name to which we add a number
HASH = 6  # digits of a hash that keep two names apart
INVISIBLE = {"Cf"}  # Unicode: marks without a picture of their own, such as U+200B and a byte order mark
BREAKING = {"Cc", "Zl", "Zp", "Cs"}  # Unicode: control characters, separators of lines, halves of a pair


def check_name(value: Any) -> str:
    """The name itself.

    Raises:
        ValueError: it cannot be a name; says what is wrong with it and proposes a good one.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text, so it cannot be a name: put it in quotes")
    if is_name(value):
        return value
    raise ValueError(
        f"{value[:LONGEST_NAME]!r} cannot be a name ({_fault_of(value)}): letters A-Z and a-z, digits, _ and - only, a "
        f"letter or digit first, at most {LONGEST_NAME} characters; call it {slug(value, LONGEST_NAME)}"
    )


def is_name(value: str) -> bool:
    """Whether `check_name` accepts it."""
    return bool(PLAIN.fullmatch(value)) and len(value) <= LONGEST_NAME


def slug(text: str, longest: int = LONGEST_SLUG) -> str:
    """The nearest name: accents dropped, one dash for whatever else is no plain letter. Two texts may have the same."""
    letters = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return UNFIT.sub("-", letters).strip("-_")[:longest].rstrip("-_") or f"name-{_hash(text, HASH)}"


def slugs(texts: Iterable[str]) -> dict[str, str]:
    """A name of its own for every text, the same whatever their order: its slug; with two dashes, which no slug has,
    and digits of its hash where two would be the same or differ in letter case only."""
    plain, digits = {text: slug(text) for text in texts}, HASH
    often = Counter(name.lower() for name in plain.values())
    while True:
        named = {
            text: name if often[name.lower()] == 1 else f"{name[: LONGEST_SLUG - digits]}--{_hash(text, digits)}"
            for text, name in plain.items()
        }
        if len({name.lower() for name in named.values()}) == len(named):
            return named
        digits += 2


def normal_identity(text: str) -> str:
    """An id in its one spelling: Unicode NFC, no invisible marks, one blank for every run of blanks, none around.

    Accepts every text, so that what was written down before ids were checked is read, too.
    """
    if PLAIN.fullmatch(text):
        return text
    visible = "".join(mark for mark in text if unicodedata.category(mark) not in INVISIBLE)
    spaced = "".join(" " if unicodedata.category(mark) in BREAKING else mark for mark in visible)
    return unicodedata.normalize("NFC", " ".join(spaced.split()))


def check_identity(value: Any) -> str:
    """The id in its one spelling, or an empty one where nothing is known.

    Raises:
        ValueError: it is no text, too long, or a line break or control character stands inside it.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text, so it cannot be an id: put it in quotes")
    identity = normal_identity(value)
    inside = unicodedata.normalize("NFC", value).strip()
    if breaking := next((mark for mark in inside if unicodedata.category(mark) in BREAKING), None):
        raise ValueError(
            f"{value[:LONGEST_IDENTITY]!r} cannot be an id (it holds {breaking!r}): write it in one line, as in "
            f"{identity[:LONGEST_IDENTITY]!r}"
        )
    if len(identity) > LONGEST_IDENTITY:
        raise ValueError(f"an id of {len(identity)} characters is too long: at most {LONGEST_IDENTITY}")
    return identity


def check_known_identity(value: Any) -> str:
    """The id in its one spelling.

    Raises:
        ValueError: as check_identity, and where it is empty.
    """
    identity = check_identity(value)
    if not identity:
        raise ValueError(f"{value!r} is an empty id: write who or what it is")
    return identity


def alike(identities: Iterable[str]) -> list[list[str]]:
    """Ids that differ in letter case or width of letters only, so that somebody may have meant one: in groups."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for identity in identities:
        groups[unicodedata.normalize("NFKC", identity).casefold()].add(identity)
    return [sorted(group) for _, group in sorted(groups.items()) if len(group) > 1]


def warnings_of(field: str, identities: Iterable[str]) -> list[str]:
    """One line for each group of ids that are alike."""
    return [
        f"warning: {field} {' and '.join(map(repr, group))} differ in letter case only: they count as different; write "
        "them in the same way if they are the same"
        for group in alike(identities)
    ]


Name = Annotated[str, BeforeValidator(check_name)]
"""Becomes a folder, a DVC stage, a Dagster partition or an MLflow name."""
Identity = Annotated[str, BeforeValidator(check_known_identity)]
"""A person or product, by an id that is given."""
IdentityIfKnown = Annotated[str, BeforeValidator(check_identity)]
"""The same, or empty: validation refuses a clip without."""
WrittenIdentity = Annotated[str, AfterValidator(normal_identity)]
"""An id in a file that this project wrote, maybe before ids were checked."""


def _fault_of(value: str) -> str:
    if not value.strip():
        return "it is empty"
    if wrong := next((mark for mark in value if mark != "-" and UNFIT.match(mark)), None):
        return f"it holds {wrong!r}"
    return "it is too long" if len(value) > LONGEST_NAME else f"it begins with {value[0]!r}"


def _hash(text: str, digits: int) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
