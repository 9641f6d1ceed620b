"""Who is filmed, with what, doing what: all about clip `index` of delivery `seed`, and the prompt that describes it.

The prompt alone fixes the hand and the action, so the motion is a function of the conditions a model is given. Two
clips with the same words move alike, whoever is in the picture.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from data.sources.studio.shapes import Colour

Hand = Literal["left", "right"]
Action = Literal["raise", "lower", "across", "tilt", "wave", "point", "circle", "lift"]
ProductKind = Literal["bottle", "mug", "box", "ball", "jar", "can", "carton"]
HairStyle = Literal["short", "long", "bob", "bun", "curly"]

PHRASES: dict[Action, str] = {
    "raise": "raises it from the table to the cheek",
    "lower": "lowers it from the cheek to the table",
    "across": "moves it across to the other side",
    "tilt": "tilts it from side to side",
    "wave": "waves with the free hand",
    "point": "points at it with the free hand",
    "circle": "moves it round in a circle",
    "lift": "lifts it from the chest above the shoulder",
}
COLOURS: dict[str, Colour] = {
    "red": (0.85, 0.13, 0.12),
    "orange": (0.95, 0.50, 0.08),
    "yellow": (0.96, 0.82, 0.12),
    "green": (0.15, 0.62, 0.24),
    "teal": (0.08, 0.60, 0.62),
    "blue": (0.13, 0.30, 0.82),
    "purple": (0.48, 0.16, 0.68),
    "pink": (0.95, 0.42, 0.66),
    "white": (0.95, 0.95, 0.93),
    "black": (0.10, 0.10, 0.12),
}
SKINS: tuple[Colour, ...] = (
    (0.98, 0.83, 0.73),
    (0.93, 0.74, 0.60),
    (0.84, 0.62, 0.45),
    (0.70, 0.48, 0.33),
    (0.52, 0.34, 0.23),
    (0.38, 0.24, 0.17),
)
HAIRS: tuple[Colour, ...] = (
    (0.09, 0.07, 0.07),
    (0.22, 0.13, 0.08),
    (0.40, 0.23, 0.11),
    (0.62, 0.42, 0.18),
    (0.86, 0.70, 0.36),
    (0.60, 0.19, 0.08),
    (0.62, 0.62, 0.64),
    (0.80, 0.25, 0.52),
    (0.20, 0.36, 0.62),
)


@dataclass(frozen=True)
class Identity:
    """One person in one set: nothing here moves a hand."""

    skin: Colour
    hair: Colour
    hair_style: HairStyle
    fringe: bool
    eyes: Colour
    clothes: Colour
    accent: Colour | None  # a broad stripe across the chest
    long_sleeves: bool
    table: Colour
    wall_top: Colour
    wall_bottom: Colour


@dataclass(frozen=True)
class Product:
    kind: ProductKind
    colour_name: str
    label_name: str
    colour: Colour
    label: Colour


@dataclass(frozen=True)
class Scene:
    """One clip before anything moves."""

    identity: Identity
    product: Product
    hand: Hand  # the person's own left or right
    action: Action
    voice_hertz: float
    opening: str

    @property
    def prompt(self) -> str:
        colour, article = self.product.colour_name, "an" if self.product.colour_name == "orange" else "a"
        label_article = "an" if self.product.label_name == "orange" else "a"
        product = f"{article} {colour} {self.product.kind} with {label_article} {self.product.label_name} label"
        return f"{self.opening} holds {product} in the {self.hand} hand, and {PHRASES[self.action]}."

    @property
    def person_id(self) -> str:
        return f"person_{short_digest(asdict(self.identity))}"

    @property
    def product_id(self) -> str:
        return f"{self.product.kind}_{short_digest(asdict(self.product))}"


ROUND = 16  # clips after which action and hand come again
OPENINGS = ("The person talks and", "Talking to the camera, the person")


def draw_scene(seed: int, index: int, attempt: int = 0) -> Scene:
    """A scene for clip `index` of delivery `seed`: the first one that is drawn, or another attempt at it.

    Action and hand go round with the index: 8 clips in a row show every action, 16 every action with either hand.
    """
    random = np.random.default_rng([seed, index, 1, *([attempt] if attempt else [])])
    actions, hands = get_args(Action), get_args(Hand)
    return Scene(
        identity=draw_identity(random),
        product=draw_product(random),
        hand=hands[(index + index // len(actions)) % 2],
        action=actions[index % len(actions)],
        voice_hertz=float(random.uniform(95, 230)),
        opening=OPENINGS[int(random.integers(len(OPENINGS)))],
    )


def draw_identity(random: np.random.Generator) -> Identity:
    hue = random.uniform()
    wall_hue = (hue + random.uniform(0.25, 0.75)) % 1
    clothes = from_hsv(hue, random.uniform(0.45, 0.85), random.uniform(0.35, 0.85))
    styles = get_args(HairStyle)
    return Identity(
        skin=blend(SKINS, random.uniform()),
        hair=jitter(HAIRS[int(random.integers(len(HAIRS)))], random),
        hair_style=styles[int(random.integers(len(styles)))],
        fringe=bool(random.uniform() < 0.4),
        eyes=from_hsv(random.uniform(0.05, 0.65), 0.6, 0.4),
        clothes=clothes,
        accent=from_hsv(hue + 0.5, 0.25, 0.92) if random.uniform() < 0.35 else None,
        long_sleeves=bool(random.uniform() < 0.5),
        table=from_hsv(random.uniform(0.05, 0.10), random.uniform(0.3, 0.6), random.uniform(0.35, 0.75)),
        wall_top=from_hsv(wall_hue, random.uniform(0.15, 0.35), random.uniform(0.75, 0.95)),
        wall_bottom=from_hsv(wall_hue + random.uniform(-0.08, 0.08), random.uniform(0.25, 0.5), 0.55),
    )


def draw_product(random: np.random.Generator) -> Product:
    kinds, names = get_args(ProductKind), list(COLOURS)
    colour, label = (names[int(i)] for i in random.choice(len(names), size=2, replace=False))
    return Product(
        kind=kinds[int(random.integers(len(kinds)))],
        colour_name=colour,
        label_name=label,
        colour=jitter(COLOURS[colour], random),
        label=jitter(COLOURS[label], random),
    )


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """Hue in turns (any real number), the rest in 0..1."""
    wheel = [abs((hue * 6 + shift) % 6 - 3) - 1 for shift in (0, 4, 2)]
    red, green, blue = (value * (1 - saturation * (1 - min(max(part, 0.0), 1.0))) for part in wheel)
    return red, green, blue


def blend(colours: tuple[Colour, ...], where: float) -> Colour:
    """A colour between two neighbours of the list, `where` in 0..1 along it."""
    place = where * (len(colours) - 1)
    low = min(int(place), len(colours) - 2)
    red, green, blue = (a + (b - a) * (place - low) for a, b in zip(colours[low], colours[low + 1], strict=True))
    return red, green, blue


def jitter(colour: Colour, random: np.random.Generator) -> Colour:
    red, green, blue = (min(max(part + float(random.uniform(-0.04, 0.04)), 0.0), 1.0) for part in colour)
    return red, green, blue


def short_digest(facts: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:10]
