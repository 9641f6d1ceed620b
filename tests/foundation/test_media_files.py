"""Only files of the kinds on the list are opened, and nothing that they name; each reader refuses by one message."""

import os
import pickle
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.footage import Footage
from foundation.media_files import MediaError, check_file, open_media
from foundation.media_limits import MediaLimits
from foundation.pictures import read_image
from foundation.sound import read_audio
from foundation.video_reading import probe_video, read_video

Media = Callable[..., Path]
READERS = (read_video, probe_video, read_audio, read_image, lambda path: Footage(path).shown())
SETTINGS = settings(
    derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{target}</BaseURL></MPD>',
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
    "subtitle": "1\n00:00:00,000 --> 00:00:01,000\nhello\n",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.txt", "frame%03d.png", "list.sdp"])
def test_a_list_of_other_files_is_never_followed(flat: Media, tmp_path: Path, kind: str, name: str) -> None:
    target = flat("target.mp4", (90, 90, 90))
    path = tmp_path / name
    path.write_text(LISTS[kind].format(target=target))
    for read in READERS:
        with pytest.raises(MediaError, match="cannot be read"):
            read(path)


def test_a_name_is_a_path_and_no_address(flat: Media, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flat("a.mp4", (90, 90, 90))
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a.mp4|a.mp4", "subfile,,start,0,end,0,,:a.mp4", "http://127.0.0.1:9/a.mp4", "data:,a", "-"):
        with pytest.raises(MediaError, match="No such file"):
            read_video(Path(name))
    Path("odd:name,%03d.mp4").write_bytes(Path("a.mp4").read_bytes())
    assert len(read_video(Path("odd:name,%03d.mp4"))[0]) == 5


@pytest.mark.timeout(20)
def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket.mp4"))
    (tmp_path / "folder.mp4").mkdir()
    for path in (*tmp_path.iterdir(), Path("/dev/zero")):
        for read in READERS:
            with pytest.raises(MediaError, match="no regular file"):
                read(path)


def test_size_and_length_are_refused_unopened(flat: Media, clap: Media, tmp_path: Path) -> None:
    with (tmp_path / "huge.mp4").open("wb") as file:
        file.truncate(200 * 10**9)
    for read in READERS:
        with pytest.raises(MediaError, match=r"200\.0 GB, the limit is 100 GB.*: cut it, or raise"):
            read(tmp_path / "huge.mp4")
    short = MediaLimits(recording_hours=1 / 3600)
    with pytest.raises(MediaError, match="too long"), open_media(clap("a.mp4"), short):
        pass


def test_covers_and_stills_are_no_videos(flat: Media, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48)).save(tmp_path / "still.png")
    with pytest.raises(MediaError, match="none of the kinds"):
        read_video(tmp_path / "still.png")


def test_an_error_crosses_processes_whole(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        check_file(tmp_path / "nothing")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.reason, again.fault) == (str(caught.value), "unreadable", caught.value.fault)


@SETTINGS
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
@pytest.mark.timeout(120)
def test_a_damaged_file_is_read_or_named(clap: Media, tmp_path: Path, place: float, byte: int, cut: bool) -> None:
    whole = (tmp_path / "a.mp4").read_bytes() if (tmp_path / "a.mp4").exists() else clap("a.mp4").read_bytes()
    at = int(place * len(whole))
    (tmp_path / "b.mp4").write_bytes(whole[:at] if cut else whole[:at] + bytes([byte]) + whole[at + 1 :])
    for read in (read_video, probe_video, read_audio, lambda path: list(Footage(path).frames())):
        try:
            read(tmp_path / "b.mp4")
        except MediaError as error:
            assert error.fault.count(": ") >= 1, "with its fix"  # noqa: PT017 what else is raised fails the test
