"""A decision's sentences for people: where the gate names a number, the page gives its title."""

import re

from evaluation.catalogue import definitions

DOES_NOT_DECIDE = "it words what was decided"
_NAME = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")


def in_words(sentence: str) -> str:
    """The sentence with each metric's name replaced by its title, beginning with a capital."""
    known = definitions()
    worded = _NAME.sub(lambda found: known[found[0]].title if found[0] in known else found[0], sentence)
    return worded[:1].upper() + worded[1:]
