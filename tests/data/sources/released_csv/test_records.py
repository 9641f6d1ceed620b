"""What the released loader guesses, this one catches (COINTERACT, "what goes wrong in the released pipeline")."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from data.config import DataConfig
from data.contracts import FrameBoxes
from data.sources.released_csv import ReleasedCsvBatch
from data.sources.released_csv.records import deliver, read_records
from foundation.failures import ClipError

Released = Callable[..., Path]


def boxes_on(frames: list[int], box: list[int]) -> str:
    return json.dumps({f"frame_{frame}": box for frame in frames})


def declared(order: ReleasedCsvBatch, **quirks: object) -> ReleasedCsvBatch:
    return ReleasedCsvBatch.model_validate({**order.model_dump(), **quirks})


def test_a_good_row_is_read(released: Released, released_config: ReleasedCsvBatch) -> None:
    (record,) = read_records(released(), released_config)
    assert (record.frames, record.height, record.width, record.frames_per_second) == (9, 48, 32, 25.0)
    assert record.hoi_video == "0/hoi.mp4"
    assert (record.motion_video, record.pose_video) == (None, None)
    assert record.boxes[6] == FrameBoxes(
        face=(2, 2, 12, 12), left_hand=(4, 20, 9, 30), right_hand=(20, 20, 25, 30), product=(3, 10, 20, 26)
    )


def test_1_the_misnamed_structure_column_is_named_with_its_fix(
    released: Released, released_config: ReleasedCsvBatch
) -> None:
    folder = released(rename={"hoi_video": "depth_video"})
    with pytest.raises(ValueError, match=r"hoi_video is missing.*`column_map: \{depth_video: hoi_video\}`"):
        read_records(folder, released_config)
    (record,) = read_records(folder, declared(released_config, column_map={"depth_video": "hoi_video"}))
    assert record.hoi_video == "0/hoi.mp4"


def test_2_latent_frame_keys_are_detected_and_can_be_declared(
    released: Released, released_config: ReleasedCsvBatch
) -> None:
    latent = boxes_on([0, 1], [2, 2, 12, 12])
    hands = json.dumps({f"frame_{frame}": {"l_h": [4, 20, 9, 30]} for frame in (0, 1)})
    folder = released(face=latent, hand_object=hands)
    with pytest.raises(ClipError, match=r"clip 0000 \| field face \| frame_0 .*`time_map: latent_frames`"):
        read_records(folder, released_config)
    (record,) = read_records(folder, declared(released_config, time_map="latent_frames"))
    assert sorted(record.boxes) == [2, 6]


def test_2_pixel_frame_keys_under_latent_frames_are_detected(
    released: Released, released_config: ReleasedCsvBatch
) -> None:
    with pytest.raises(ClipError, match=r"frame_6 .*latent frames are 0\.\.1.*`time_map: pixel_frames`"):
        read_records(released(), declared(released_config, time_map="latent_frames"))


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("{'frame_2': [1, 2, 3, 4]}", "is JSON"),
        ('{"frame_2": [1, 2, 3, 4]', "is JSON"),
        ("", "is JSON"),
        ("[1, 2, 3, 4]", "JSON object of frames"),
        ('{"2": [1, 2, 3, 4]}', "keys are frame_N"),
        ('{"frame_2": [1, 2, 3]}', "four numbers"),
        ('{"frame_2": [1, 2, 3, NaN]}', "four numbers"),
        ('{"frame_2": ["1", 2, 3, 4]}', "four numbers"),
        ('{"frame_2": []}', "four numbers"),
        ('{"frame_3": [1, 2, 3, 4]}', "pixel frames 2, 6"),
    ],
)
def test_3_malformed_boxes_are_an_error_not_no_boxes(
    released: Released, released_config: ReleasedCsvBatch, cell: str, rule: str
) -> None:
    with pytest.raises(ClipError, match=rf"clip 0000 \| field face .*{rule}.* \| fix: "):
        read_records(released(face=cell), released_config)


def test_3_an_unknown_part_of_the_hand_boxes_is_an_error(released: Released, released_config: ReleasedCsvBatch) -> None:
    with pytest.raises(ClipError, match="holds l_h, r_h and obj"):
        read_records(released(hand_object='{"frame_2": {"left": [1, 2, 3, 4]}}'), released_config)


def test_5_the_wrong_container_rate_is_refused_unless_declared(
    released: Released, released_config: ReleasedCsvBatch
) -> None:
    folder = released(rate="24")
    with pytest.raises(ClipError, match=r"container states 24 frames.*`container_frames_per_second: 24`"):
        read_records(folder, released_config)
    (record,) = read_records(folder, declared(released_config, container_frames_per_second=24.0))
    assert record.frames_per_second == 25.0
    with pytest.raises(ClipError, match=r"container states 24 frames.*30 expected"):
        read_records(folder, declared(released_config, container_frames_per_second=30.0))


def test_6_an_empty_hand_box_is_an_error_unless_declared_absent(
    released: Released, released_config: ReleasedCsvBatch
) -> None:
    hands = {"frame_2": {"l_h": [4, 20, 9, 30], "r_h": []}, "frame_6": {"l_h": [4, 20, 9, 30]}}
    folder = released(hand_object=json.dumps(hands))
    with pytest.raises(ClipError, match=r"frame_2: \[\].*`empty_hand_box: absent`"):
        read_records(folder, released_config)
    (record,) = read_records(folder, declared(released_config, empty_hand_box="absent"))
    assert record.boxes[2].right_hand is None
    assert record.boxes[2].left_hand == (4, 20, 9, 30)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"hoi_video": ""}, "field hoi_video | empty"),
        ({"hoi_video": "0/gone.mp4"}, "field hoi_video | 0/gone.mp4 | the file exists"),
        ({"audio": "../../secret.wav"}, "field audio | ../../secret.wav | lies inside the batch's folder"),
        ({"person_image": "/etc/hostname"}, "lies inside the batch's folder"),
        ({"scale": "0.6"}, "field scale | 0.6 | products are placed at scale 1"),
        ({"height": "1920"}, "field height | 1920 | the video's is 48"),
    ],
)
def test_media_are_there_inside_and_as_large_as_said(
    released: Released, released_config: ReleasedCsvBatch, cells: dict[str, str], said: str
) -> None:
    with pytest.raises(ClipError) as raised:
        read_records(released(**cells), released_config)
    assert said in str(raised.value)


def test_columns_are_checked(released: Released, released_config: ReleasedCsvBatch) -> None:
    folder = released(drop=("hoi_video",))
    with pytest.raises(ValueError, match="column hoi_video is missing"):
        read_records(folder, released_config)
    with pytest.raises(ValueError, match="column hoi_video stands there twice"):
        read_records(folder, declared(released_config, column_map={"face": "hoi_video", "audio": "hoi_video"}))


def test_an_unreadable_video_is_named(released: Released, released_config: ReleasedCsvBatch) -> None:
    folder = released()
    (folder / "0/rgb.mp4").write_bytes(b"not a video")
    with pytest.raises(ValueError, match=r"clip 0000 \| field input_video .*cannot be read.*fix: "):
        read_records(folder, released_config)


def test_delivery_copies_what_is_there_and_leaves_hidden_files(
    released: Released, released_config: ReleasedCsvBatch, tmp_path: Path
) -> None:
    source = released()
    (source / ".cache").mkdir()
    (source / ".cache/big").write_text("x")
    assert deliver(released_config, tmp_path / "raw") == 1
    assert read_records(tmp_path / "raw", released_config) == read_records(source, released_config)
    assert not (tmp_path / "raw/.cache").exists()


def test_delivery_needs_a_folder_and_follows_no_link_out_of_it(
    released: Released, released_config: ReleasedCsvBatch, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"data\.path=FOLDER"):
        deliver(declared(released_config, path=None), tmp_path / "raw")
    with pytest.raises(ValueError, match=r"nowhere/data\.csv is missing"):
        deliver(declared(released_config, path=str(tmp_path / "nowhere")), tmp_path / "raw")
    (released() / "link.mp4").symlink_to("/etc/hostname")
    with pytest.raises(ValueError, match=r"link\.mp4 is a link that leads out of"):
        deliver(released_config, tmp_path / "raw")


def test_the_path_of_the_configuration_reaches_its_batches() -> None:
    clip = {"frames": 9, "frames_per_second": 25, "height": 48, "width": 32, "motion_frames": 0}
    batches = {"a": {"source": "released_csv"}, "b": {"source": "released_csv", "path": "own"}}
    batches["c"] = {"source": "studio", "seed": 0, "clips": 1}
    split = {"train_batches": ["a"], "held_out_batches": ["b"]}
    config = DataConfig.model_validate({"clip": clip, "batches": batches, **split, "path": "given"})
    paths = [getattr(order, "path", "none") for order in config.batches.values()]
    assert paths == ["given", "own", "none"]
