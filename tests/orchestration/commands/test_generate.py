"""`graspline generate`: what is taken from where, what contradicts what, and which overrides mean something."""

from pathlib import Path
from typing import Any

import pytest

from data.contracts import ClipRecord
from orchestration.commands.generate import Inputs, filled, options, sampling_changes
from orchestration.configuration.load_config import PipelineConfig, load_config

OUT = Path("videos/v.mp4")


@pytest.fixture
def config() -> PipelineConfig:
    return load_config()


@pytest.fixture
def prepared(project: Path, config: PipelineConfig) -> Path:
    """The first held-out batch with one clip, and another batch."""
    for batch in (config.data.held_out_batches[0], "other"):
        folder = project / "datasets/prepared" / batch
        folder.mkdir(parents=True)
        record = ClipRecord(
            clip_id=f"clip_of_{batch}",
            prompt=f"the prompt of {batch}",
            person_id="p",
            product_id="q",
            video="v.mp4",
            hoi_video="h.mp4",
            audio="a.wav",
            person_image="p.png",
            product_image="q.png",
            frames=33,
            frames_per_second=25,
            height=96,
            width=64,
            boxes={},
        )
        (folder / "manifest.jsonl").write_text(record.model_dump_json() + "\n")
    return project / "datasets/prepared"


def given(**inputs: Any) -> Inputs:
    return Inputs(out=OUT, **inputs)


def test_nothing_given_is_the_first_held_out_clip(prepared: Path, config: PipelineConfig) -> None:
    batch = config.data.held_out_batches[0]
    inputs = filled(given(), config)
    assert inputs.prompts == [f"the prompt of {batch}"]
    assert inputs.product == Path("datasets/prepared") / batch / "q.png"
    assert inputs.audio == Path("datasets/prepared") / batch / "a.wav"


def test_what_is_given_stays_and_the_rest_is_like_the_named_clip(prepared: Path, config: PipelineConfig) -> None:
    inputs = filled(given(like="other/clip_of_other", prompts=["a", "b"], person=Path("me.png")), config)
    assert (inputs.prompts, inputs.person) == (["a", "b"], Path("me.png"))
    assert inputs.audio == Path("datasets/prepared/other/a.wav")
    assert filled(given(like="other/clip_of_other", no_product=True), config).product is None
    with pytest.raises(ValueError, match=r"--like other/nobody: batch other has no clip nobody; it has clip_of_other"):
        filled(given(like="other/nobody"), config)


def test_who_gives_everything_needs_no_batch_and_may_have_no_product(project: Path, config: PipelineConfig) -> None:
    everything = given(prompts=["a"], person=Path("p.png"), audio=Path("a.wav"))
    assert filled(everything, config) == everything
    with pytest.raises(ValueError, match=r"manifest\.jsonl is missing: .*--person, --audio and --prompt"):
        filled(given(prompts=["a"]), config)


def test_contradictions_are_said(config: PipelineConfig) -> None:
    with pytest.raises(ValueError, match="--product and --no-product contradict"):
        filled(given(product=Path("q.png"), no_product=True), config)
    with pytest.raises(ValueError, match="--csv names every video's inputs: leave --no-product out"):
        filled(given(csv=Path("d.csv"), no_product=True), config)
    with pytest.raises(ValueError, match="leave --prompt out"):
        filled(given(csv=Path("d.csv"), prompts=["a"]), config)


def test_the_child_gets_every_prompt_and_seed() -> None:
    arguments = options(given(prompts=["a", "-b"], seeds=[3, 4], pose=Path("s.mp4"), seconds=0.5))
    clips = ["--prompt=a", "--prompt=-b", "--seed=3", "--seed=4"]
    assert arguments == ["--pose=s.mp4", "--seconds=0.5", "--out=videos/v.mp4", *clips]


def test_overrides_change_what_they_name_and_nothing_else_of_the_artifact() -> None:
    one = ["sampling.steps=20", "tracking.registered_model=other"]
    assert sampling_changes(load_config(one), one) == {"guidance_passes": "auto", "steps": 20}
    whole = ["sampling=paper"]
    assert sampling_changes(load_config(whole), whole) == load_config(whole).sampling.model_dump()
    passes = ["sampling.guidance_passes=two"]
    assert sampling_changes(load_config(passes), passes) == {"guidance_passes": "two"}, "is the caller's, always"
    demo = ["experiment=released_demo", "data.path=/deliveries/one"]
    assert sampling_changes(load_config(demo), demo) == {"guidance_passes": "auto"}
    assert load_config(demo).tracking.registered_model == "graspline-rgb-released-demo"
    with pytest.raises(ValueError, match=r"network\.dim=64: a registered model is as it was trained.*sampling"):
        sampling_changes(load_config(), ["network.dim=64"])
