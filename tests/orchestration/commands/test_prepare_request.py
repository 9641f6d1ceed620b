"""`graspline data prepare`: its words become the configuration's own, and no committed batch becomes another."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from data.sources.raw_video import RawVideoBatch
from orchestration.commands.diff_data import diff_and_print
from orchestration.commands.generate import Inputs, filled
from orchestration.commands.prepare_request import read_prepare_request
from orchestration.commands.validate_data import validate_and_print
from orchestration.configuration.load_config import load_sections

HERE = Path("/deliveries")


def test_a_source_is_its_file_with_all_its_batches() -> None:
    request = read_prepare_request(["source=studio"], HERE)
    assert request.batches == ["studio_train", "studio_held_out"]
    assert load_sections(request.overrides) == load_sections()


def test_the_path_is_where_it_was_said() -> None:
    for said, meant in (("march", "/deliveries/march"), ("/other/place", "/other/place"), ("../a b, {c}", "/a b, {c}")):
        request = read_prepare_request(["source=released_csv", f"path={said}"], HERE)
        assert load_sections(request.overrides).data.batches["released"].model_dump()["path"] == meant


def test_words_reach_the_clip_format_and_the_order() -> None:
    words = ["source=raw_video", "path=march", "clip.frames=33", "rules.sharpness=12", "annotation.pose=dwpose"]
    request = read_prepare_request([*words, "encoding=embedded_long_prompts"], HERE)
    config = load_sections(request.overrides)
    footage = config.data.batches["footage"]
    assert isinstance(footage, RawVideoBatch)
    assert request.batches == ["footage"]
    assert (config.data.clip.frames, footage.rules.sharpness, footage.annotation.pose.kind) == (33, 12.0, "dwpose")
    assert config.encoding == load_sections(["encoding=embedded_long_prompts"]).encoding


def test_a_batch_of_ones_own_is_made_as_the_files_first_and_stands_alone() -> None:
    request = read_prepare_request(["source=studio", "batch=mine", "seed=7", "clips=3"], HERE)
    data = load_sections(request.overrides).data
    assert request.batches == data.train_batches == data.held_out_batches == ["mine"]
    assert data.batches["mine"].model_dump()["seed"] == 7
    assert data.batches["mine"].model_dump()["clips"] == 3


def test_one_batch_of_the_file_can_be_named() -> None:
    request = read_prepare_request(["source=studio", "batch=studio_held_out"], HERE)
    assert request.batches == ["studio_held_out"]
    assert load_sections(request.overrides).data.batches == load_sections().data.batches


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], r"give source=X, one of .*raw_video.*studio.* \(conf/data\), as in: graspline data prepare"),
        (["source=film"], r"give source=X, one of .*raw_video"),
        (["raw_video"], r"'raw_video' is not key=value"),
        (["source=studio", "clips=4"], r"clips=4 makes another batch than studio_train: give it a name, batch=NAME"),
        (["source=studio", "batch=a.b"], r"'a\.b' cannot be a name .it holds '\.'.*call it a-b"),
    ],
)
def test_a_mistake_is_named(words: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_prepare_request(words, HERE)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["source=raw_video"], "data.path is required"),
        (["source=raw_video", "path=x", "clip.framez=3"], r"clip.framez"),
        (["source=raw_video", "path=x", "rules.sharpnes=3"], r"sharpnes: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_a_value_is_the_configurations_own(words: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        load_sections(read_prepare_request(words, HERE).overrides)


@pytest.mark.parametrize("batch", ["2026", "2026-03-01", "null", "true", "nan", "march-2"])
def test_a_name_that_looks_like_something_else_stays_a_name(batch: str) -> None:
    request = read_prepare_request(["source=studio", f"batch={batch}"], HERE)
    assert load_sections(request.overrides).data.train_batches == request.batches == [batch]


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("tracking.registered_model=../../evil", "tracking.registered_model"),
        ("tracking.experiment='a b'", "tracking.experiment"),
        ("tracking.uri=sqlite:///../evil.db", "tracking.uri"),
        ("data.train_batches=['x;touch PWNED']", "data.train_batches.0"),
        ("+data.batches.a b={source: studio}", "data.batches"),
    ],
)
def test_a_name_in_the_configuration_is_no_way_out(override: str, key: str) -> None:
    with pytest.raises(ValueError, match=re.escape(key)):
        load_sections([override])


@pytest.mark.parametrize("batch", ["../x", "x;touch PWNED", "a b", ""])
def test_every_verb_that_takes_a_batch_refuses_what_is_no_name(project: Path, batch: str) -> None:
    console = Console()
    verbs: list[Callable[[], object]] = [
        lambda: validate_and_print(console, batch, [], raw=False, detector=0),
        lambda: diff_and_print(console, batch, "other", "raw"),
        lambda: filled(Inputs(out=Path("v.mp4"), like=f"{batch}/c0"), load_sections()),
    ]
    for verb in verbs:
        with pytest.raises(ValueError, match="cannot be a name"):
            verb()
