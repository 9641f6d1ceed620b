"""Texts that people write: every script, every separator, markup, and what no text may hold."""

from random import Random

from orchestration.commands.torture.case import Case, change_record, clip_id

FINE = (
    "a line\u2028separator and a paragraph\u2029one",
    "a next-line\u0085character",
    "two\nlines",
    "carriage\r\nreturn",
    "<b>bold</b> <script>document.title='PWNED'</script> & co",
    "{{ 7*7 }} {% raw %} ${HOME} %s {0}",
    "Die Person hält eine grüne Flasche",
    "人物拿着一个绿色的瓶子",
    "الشخص يحمل زجاجة \u202eright to left",
    "👩‍🔬 holds 🧴🏽",
    "tab\tand  spaces",
    "quotes \" ' ` and a backslash \\ at the end\\",
    "$a_{1}$ \\frac{x}{y}",
    "a" * 3000,
    "null",
    "# no comment: [x] = {y}",
)
NOT_TEXT = ("a lone surrogate \ud800", "", "   ", "a zero\0byte", "an escape \x1b[31mred")


def draw(rng: Random, number: int) -> Case:
    """A prompt, or a licence, of that kind."""
    clip = rng.randrange(3)
    texts = (*FINE, *NOT_TEXT)
    text = texts[number % len(texts)] if number < len(texts) else _random(rng)
    expected = "taken" if text in FINE else "either"
    return Case(f"a prompt: {text[:30]!r}", change_record(clip, prompt=text), expected, names=(clip_id(clip), "prompt"))


def _random(rng: Random) -> str:
    """Characters of the whole first plane, surrogates left out."""
    points = [rng.choice((rng.randrange(1, 0xD800), rng.randrange(0xE000, 0x10000))) for _ in range(rng.randint(1, 60))]
    return "".join(map(chr, points))
