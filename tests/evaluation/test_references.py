"""Videos and their references: the authors' columns, rows and videos that miss each other, files that are none."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.references import read_videos
from foundation.video_writing import write_video


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("000", "001"):
        write_video(tmp_path / "videos" / f"{name}.mp4", np.zeros((3, 32, 32, 3), np.uint8), 25)
    return tmp_path / "videos"


def table(folder: Path, text: str) -> Path:
    file = folder.parent / "demos.csv"
    file.write_text(text)
    return file


def test_rows_belong_to_videos_by_the_names_of_their_files(folder: Path) -> None:
    text = 'audio,person_image,product_image,prompt,prompt2\naudio/000.wav,p/000.png,None,"lifts, it",turns\n'
    found = read_videos(folder, table(folder, text))
    first, second = found.clips
    assert (first.clip_id, first.prompt, first.product) == ("000", "lifts, it turns", None)
    assert first.audio == str(folder.parent / "audio/000.wav")
    assert first.person == str(folder.parent / "p/000.png")
    assert (second.clip_id, second.person, second.prompt) == ("001", None, "")
    assert found.refused == {}


def test_a_column_names_the_video(folder: Path) -> None:
    found = read_videos(folder, table(folder, "video,person_image\nvideos/001.mp4,me.png\n"))
    assert [clip.person for clip in found.clips] == [None, str(folder.parent / "me.png")]


def test_what_cannot_be_scored_is_named_and_the_others_go_on(folder: Path) -> None:
    (folder / "001.mp4").write_bytes(b"no video at all")
    found = read_videos(folder, table(folder, "video\n000.mp4\n002.mp4\n"))
    assert [clip.clip_id for clip in found.clips] == ["000"]
    assert "its video cannot be read" in found.refused["001"]
    assert "has a row for it" in found.refused["002"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video\n009.mp4\n", "no row of .* belongs to a video"),
        ("name,text\na,b\n", "has columns name, text"),
        ("video,prompt\n,hello\n", "line 2 names neither a video nor a file"),
        ("video\n000.mp4\n000.mp4\n", "line 3: video 000 has a row already"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_videos(folder, table(folder, text))


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no video"):
        read_videos(tmp_path)
