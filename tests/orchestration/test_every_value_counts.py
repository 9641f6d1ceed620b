"""Every value of the configuration decides a result, or is declared harmless where it is defined: one by one.

Each leaf of the composed configuration is changed to another valid value. Then the step that it belongs to, and every
step that is made from that one, must get another identity; where the field is declared harmless, none may. A new field
is a new leaf here without anybody adding it. `pytest -s` prints how many there are.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import pytest
from pydantic import ValidationError

from data.versions.batch_entry import stage_identities
from evaluation.exam.open_and_sealed import open_exam
from evaluation.recognisers.receipt import FittedRecognisers
from foundation.fingerprint import fingerprint, harmless_fields
from model.contracts import EncodedBatch, Encoders, TrainedStage, TrainingSet
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.definitions import defs
from orchestration.steps import model_steps
from orchestration.steps.data_steps import arrivals_of, entry_of, split_of
from tests.receipts import artifact_receipt, samples_receipt, stage_receipt

Path = tuple[str | int, ...]
# the first step that a section's values may change; nothing above it is made again
FIRST = {
    "data": "raw_batch",
    "encoding": "encoders",
    "network": "stage_one",
    "recipe": "stage_one",
    "training": "stage_one",
    "training.stage_two": "stage_two",
    "deepspeed": "stage_one",
    "sampling": "rgb_artifact",
    "evaluation": "generated_samples",
    "gate": "promotion_decision",
}

WORDS = [
    "anny",
    "silhouette",
    "ray",
    "constant",
    "fp32",
    "bf16",
    "one",
    "likeliest",
    "velocity",
    "released",
    "asymmetric",
    "full",
    "strict",
    "no_asymmetric_mask",
    "wrapped_table",
    "zero_step",
    "wan",
    "umt5",
    "wav2vec2",
    "psnr_db",
    "cuda",
    "units",
    "share",
]
DEFECT = {"batch": "studio_train", "clip": "c", "rule": "r", "fields": ["f"], "reason": "known"}
LABELS = {"base": 1.0, "head": 1.0, "hand": 1.0, "product": 1.0}
AMOUNT = {"size": 1.0, "kind": "units"}
WORD, DAY = "no_asymmetric_mask", "2026-01-31"
INSTEAD_OF_NOTHING = (1, 0.5, AMOUNT, WORD, DAY, [8, 6, 4], ["x"], [DEFECT], LABELS)
# what has no other valid value by itself: overrides before, overrides after
ANOTHER = "+data.batches.another={source: studio, seed: 5, clips: 64}"
ARRIVED = "{source: arrived}"
STARTS = "training.initial_weights=a/model.safetensors"
TOGETHER = {
    "data.batches.studio_train.source": ([], ["~data.batches.studio_train", "+data.batches.studio_train=" + ARRIVED]),
    "data.batches.studio_held_out.source": (
        [],
        ["~data.batches.studio_held_out", "+data.batches.studio_held_out=" + ARRIVED],
    ),
    "data.train_batches": ([ANOTHER], [ANOTHER, "data.train_batches=[another]"]),
    "data.held_out_batches": ([ANOTHER], [ANOTHER, "data.held_out_batches=[another]"]),
    "training.initial_weights": ([STARTS], ["training.initial_weights=b/model.safetensors"]),
    "training.initial_adapter": (
        [STARTS, "training.initial_adapter=a/model.safetensors"],
        [STARTS, "training.initial_adapter=b/model.safetensors"],
    ),
    "deepspeed.offload_parameters": (
        ["deepspeed.zero_stage=3"],
        ["deepspeed.zero_stage=3", "deepspeed.offload_parameters=true"],
    ),
    "training.low_rank": ([STARTS], [STARTS, "training.low_rank={rank: 4}"]),
}
TRAINED = {"encoders", "stage_one", "stage_two", "rgb_artifact"}
SPARED = {  # what is made of other clips than those that the value chooses
    "data.batches.studio_held_out": TRAINED,
    "data.held_out_batches": TRAINED,
    "data.train_on_arrivals": {"encoders"},
    "data.held_out_is_trained_on": {"encoders"},
}


@pytest.fixture(autouse=True)
def in_project(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a batch that arrived, and the same weights under two paths."""
    monkeypatch.chdir(tmp_path)
    for file in ("datasets/raw/arrived_in_march/manifest.jsonl", "a/model.safetensors", "b/model.safetensors"):
        FilePath(file).parent.mkdir(parents=True)
        FilePath(file).write_text("the same")


