"""What copying does: files cut short, bytes flipped, blocks of zeros, a file in another's place, stale receipts."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from orchestration.commands.torture.case import Case, Outcome, clip_id, media

FIELDS = ("video", "hoi_video", "audio", "person_image", "product_image")
Damage = Callable[[Path, Random], object]


def draw(rng: Random, number: int) -> Case:
    """One file of one clip is damaged."""
    story, expected, damage = DAMAGES[number % len(DAMAGES)]
    clip, field, seed = rng.randrange(3), rng.choice(FIELDS), rng.random()

    def change(delivery: Path) -> None:
        damage(media(delivery, clip, field), Random(seed))

    return Case(f"{field}: {story}", change, expected, (clip_id(clip), field, "delivery.json"))


def _cut(file: Path, rng: Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * rng.uniform(0.05, 0.7))])


def _flip(file: Path, rng: Random) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(20):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(bytes(content))


def _zeros(file: Path, rng: Random) -> None:
    content = bytearray(file.read_bytes())
    start = rng.randrange(len(content) // 2)
    content[start:] = b"\0" * (len(content) - start)
    file.write_bytes(bytes(content))


def _noise(file: Path, rng: Random) -> None:
    file.write_bytes(rng.randbytes(file.stat().st_size))


def _tail(file: Path, rng: Random) -> None:
    file.write_bytes(file.read_bytes() + rng.randbytes(1000))


def _swapped(file: Path, _rng: Random) -> None:
    others = sorted(other for other in file.parent.iterdir() if other.suffix != file.suffix)
    shutil.copyfile(others[0], file)


def _left_over(content: bytes) -> Damage:
    """A receipt that another program, or an interrupted copy, left in the delivery."""
    return lambda file, _rng: file.parents[2].joinpath("delivery.json").write_bytes(content)


DAMAGES: tuple[tuple[str, Outcome, Damage], ...] = (
    ("cut short", "refused", _cut),
    ("20 bits flipped", "either", _flip),
    ("zeros from the middle on", "either", _zeros),
    ("noise", "refused", _noise),
    ("something behind its end", "either", _tail),
    ("another kind of file", "refused", _swapped),
    ("a broken delivery.json", "refused", _left_over(b'{"settings": {"sou')),
    ("a foreign delivery.json", "refused", _left_over(b'{"files": 3}')),
    ("an empty delivery.json", "refused", _left_over(b"")),
)
