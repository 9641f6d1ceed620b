"""DVC runs a stage again where its data or its params changed: params name all else that decides it, code included."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from data.sources.studio import StudioBatch
from data.versions.batch_entry import DECIDES, BatchEntry, Harmless, stage_identities
from foundation import code_digest as digests
from foundation.clip_format import ClipFormat
from orchestration.steps.data_steps import stage_modules

ROOT = Path(__file__).parents[2]
STAGES = {name: stage["do"] for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items()}
MODULES = stage_modules(StudioBatch(source="studio", seed=0, clips=1))
CLIP = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0)
ENTRY = BatchEntry(
    batch={"source": "studio", "seed": 0},
    clip=CLIP,
    encoders="a",
    encoding={"dim": 8},
    code={"prepare": "p", "encoders": "f", "encode": "e"},
)


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_params_are_what_decides_the_stage_and_nothing_else(stage: str) -> None:
    named = [name for params in STAGES[stage]["params"] for names in params.values() for name in names]
    assert named == [f"batches.${{key}}.{name}" for name in DECIDES[stage]]
    assert all(dep.startswith("datasets/") for dep in STAGES[stage]["deps"]), "code decides by its digest"
    assert STAGES[stage]["cmd"].split()[2] == MODULES[stage][0], "the digest is of what DVC runs"


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_reads_nothing_of_its_entry_that_is_no_param(stage: str) -> None:
    """All that the closure of the stage says of an `entry` is a field that decides it, or is harmless."""
    tree = [
        ast.parse(ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text())
        for module in digests.closure(MODULES[stage][0])
        if not module.startswith("foundation") and ROOT.joinpath(*module.split(".")).with_suffix(".py").exists()
    ]
    nodes = [node for module in tree for node in ast.walk(module) if isinstance(node, ast.Attribute)]
    read = {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "entry"}
    harmless = {"spread", "harmless"}
    decides = {name.partition(".")[0] for name in DECIDES[stage]} | (
        {"batch_values"} if "batch" in DECIDES[stage] else set()
    )
    assert read - {"model_dump"} <= decides | harmless
    assert read & decides, "the stage reads its entry under another name: mend this test"


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ({"batch": {"source": "studio", "seed": 1}}, {"raw", "prepare"}),
        ({"clip": CLIP.model_copy(update={"height": 64})}, {"raw", "prepare", "encoders", "encode"}),
        ({"encoding": {"dim": 9}}, {"encoders", "encode"}),
        ({"weights": {"weights/vae/model.safetensors": "replaced"}}, {"encoders", "encode"}),
        ({"encoders": "b"}, {"encode"}),
        ({"code": {**ENTRY.code, "prepare": "changed"}}, {"prepare"}),
        ({"harmless": Harmless(batch={"path": "/elsewhere"}, preparation_processes=7)}, set()),
    ],
)
def test_what_changes_in_an_entry_changes_the_stages_that_it_decides(
    change: dict[str, object], stages: set[str]
) -> None:
    before, after = stage_identities(ENTRY), stage_identities(ENTRY.model_copy(update=change))
    assert {stage for stage in before if before[stage] != after[stage]} == stages


def forget() -> None:
    """A process keeps the digests it found first; these tests change files under it."""
    digests._source.cache_clear()
    digests.code_digest.cache_clear()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The code in another place, whose digests are asked for."""
    for package in ("foundation", "data", "model"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "ROOT", tmp_path)
    monkeypatch.setattr(digests, "_own_packages", lambda: frozenset({"foundation", "data", "model"}))
    forget()
    yield tmp_path
    forget()


@pytest.mark.parametrize(
    ("file", "before", "after", "changes"),
    [
        ("data/validation/clip_timing.py", "ROWS = 24", "ROWS = 25", True),
        ("data/sources/studio/__init__.py", '{"lossless"}', '{"frames"}', True),
        ("data/sources/released_csv/boxes.py", '"r_h"', '"rh"', False),
        ("data/validation/clip_timing.py", "# of the grid", "# of the coarse grid", False),
        ("model/encoding/encode_clips.py", "lru_cache(maxsize=1)", "lru_cache(maxsize=2)", False),
    ],
)
def test_a_changed_constant_changes_the_digest_of_prepare(
    copy: Path, file: str, before: str, after: str, changes: bool
) -> None:
    untouched = digests.code_digest(*MODULES["prepare"])
    text = (copy / file).read_text()
    assert before in text
    (copy / file).write_text(text.replace(before, after))
    forget()
    assert (digests.code_digest(*MODULES["prepare"]) != untouched) is changes


def test_the_page_is_made_by_prepare(copy: Path) -> None:
    untouched = {stage: digests.code_digest(*MODULES[stage]) for stage in ("prepare", "encode")}
    template = copy / "data/validation/page.html.j2"
    template.write_text(template.read_text() + "<!-- -->")
    forget()
    assert digests.code_digest(*MODULES["prepare"]) != untouched["prepare"]
    assert digests.code_digest(*MODULES["encode"]) == untouched["encode"], "encoding does not depend on validation"


def test_encoding_does_not_depend_on_the_sources() -> None:
    closure = digests.closure(*MODULES["encode"])
    assert {"data.versions.batch_entry", "model.encoding.clip_parts"} <= closure
    assert not any(module.startswith(("data.sources", "data.annotators", "orchestration")) for module in closure)
