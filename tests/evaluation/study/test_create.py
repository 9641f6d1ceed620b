"""A study made from folders: blind files of one kind, and every way in which methods cannot be compared fairly."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from evaluation.study.contracts import KEY, STUDY, read_key, read_study
from evaluation.study.create import Asked, create_study
from evaluation.study.sources import methods_of, read_sources
from foundation.pictures import write_image
from foundation.sound import write_audio
from foundation.video_reading import probe_video
from foundation.video_writing import write_video
from tests.evaluation.study.conftest import MakeMethods, MakeStudy, film


def tagged(file: Path, title: str) -> None:
    """A video with its maker's name in it."""
    with av.open(str(file), "w") as container:
        container.metadata["title"] = title
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 24, 32, "yuv420p"
        for shade in range(4):
            picture = np.full((32, 24, 3), 40 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def test_files_say_nothing_of_their_method(tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        (tmp_path / name).mkdir()
        for clip in range(2):
            tagged(tmp_path / name / f"{clip}.mp4", f"made by {name}")
    assert b"made by alpha" in (tmp_path / "alpha/0.mp4").read_bytes()
    folder = tmp_path / "study"
    sources = read_sources({name: tmp_path / name for name in ("alpha", "beta")}, None)
    create_study(folder, sources, Asked("test", "pairs", None, 0), log=lambda line: None)
    files = sorted((folder / "videos").iterdir())
    assert len(files) == 2 * 2 + 1
    for file in files:
        assert b"alpha" not in file.read_bytes()
        assert b"beta" not in file.read_bytes()
    assert len({file.stat().st_mtime for file in files}) == 1
    assert len({probe_video(file) for file in files}) == 1
    assert "alpha" not in (folder / STUDY).read_text()
    assert set(json.loads((folder / KEY).read_text())["methods"]) == {"alpha", "beta"}


def test_the_same_seed_makes_the_same_study(make_study: MakeStudy, tmp_path: Path) -> None:
    first = read_study(make_study("a", "b", seed=5))
    (tmp_path / "study").rename(tmp_path / "first")
    assert read_study(make_study("a", "b", seed=5)) == first
    (tmp_path / "study").rename(tmp_path / "second")
    assert read_study(make_study("a", "b", seed=6)).clips != first.clips


def test_other_sizes_are_made_equal(tmp_path: Path, make_methods: MakeMethods) -> None:
    methods = make_methods("a", "b", clips=1)
    film(methods["b"] / "clip_0.mp4", 90, size=(64, 48))
    folder = tmp_path / "study"
    create_study(folder, read_sources(methods, None), Asked("test", "pairs", None, 0), log=lambda line: None)
    assert {probe_video(file)[2:] for file in (folder / "videos").iterdir()} == {(32, 24)}


def test_references_come_from_the_csv(tmp_path: Path, make_methods: MakeMethods) -> None:
    methods = make_methods("a", "b", clips=2)
    write_image(tmp_path / "me.png", np.full((900, 40, 3), 200, np.uint8))
    write_audio(tmp_path / "speech.wav", np.zeros(16_000, np.float32))
    table = tmp_path / "list.csv"
    table.write_text("video,person_image,audio,prompt\nclip_0,me.png,speech.wav,lifts the mug\nclip_1,me.png,,\n")
    folder = tmp_path / "study"
    study = create_study(folder, read_sources(methods, table), Asked("test", "ranks", 1, 0), log=lambda line: None)
    assert [clip.prompt for clip in study.clips] == ["lifts the mug", ""]
    assert all(clip.person and (folder / clip.person).is_file() for clip in study.clips)
    with av.open(str(folder / study.clips[0].videos[0])) as container:
        assert container.streams.audio
    with av.open(str(folder / study.clips[1].videos[0])) as container:
        assert not container.streams.audio


def test_what_cannot_be_compared_fairly_is_refused(tmp_path: Path, make_methods: MakeMethods) -> None:
    methods = make_methods("a", "b", clips=2)
    other = methods["b"] / "clip_1.mp4"
    for spoil, reason in [
        (lambda: film(other, 90, frames=6), "clip clip_1: a has 4 frames, b 6: cut them to one length"),
        (lambda: film(other, 90, rate=30), "clip clip_1: a has 25 frames a second, b 30: convert them to one rate"),
        (lambda: film(other, 90, size=(32, 32)), "clip clip_1: a is 24x32, b 32x32: crop them to one shape"),
        (lambda: with_sound(other), "clip clip_1: b has sound and a has none: give `audio` in the CSV"),
        (lambda: other.write_bytes(b"no video"), "method b, clip clip_1: its video cannot be read"),
        (lambda: renamed(other, "clip_7.mp4"), "method a has no video clip_7, b has: every method needs"),
        (lambda: (methods["b"] / "clip_7.mp4").unlink(), "method b has no video clip_1, a has: every method needs"),
    ]:
        spoil()
        with pytest.raises(ValueError, match="a") as error:
            read_sources(methods, None)
        assert str(error.value).startswith(reason)
        assert "\n" not in str(error.value)


def renamed(file: Path, name: str) -> None:
    film(file, 90)
    file.rename(file.with_name(name))


def with_sound(file: Path) -> None:
    write_video(file, np.zeros((4, 32, 24, 3), np.uint8), 25.0, sound=(np.zeros(16_000, np.float32), 16_000))


def test_a_reference_that_is_not_there_is_named(tmp_path: Path, make_methods: MakeMethods) -> None:
    table = tmp_path / "list.csv"
    table.write_text("video,person_image\nclip_0,nobody.png\n")
    with pytest.raises(ValueError, match=r"clip clip_0: its person .*nobody.png is not there: mend the path"):
        read_sources(make_methods("a", "b", clips=1), table)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["a=x"], "two methods or more, 1 given"),
        (["a=x", "a=y"], "method a is given twice"),
        (["a=x", "y"], "is not of the form NAME=FOLDER"),
        (["a=x", "b=nowhere"], "nowhere of method b is no folder"),
        (["a=x", "b b=y"], "cannot be a name"),
    ],
)
def test_methods_on_the_command_line(tmp_path: Path, given: list[str], reason: str) -> None:
    for name in "xy":
        (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=reason):
        methods_of(given, tmp_path)


def test_a_folder_that_exists_and_too_many_questions(tmp_path: Path, make_methods: MakeMethods) -> None:
    sources = read_sources(make_methods("a", "b"), None)
    with pytest.raises(ValueError, match=r"--clips 9: there are 3 .*give 1 to 3"):
        create_study(tmp_path / "study", sources, Asked("test", "pairs", 9, 0))
    (tmp_path / "study").mkdir()
    with pytest.raises(ValueError, match="exists: give another name"):
        create_study(tmp_path / "study", sources, Asked("test", "pairs", None, 0))


def test_half_a_study_is_none(tmp_path: Path, make_methods: MakeMethods) -> None:
    sources = read_sources(make_methods("a", "b"), None)
    (tmp_path / "b/clip_2.mp4").write_bytes(b"broken since it was looked at")
    with pytest.raises(ValueError, match="clip_2"):
        create_study(tmp_path / "study", sources, Asked("test", "pairs", None, 0), log=lambda line: None)
    assert not (tmp_path / "study").exists()


def test_a_key_of_another_study_is_refused(make_study: MakeStudy) -> None:
    folder = make_study("a", "b")
    study = read_study(folder)
    assert set(read_key(folder, study).methods) == {"a", "b"}
    with pytest.raises(ValueError, match="belongs to another study"):
        read_key(folder, study.model_copy(update={"seed": 99}))
    (folder / KEY).write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        read_key(folder, study)
