"""What is known of each video comes from one file beside them; every fault in it is named at once."""

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from data.sources.raw_video.sidecar import FootageEntry, read_sidecar

ENTRY = {
    "video": "a.mp4",
    "person_id": "anna",
    "product_id": "mug-3",
    "prompt": 'Anna turns the mug, says "try it".',
    "licence": "CC-BY-4.0",
    "consent_date": "2026-03-01",
    "product_image": "mug.png",
}
READ = FootageEntry.model_validate({**ENTRY, "consent_date": date(2026, 3, 1)})


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mp4", "mug.png"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def as_csv(entry: dict[str, str]) -> str:
    cells = ['"' + value.replace('"', '""') + '"' for value in entry.values()]
    return ",".join(entry) + "\n" + ",".join(cells) + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("footage.csv", as_csv(ENTRY)),
        ("footage.csv", "\ufeff" + as_csv(ENTRY)),  # as spreadsheets save it
        ("footage.jsonl", json.dumps(ENTRY) + "\n\n"),
        ("footage.yaml", yaml.safe_dump([ENTRY])),
    ],
)
def test_three_ways_to_say_the_same(footage: Path, name: str, text: str) -> None:
    (footage / name).write_text(text, encoding="utf-8")
    assert read_sidecar(footage) == {"a.mp4": READ}


def test_a_prompt_may_have_lines_and_cells_may_be_empty(footage: Path) -> None:
    (footage / "footage.csv").write_text('video,prompt,sound,consent_date\na.mp4,"one\ntwo",,\nb.mp4,,,\n')
    found = read_sidecar(footage)
    assert found["a.mp4"].prompt == "one\ntwo"
    assert found["b.mp4"] == FootageEntry(video="b.mp4")


def test_no_sidecar_says_nothing(footage: Path) -> None:
    assert read_sidecar(footage) == {}


def test_every_fault_is_named_at_once(footage: Path) -> None:
    lines = [
        {"video": "gone.mp4"},
        {"video": "../secret.mp4"},
        {"video": "a.mp4", "consent_date": "yesterday"},
        {"video": "a.mp4", "person_id": "NaN"},
        {"video": "a.mp4", "person": "anna"},
        {"video": "b.mp4", "product_image": "/etc/hostname"},
        {"video": "b.mp4"},
        {"prompt": "nobody's"},
        {"video": "a.mp4", "frames_per_second": 0},
    ]
    (footage / "footage.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ValueError, match=r"9 faults in .*footage\.jsonl") as refused:
        read_sidecar(footage)
    said = str(refused.value)
    for says in (
        "line 1: video gone.mp4 is missing: deliver the file",
        "line 2: video ../secret.mp4 leads out of the folder",
        "line 3: consent_date: Input should be a valid date",
        "line 4: person_id: Value error, 'NaN' is what a program writes for nothing: leave it empty",
        "line 5: person is unknown: known are video, person_id",
        "line 6: product_image /etc/hostname leads out of the folder",
        "line 7: video b.mp4 has an entry already",
        "line 8: video: Field required",
        "line 9: frames_per_second: Input should be greater than 0",
    ):
        assert says in said


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("footage.csv", "video,prompt\na.mp4,one,two\n", "line 2: more or fewer cells than columns"),
        ("footage.jsonl", "{video: a.mp4}\n", "line 1: not JSON.*one JSON object a line"),
        ("footage.jsonl", '["a.mp4"]\n', "is no entry"),
        ("footage.yaml", "video: a.mp4\n", "must be a list of entries"),
        ("footage.yaml", "- video: [\n", "cannot be read"),
    ],
)
def test_a_file_that_is_no_sidecar_is_named(footage: Path, name: str, text: str, says: str) -> None:
    (footage / name).write_text(text)
    with pytest.raises(ValueError, match=says):
        read_sidecar(footage)


@pytest.mark.parametrize(
    "line",
    [
        'prompt: "held \\ud83d up"',
        "frames_per_second: .nan",
        "frames_per_second: .inf",
        "frames_per_second: nan",
        "frames_per_second: 1e9",
    ],
)
def test_what_is_no_text_and_no_rate_is_named(footage: Path, line: str) -> None:
    (footage / "footage.yaml").write_text(f"- video: a.mp4\n  {line}\n")
    with pytest.raises(ValueError, match=rf"entry 1: {line.split(':')[0]}"):
        read_sidecar(footage)


def test_two_sidecars_are_one_too_many(footage: Path) -> None:
    for name in ("footage.csv", "footage.yaml"):
        (footage / name).write_text("")
    with pytest.raises(ValueError, match=r"footage\.csv and footage\.yaml: keep one"):
        read_sidecar(footage)
