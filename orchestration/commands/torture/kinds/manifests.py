"""manifest.jsonl as editors, spreadsheets, scripts and broken disks leave it."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from data.clips.manifest import NAME
from orchestration.commands.torture.case import Case, Outcome, change_record, clip_id, records, write_records

NAMES = (NAME, *map(clip_id, range(3)))


def draw(rng: Random, number: int) -> Case:
    """A listed fault, in any of the clips."""
    story, expected, change = FAULTS[number % len(FAULTS)]
    clip = rng.randrange(3)
    return Case(f"manifest: {story}", change(clip), expected, names=NAMES)


def _bytes(edit: Callable[[bytes], bytes]) -> Callable[[int], Callable[[Path], object]]:
    def change(delivery: Path) -> None:
        file = delivery / NAME
        file.write_bytes(edit(file.read_bytes()))

    return lambda _clip: change


def _field(**fields: Any) -> Callable[[int], Callable[[Path], object]]:
    return lambda clip: change_record(clip, **fields)


def _line(text: bytes) -> Callable[[int], Callable[[Path], object]]:
    """One clip's line becomes this text."""

    def of(clip: int) -> Callable[[Path], object]:
        def change(delivery: Path) -> None:
            lines = (delivery / NAME).read_bytes().split(b"\n")
            lines[clip] = text
            (delivery / NAME).write_bytes(b"\n".join(lines))

        return change

    return of


def _without(field: str) -> Callable[[int], Callable[[Path], object]]:
    def of(clip: int) -> Callable[[Path], object]:
        def change(delivery: Path) -> None:
            lines = records(delivery)
            del lines[clip][field]
            write_records(delivery, lines)

        return change

    return of


def _twice(clip: int) -> Callable[[Path], object]:
    def change(delivery: Path) -> None:
        lines = records(delivery)
        write_records(delivery, [*lines, lines[clip]])

    return change


def _box(box: Any) -> Callable[[int], Callable[[Path], object]]:
    """The face's box of one frame becomes something else."""

    def of(clip: int) -> Callable[[Path], object]:
        def change(delivery: Path) -> None:
            lines = records(delivery)
            lines[clip]["boxes"]["6"]["face"] = box
            write_records(delivery, lines)

        return change

    return of


def _nan(clip: int) -> Callable[[Path], object]:
    def change(delivery: Path) -> None:
        lines = (delivery / NAME).read_text(encoding="utf-8").split("\n")
        lines[clip] = lines[clip].replace('"frames_per_second": 25.0', '"frames_per_second": NaN')
        lines[clip] = lines[clip].replace('"frames_per_second":25.0', '"frames_per_second":NaN')
        (delivery / NAME).write_text("\n".join(lines), encoding="utf-8")

    return change


FAULTS: tuple[tuple[str, Outcome, Callable[[int], Callable[[Path], object]]], ...] = (
    ("a byte order mark", "taken", _bytes(lambda text: b"\xef\xbb\xbf" + text)),
    ("line ends of Windows", "taken", _bytes(lambda text: text.replace(b"\n", b"\r\n"))),
    ("empty lines", "taken", _bytes(lambda text: b"\n\n" + text.replace(b"\n", b"\n\n"))),
    ("no line end at the end", "taken", _bytes(lambda text: text.rstrip(b"\n"))),
    ("UTF-16", "refused", _bytes(lambda text: text.decode().encode("utf-16"))),
    ("one byte of Latin-1", "refused", _bytes(lambda text: text.replace(b"The person", b"\xe9 person", 1))),
    ("empty", "refused", _bytes(lambda _text: b"")),
    ("zero bytes", "refused", _bytes(lambda _text: b"\0" * 4096)),
    ("cut in the middle", "refused", _bytes(lambda text: text[: len(text) // 2])),
    ("one JSON array", "refused", _bytes(lambda text: b"[" + b",".join(text.strip().split(b"\n")) + b"]")),
    ("a line is a number", "refused", _line(b"7")),
    ("a line is deeply nested", "refused", _line(b"[" * 100_000 + b"]" * 100_000)),
    ("a line is a huge number", "refused", _line(b"9" * 10_000)),
    ("not a number", "refused", _nan),
    ("a clip twice", "refused", _twice),
    ("no prompt", "refused", _without("prompt")),
    ("no licence", "refused", _without("licence")),
    ("no consent", "refused", _without("consent_date")),
    ("consent of tomorrow's world", "refused", _field(consent_date="2999-01-01")),
    ("a field nobody knows", "refused", _field(colour="red")),
    ("a typed rate of 29.97", "refused", _field(frames_per_second=29.97)),
    ("minus 33 frames", "refused", _field(frames=-33)),
    ("a billion frames", "refused", _field(frames=10**9)),
    ("a true for a number", "refused", _field(frames=True)),
    ("a number for a text", "refused", _field(person_id=17)),
    ("no boxes", "refused", _field(boxes={})),
    ("a box inside out", "refused", _box([44, 31, 19, 9])),
    ("a box outside the picture", "refused", _box([500, 500, 600, 600])),
    ("a box of three numbers", "refused", _box([1, 2, 3])),
    ("a box of texts", "refused", _box(["a", "b", "c", "d"])),
    ("another height", "refused", _field(height=4096)),
    ("a key in JSON twice", "either", _bytes(lambda text: text.replace(b'{"clip_id"', b'{"prompt":"x","clip_id"', 1))),
    (
        "boxes of a frame that is not there",
        "refused",
        _field(boxes={str(number): {"face": [19, 9, 44, 31]} for number in range(1000, 1032, 4)}),
    ),
    ("a list of records", "refused", _line(json.dumps([{}]).encode())),
)
