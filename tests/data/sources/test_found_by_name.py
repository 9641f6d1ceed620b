"""A source is a module in data/sources: found by its name, checked by its own configuration, listed nowhere else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from data.sources import BatchConfig, Source, config_classes, read_batch, source_of
from foundation.by_name import choices
from foundation.clip_format import ClipFormat

ROOT = Path(__file__).parents[3]
NAMES = choices("data.sources")
CLIP = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0, lossless=False)
FEWEST = {"studio": {"seed": 0, "clips": 1}}  # fields without a default


@pytest.mark.parametrize("name", NAMES)
def test_every_source_keeps_the_protocol(name: str) -> None:
    config = read_batch({"source": name, **FEWEST.get(name, {})})
    source = source_of(config)
    assert Source in type(source).__mro__
    assert type(config) is source.Config
    assert source.settings(config, CLIP)["source"] == name
    assert 25.0 in source.frame_rates(config, CLIP)


def test_the_configurations_of_all_sources_are_known() -> None:
    kinds = config_classes()
    assert len(set(kinds)) == len(NAMES) >= 4
    assert all(issubclass(kind, BatchConfig) for kind in kinds)


@pytest.mark.parametrize(
    ("values", "where", "says"),
    [
        ({"source": "studioo"}, ("source",), f"'studioo' is none of {', '.join(NAMES)}, did you mean studio?"),
        ({"seed": 1}, ("source",), "Field required"),
        ({"source": "studio", "seed": 1}, ("clips",), "Field required"),
        ({"source": "arrived", "path": "x"}, ("path",), "Extra inputs are not permitted"),
        ({"source": "raw_video", "rules": {"sharpnes": 3}}, ("rules", "sharpnes"), "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_named_by_field(values: dict[str, object], where: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        read_batch(values)
    (problem,) = raised.value.errors()
    assert problem["loc"] == where
    assert says in problem["msg"]


def test_a_wrong_rate_may_be_declared_and_a_delivery_is_always_lossless() -> None:
    released = read_batch({"source": "released_csv", "container_frames_per_second": 24.0})
    assert source_of(released).frame_rates(released, CLIP) == (25.0, 24.0)
    studio = read_batch({"source": "studio", "seed": 0, "clips": 1})
    assert "lossless" not in source_of(studio).settings(studio, CLIP)["clip"]


def test_doors_are_light() -> None:
    ask = (
        "import sys; from data.sources import config_classes; config_classes();"
        "print([heavy for heavy in ('numpy', 'torch', 'av', 'PIL') if heavy in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nobody_asks_which_source_it_is() -> None:
    """Above the sources only `arrived` is named: what nobody ordered lies in a folder."""
    named = set(NAMES) - {"arrived"}
    above = [*ROOT.glob("data/*.py"), *ROOT.glob("data/preparation/*.py"), *ROOT.glob("data/versions/*.py")]
    above += [*ROOT.glob("orchestration/**/*.py")]
    assert len(above) > 30
    for file in above:
        texts = {node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)}
        assert not named & {text for text in texts if isinstance(text, str)}, file
        assert not any(f"data.sources.{name}" in file.read_text() for name in named), file
