"""A few synthetic encoded clips and a tiny network, so that the real loop runs in seconds."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from foundation.clip_format import ClipFormat
from foundation.run_folder import RunFolder
from model.contracts import EncodedBatch, EncodingConfig, TrainingSet
from model.contracts.method import ATTENTION, StageName
from model.encoding.write_shards import Part, ShardWriter

REPOSITORY = Path(__file__).parents[3]
FRAMES, ROWS, COLUMNS, CHANNELS = 2, 4, 4, 4


@pytest.fixture
def encoded(tmp_path: Path) -> EncodedBatch:
    """Eight clips to learn by heart."""
    return write_encoded(tmp_path / "datasets/encoded/synthetic", clips=8)


@pytest.fixture
def config() -> dict[str, Any]:
    return stage_config()


def write_encoded(
    folder: Path,
    clips: int,
    lacking: Mapping[str, Collection[int]] | None = None,
    broken: Mapping[str, float] | None = None,
) -> EncodedBatch:
    """Clips with a product each; with `lacking` (part -> numbers of clips without it) with motion and pose too.

    `broken`: field -> the one value that it holds in clip 5.
    """
    writer = ShardWriter(folder, clips_per_shard=4)
    for number in range(clips):
        draw = torch.Generator().manual_seed(number)
        text_LD = torch.randn(4, 8, generator=draw)
        rgb = torch.randn(CHANNELS, 1, ROWS, COLUMNS, generator=draw).repeat(1, 1 + FRAMES, 1, 1)
        rgb[:, 1:] *= 0.5  # what is to be denoised differs from the reference
        fields = {
            "rgb_CThw": rgb + 0.1,
            "hoi_CThw": rgb[:, 1:] * 0.5,
            "product_C1hw": rgb[:, :1] * -1,
            "text_LD": text_LD,
            "hoi_text_LD": text_LD + 1,
            "audio_KAS": torch.randn(1, 8, 4 * FRAMES, generator=draw),
            "regions_N": torch.randint(3, (FRAMES * 4,), generator=draw).to(torch.uint8),
        }
        if lacking is not None:
            fields |= {
                "pose_CThw": torch.randn(CHANNELS, FRAMES, ROWS, COLUMNS, generator=draw),
                "motion_CFhw": torch.randn(CHANNELS, 19, ROWS, COLUMNS, generator=draw),
                "rgb_after_motion_CThw": rgb[:, 1:] + 0.2,
            }
            without = {part for part, numbers in lacking.items() if number in numbers}
            without |= {"rgb_after_motion"} if "motion" in without else set()
            fields = {name: value for name, value in fields.items() if name.rpartition("_")[0] not in without}
        if number == 5:
            fields |= {name: torch.full_like(fields[name], value) for name, value in (broken or {}).items()}
        writer.add(f"clip_{number}", _parts(number, fields), {"prompt": "p", "person_id": "a", "product_id": "b"})
    save_file({"text_LD": torch.zeros(4, 8)}, folder / "empty_text.safetensors")
    writer.finish(
        {
            "batch": folder.name,
            "prepared_digest": "p",
            "encoders_digest": "e",
            "clip_format": ClipFormat(frames=9, frames_per_second=25, height=32, width=32, motion_frames=0),
            "encoding": _encoding(),
        }
    )
    return EncodedBatch(
        batch=folder.name, folder=str(folder), clips=clips, digest="d", prepared_digest="p", encoders_digest="e"
    )


def _parts(number: int, fields: dict[str, torch.Tensor]) -> dict[str, Part]:
    """Each field is a part of its own, stored as float16."""
    stored = {name: value.half() if value.is_floating_point() else value for name, value in fields.items()}
    return {
        name.rpartition("_")[0]: Part(f"{number} {name}", lambda name=name, value=value: {name: value.contiguous()})
        for name, value in stored.items()
    }


def _encoding() -> EncodingConfig:
    return EncodingConfig.model_validate(
        {
            "latent_codec": {"kind": "linear", "channels": CHANNELS},
            "text_encoder": {"kind": "hashed_words", "dim": 8, "tokens": 4},
            "audio_encoder": {"kind": "log_mel", "dim": 8, "layers": 1},
            "hoi_prompt": "structure:",
        }
    )


def stage_config(**changes: Any) -> dict[str, Any]:
    """The sections of config.yaml that training reads; `changes` are dotted paths with __ for the dot."""
    stage = {"steps": 12, "learning_rate": 3e-3, "warmup_steps": 2}
    config: dict[str, Any] = {
        "network": {
            "dim": 48,
            "ffn_dim": 96,
            "layers": 2,
            "heads": 2,
            "latent_channels": CHANNELS,
            "frequency_dim": 16,
            "text_dim": 8,
            "text_tokens": 4,
            "audio_dim": 8,
            "audio_layers": 1,
            "audio_injection_layers": [0],
            "expert_dim": 16,
            "motion": False,
            "learned_positions": [FRAMES, ROWS // 2, COLUMNS // 2],
            "add_reference_to_target": True,
        },
        "recipe": {
            "experts": ["head", "hand", "base"],
            "router": "paper",
            "hoi_positions": "negative_width",
            "hoi_modulation": "own_step",
            "hoi_attends_product": False,
            "experts_off_above": None,
            "experts_off_unconditional": False,
            "hoi_loss_weight": 1.0,
            "route_loss_weight": 0.1,
            "route_class_weights": {"base": 1.0, "head": 1.0, "hand": 1.0},
            "prediction": "reference_residual",
            "sigma_shift_training": 5.0,
            "drop_prompt": 0.1,
            "drop_audio": 0.1,
            "drop_motion": 0.4,
            "drop_pose": 0.5,
        },
        "training": {
            "stage_one": stage,
            "stage_two": {**stage, "seed": 1},
            "micro_batch_per_process": 2,
            "weight_decay": 0.01,
            "gradient_clip": 1.0,
            "checkpoint_every_steps": 4,
            "log_every_steps": 1,
        },
        "deepspeed": {"processes": 2, "zero_stage": 2, "precision": "fp32"},
        "tracking": {"uri": "sqlite:///registry/mlflow.db", "experiment": "test", "registered_model": "rgb"},
    }
    for dotted, value in changes.items():
        *path, last = dotted.split("__")
        section = config
        for part in path:
            section = section[part]
        section[last] = value
    return config


class Stage:
    """One run folder under a project root, and the real command on it."""

    def __init__(self, root: Path, name: str, batch: EncodedBatch, parent: dict[str, Any] | None, config: Any) -> None:
        stage: StageName = "stage_two" if parent else "stage_one"
        own = {"stage": config["training"][stage], "attention": ATTENTION[stage]}
        training = {**own, **config["training"]}
        self.config = {**config, "training": {key: training[key] for key in training if not key.startswith("stage_")}}
        self.root, self.folder = root, RunFolder(root / "runs" / name)
        training_set = TrainingSet(
            train=(batch,), held_out=(batch,), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=True
        )
        self.inputs = {"stage": stage, "training_set": training_set.model_dump(mode="json"), "parent": parent}
        self.folder.write_request(self.config, self.inputs)

    def command(self) -> list[str]:
        processes = str(self.config["deepspeed"]["processes"])
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        return [sys.executable, *launcher, "-m", "model.training.train_stage", f"runs/{self.folder.run_id}"]

    def start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            self.command(), cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self) -> tuple[int, str]:
        child = self.start()
        output, _ = child.communicate()
        return child.returncode, output

    def result(self) -> dict[str, Any]:
        found = self.folder.result()
        assert found is not None
        return found

    def wait_for(self, child: subprocess.Popen[str], words: str) -> None:
        """Read the child's output until a line starts with `words`."""
        assert child.stdout is not None
        assert any(line.startswith(words) for line in child.stdout), f"no line {words}"

    def kill(self, child: subprocess.Popen[str]) -> None:
        """SIGKILL for the launcher and every process it started: nobody can tidy up."""
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        for process in (child.pid, *map(int, children)):
            os.kill(process, signal.SIGKILL)
        child.communicate()

    def exact_losses(self) -> list[float]:
        """Total loss of every logged step, unrounded."""
        return self.metric("loss_total")

    def metric(self, key: str) -> list[float]:
        """A metric of every logged step out of MLflow's database."""
        with sqlite3.connect(self.root / "registry/mlflow.db") as database:
            rows = database.execute(
                "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY step",
                (self.result()["mlflow_run_id"], key),
            )
            return list(dict(rows).values())

    def losses(self, output: str) -> list[float]:
        return [float(line.split(" loss ")[1].split(" ")[0]) for line in output.splitlines() if " loss " in line]


@pytest.fixture(scope="module")
def make_stage(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Stage]:
    """Run folders under one project root a test module."""
    root = tmp_path_factory.mktemp("project")
    batch = write_encoded(root / "datasets/encoded/synthetic", clips=8)

    def make(name: str, parent: dict[str, Any] | None = None, **changes: Any) -> Stage:
        return Stage(root, name, batch, parent, stage_config(**changes))

    return make