def identities(config: PipelineConfig) -> dict[str, str]:
    """Asset -> what names its result; a parent's identity stands for the digest of what it made."""
    train, held_out = split_of(config.data, arrivals_of(config.data))
    entries = {name: stage_identities(entry_of(config, name)) for name in [*train, *held_out]}
    prepared = {name: fingerprint([entry["raw"], entry["prepare"]]) for name, entry in entries.items()}
    fitted_on = config.data.train_batches[0]
    encoders = fingerprint([prepared[fitted_on], entries[fitted_on]["encoders"]])
    encoded = {name: fingerprint([prepared[name], encoders, entries[name]["encode"]]) for name in entries}
    chosen = TrainingSet(
        train=tuple(batch(name, encoded[name]) for name in train),
        held_out=tuple(batch(name, encoded[name]) for name in held_out),
        train_digest=fingerprint([encoded[name] for name in train]),
        held_out_digest=fingerprint([encoded[name] for name in held_out]),
        digest=fingerprint([[encoded[name] for name in side] for side in (train, held_out)]),
        overlap_allowed=config.data.held_out_is_trained_on,
    )
    one = model_steps.training_request(config, chosen, None).identity
    two = model_steps.training_request(config, chosen, stage("stage_one", one)).identity
    fitted = Encoders(folder="f", digest=encoders, captions={})
    exported = model_steps.export_request(config, stage("stage_two", two), fitted).identity
    artifact = artifact_receipt("f", exported)
    sampled = model_steps.samples_request(config, artifact, chosen, open_exam(config.evaluation)).identity
    samples = samples_receipt(open_exam(config.evaluation), exported, sampled)
    fitting = model_steps.recognisers_request(config, artifact, chosen).identity
    recognisers = FittedRecognisers(file="f", hand_locator=None, digest=fitting, version=1)
    inputs = {"artifact": artifact, "samples": samples, "training_set": chosen, "examiner": artifact}
    inputs |= {"recognisers": recognisers}
    evaluated = model_steps.evaluation_request(config, inputs).identity
    registered = fingerprint([exported, evaluated])
    return {
        "raw_batch": fingerprint({name: entry["raw"] for name, entry in entries.items()}),
        "prepared_batch": fingerprint(prepared),
        "encoders": encoders,
        "encoded_batch": fingerprint(encoded),
        "training_set": fingerprint([chosen.digest, chosen.overlap_allowed]),
        "stage_one": one,
        "stage_two": two,
        "rgb_artifact": exported,
        "generated_samples": sampled,
        "evaluation_report": evaluated,
        "registered_candidate": registered,
        "promotion_decision": fingerprint([registered, config.gate]),  # decided anew in every run, by these rules
        "champion": fingerprint([registered, config.gate]),
    }


def batch(name: str, digest: str) -> EncodedBatch:
    return EncodedBatch(batch=name, folder="f", clips=1, digest=digest, prepared_digest="p", encoders_digest="e")


def stage(name: Any, digest: str) -> TrainedStage:
    return stage_receipt(stage=name, weights_sha256=digest)


@cache
def default() -> PipelineConfig:
    return load_config()


