"""Names that people and programs give to a folder: text for a shell, for a path, for a pattern, for nobody."""

from random import Random

from orchestration.commands.torture.case import Case, nothing

HOSTILE = (
    "x;touch PWNED",
    "$(touch PWNED)",
    "`touch PWNED`",
    "a && touch PWNED",
    "a|touch PWNED",
    "a\ntouch PWNED",
    "two words",
    "march.2026",
    "march@2",
    "-rf",
    "--help",
    "*",
    "a'b",
    'a"b',
    "#march",
    "~root",
    "märz",
    "三月",
    "a\u2028b",
    "{a,b}",
    "${batches}",
    "con:aux",
    "a" * 200,
    "march\u200b",
    "%20",
)
FINE = ("march", "March-2", "2026_03", "m", "x" * 40, "007")
SHOWN = 30
LETTERS = "abcXYZ019_- .;@$'\"\\&|<>(){}[]*?!#%^~`=+,:äß三\t\u2028"


def draw(rng: Random, number: int) -> Case:
    """A listed name, later random ones."""
    listed = (*HOSTILE, *FINE)
    name = listed[number % len(listed)] if number < len(listed) else _random(rng)
    expected = "taken" if name in FINE else "refused" if name in HOSTILE else "either"
    named = (name[:SHOWN], repr(name)[1:-1][:SHOWN])  # a message shows the beginning of a long one
    return Case(f"a folder named {name[:SHOWN]!r}", nothing, expected, names=named, folder=name)


def _random(rng: Random) -> str:
    name = "".join(rng.choice(LETTERS) for _ in range(rng.randint(2, 12)))
    return name if name.strip(". ") else f"{name}x"
