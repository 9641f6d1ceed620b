"""A really exported artifact, once for all tests of a module, and a registry of each test's own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from evaluation.contracts import EvaluationReport
from foundation.digests import folder_digest
from model.conditioning.latent_codecs.linear import fit_linear_codec
from model.contracts import Encoders, RgbArtifact, TrackingConfig, TrainedStage, TrainingSet
from model.network.dual_stream_transformer import DualStreamTransformer
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps import model_steps
from orchestration.steps.step import StepContext
from tests.receipts import left, set_steps, stage_two_receipt

SMALL = ["network.dim=48", "network.ffn_dim=64", "network.layers=2", "network.heads=2", "network.frequency_dim=16"]
SHAPES = [*SMALL, "network.audio_injection_layers=[0]", "network.expert_dim=8"]
GATE = [
    "gate.rules=[{metric: psnr_db, floor: 10, margin: {size: 1, kind: units}}]",
    "gate.improvements=[{metric: psnr_db, useful: {size: 0.1, kind: units}, sought: {size: 1, kind: units}}]",
]
TRAINING_SET = TrainingSet(
    train=(), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False
)
Variant = Callable[[int, float], tuple[RgbArtifact, EvaluationReport]]


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config([*SHAPES, *GATE])


def stage_two(folder: Path, config: PipelineConfig) -> TrainedStage:
    """Random weights of both streams, as if a run had trained them."""
    torch.manual_seed(0)
    dual = DualStreamTransformer(config.network, config.recipe, streams="dual")
    file = folder / "stage_two.safetensors"
    save_file({name: 0.1 * torch.randn_like(value) + value for name, value in dual.state_dict().items()}, file)
    Path("runs/x").mkdir(parents=True)
    return left(stage_two_receipt(file))


def fitted_encoders(folder: Path, config: PipelineConfig) -> Encoders:
    """A codec fitted on noise."""
    folder.mkdir()
    video = torch.rand(1, 3, 9, 96, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    channels = config.encoding.latent_codec.channels
    fit_linear_codec(lambda: [("rgb", video)], channels).codec.save(folder / "latent_codec.safetensors")
    (folder / "encoders.json").write_text(json.dumps({"weights_sha256": {}}))
    text = config.encoding.text_encoder
    save_file({"text_LD": torch.zeros(text.tokens, text.dim)}, folder / "empty_text.safetensors")
    return Encoders(folder=str(folder), digest=folder_digest(folder), captions={})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, config: PipelineConfig) -> RgbArtifact:
    """One artifact through the step that makes it; a second order finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("exported"))
        patch.setenv("OMP_NUM_THREADS", "1")
        work = StepContext(config, log=lambda _line: None)
        parents = stage_two(folder, config), fitted_encoders(folder / "encoders", config), TRAINING_SET
        made, again = (model_steps.rgb_artifact(work, *parents) for _ in range(2))
        assert (made.reused, again.reused) == (False, True)
        assert made.receipt == again.receipt
        assert isinstance(made.receipt, RgbArtifact)
        return made.receipt.model_copy(update={"folder": str(folder / made.receipt.folder)})


@pytest.fixture
def variant(project: Path, exported: RgbArtifact, make_report: Callable[..., EvaluationReport]) -> Variant:
    """Another model: the artifact with another number of sampling steps, whole in itself, and its report."""

    def make(steps: int, psnr_db: float) -> tuple[RgbArtifact, EvaluationReport]:
        folder = Path(f"runs/export-{steps}/rgb_artifact")
        shutil.copytree(exported.folder, folder)
        set_steps(folder, steps)
        artifact = left(exported.model_copy(update={"folder": str(folder), "digest": folder_digest(folder)}))
        return artifact, make_report(artifact, psnr_db=psnr_db)

    return make


@pytest.fixture
def work(config: PipelineConfig, tracking: TrackingConfig) -> StepContext:
    return StepContext(config.model_copy(update={"tracking": tracking}), log=lambda _line: None)