@cache
def default_identities() -> dict[str, str]:
    return identities(default())


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every value that is no mapping, as it stands in config.yaml; of a list of models each one's fields."""
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from leaves(below, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, below in enumerate(value):
            yield from leaves(below, (*path, number))
    else:
        yield path


def others(value: Any) -> list[Any]:
    """Values to try in a leaf's place; the first that the configuration accepts is taken."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value + 16, value + 4, value * 2, value * 1.01, value * 0.9 + 0.01, value - 1]
    if isinstance(value, list) and value:
        first = ([other, *value[1:]] for other in others(value[0]))
        return [value[:-1], value[::-1], *first, [*value[:-1], value[-1] * 2]]
    return [f"{value}x", *WORDS] if isinstance(value, str) else list(INSTEAD_OF_NOTHING)


def with_value(config: PipelineConfig, path: Path, value: Any) -> PipelineConfig:
    whole = config.as_dict()
    place = whole
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return PipelineConfig.model_validate(whole)


def changed(config: PipelineConfig, path: Path) -> PipelineConfig:
    """The configuration with another valid value in one leaf."""
    value: Any = config.as_dict()
    for part in path:
        value = value[part]
    for other in others(value):
        try:
            found = with_value(config, path, other)
        except ValidationError:
            continue
        if found != config:
            return found
    pytest.fail(f"{dotted(path)}: no other valid value is known, add one to `others`")


def dotted(path: Path) -> str:
    return ".".join(map(str, path))


def is_harmless(path: Path) -> bool:
    """Whether the field, or one above it, is declared so; names that people choose stand for nothing."""
    fields = harmless_fields(PipelineConfig)
    batch_fields = [harmless_fields(type(order)) for order in default().data.batches.values()]
    names = [dotted(tuple(part for part in path[:end] if isinstance(part, str))) for end in range(1, len(path) + 1)]
    of_a_batch = path[:2] == ("data", "batches") and any(part in known for known in batch_fields for part in path)
    return of_a_batch or any(name in fields for name in names)


def below(first: str) -> set[str]:
    """A step and everything that is made from it, as the assets say."""
    graph = defs.resolve_asset_graph()
    key = next(key for key in graph.get_all_asset_keys() if key.to_user_string() == first)
    made = {key, *(other for other in graph.get_all_asset_keys() if key in graph.get_ancestor_asset_keys(other))}
    return {found.to_user_string() for found in made}


LEAVES = list(leaves(load_config().as_dict()))


@pytest.mark.parametrize("path", LEAVES, ids=dotted)
def test_a_value_counts_or_is_declared_harmless(path: Path) -> None:
    if dotted(path) in TOGETHER:
        before, after = (load_config(overrides) for overrides in TOGETHER[dotted(path)])
        old = identities(before)
    else:
        after, old = changed(default(), path), default_identities()
    new = identities(after)
    moved = {step for step in old if new[step] != old[step]}
    if is_harmless(path):
        assert moved == set()
        return
    first = FIRST.get(dotted(path[:2]), FIRST[str(path[0])])
    spared = SPARED.get(dotted(path[:3]), set()) | SPARED.get(dotted(path), set())
    wanted = below(first) - spared
    assert moved, f"{dotted(path)} decides nothing: use it, or declare it harmless where it is defined"
    assert moved <= wanted, f"{dotted(path)} makes {sorted(moved - wanted)} again for nothing"
    made_from_it = {below_it for step in moved for below_it in below(step)} & wanted
    assert made_from_it <= moved, f"{dotted(path)}: {sorted(made_from_it - moved)} would be reused"


def test_how_many_there_are() -> None:
    harmless = [dotted(path) for path in LEAVES if is_harmless(path)]
    print(f"\n{len(LEAVES)} values, {len(harmless)} of them harmless: {', '.join(harmless)}")
    print(dict(Counter(str(path[0]) for path in LEAVES)))
    assert len(LEAVES) > 150
    fields = {
        dotted(path[:2] + path[3:] if path[:2] == ("data", "batches") else path)
        for path in LEAVES
        # "scoring" and "ablation" are declared once each: no step of the line is given them
        if is_harmless(path) and path[0] not in ("scoring", "ablation")
    }
    assert 0 < len(fields) < 25, "harmless is the exception"


def test_the_assets_are_all_here() -> None:
    assert set(default_identities()) == {
        key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()
    }
