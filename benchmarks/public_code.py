"""The authors' public code, imported unmodified from a checkout, as a contender beside ours.

    git clone https://github.com/luoxyhappy/CoInteract DIR && git -C DIR checkout fbd744e

Its modules import many packages that neither its network nor its loss calls: those are stubbed while it is imported.
Training goes through its own `WanVideoPipeline.training_loss`, with a bare namespace for the pipeline; inference
through its own `model_fn_wans2v`. Nothing of it is changed or copied here.

Shape legend: see model.network.streams.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import io
import sys
import types
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.public_inputs import HOI_SEED, TIMESTEP_INDEX, PublicInputs
from model.contracts import NetworkConfig, SamplingConfig

ONLY_IMPORTED = frozenset(
    {
        "accelerate",
        "av",
        "controlnet_aux",
        "cv2",
        "decord",
        "deepspeed",
        "ftfy",
        "imageio",
        "librosa",
        "lightning",
        "modelscope",
        "pandas",
        "peft",
        "pyloudnorm",
        "regex",
        "soundfile",
        "torchvision",
        "transformers",
        "xfuser",
    }
)
NETWORK_FILE = "diffsynth/models/wan_video_dit_s2v.py"


class _Anything(types.ModuleType):
    """A module of which any name can be imported."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] in ONLY_IMPORTED:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Anything(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__path__ = []


@contextlib.contextmanager
def _importing_from(folder: Path) -> Generator[None]:
    """Its packages can be imported, and what they only import is stubbed; afterwards both is undone."""
    stubs = _Stubs()
    sys.meta_path.insert(0, stubs)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.meta_path.remove(stubs)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Anything)]:
            del sys.modules[name]


class PublicCode:
    """Its network, loss and sampler's model function."""

    def __init__(self, folder: Path) -> None:
        """Import it. ValueError: the folder is no checkout of it."""
        if not (folder / NETWORK_FILE).is_file():
            raise ValueError(
                f"--public {folder}: no {NETWORK_FILE} there; give a checkout of luoxyhappy/CoInteract at fbd744e"
            )
        with _importing_from(folder.resolve()), quiet():
            self._network = importlib.import_module("diffsynth.models.wan_video_dit_s2v").WanS2VModel
            pipelines = importlib.import_module("diffsynth.pipelines.wan_video_new")
            schedulers = importlib.import_module("diffsynth.schedulers.flow_match")
        self._loss, self._forward = pipelines.WanVideoPipeline.training_loss, pipelines.model_fn_wans2v
        self.scheduler: Any = schedulers.FlowMatchScheduler(shift=5, sigma_min=0.0, extra_one_step=True)
        self.scheduler.set_timesteps(1000, training=True, shift=5.0)

    @property
    def timestep(self) -> Tensor:
        """[1]: the one that every step is measured at."""
        return self.scheduler.timesteps[TIMESTEP_INDEX].reshape(1).float()

    def network(self, config: NetworkConfig, dtype: torch.dtype = torch.float32) -> torch.nn.Module:
        """Its network of this shape, random weights by seed, none of them zero or one."""
        torch.manual_seed(0)
        with quiet():
            network: Any = self._network(
                dim=config.dim,
                in_dim=config.latent_channels,
                ffn_dim=config.ffn_dim,
                out_dim=config.latent_channels,
                text_dim=config.text_dim,
                freq_dim=config.frequency_dim,
                eps=config.eps,
                patch_size=config.patch,
                num_heads=config.heads,
                num_layers=config.layers,
                cond_dim=config.latent_channels,
                audio_dim=config.audio_dim,
                num_audio_token=config.audio_tokens_per_frame,
                audio_inject_layers=list(config.audio_injection_layers),
            )
            network.enable_moe_ffn(expert_hidden_dim=config.expert_dim)
            network.enable_depth_branch()
        _randomise(network)
        return network.to(dtype)

    def training_step(
        self, network: torch.nn.Module, x: PublicInputs, recomputed: bool, dtype: torch.dtype, autocast: bool
    ) -> Callable[[], Tensor]:
        """Forward, its loss and backward, asymmetric; gives the loss."""
        pipeline = types.SimpleNamespace(
            scheduler=self.scheduler, dit=network, model_fn=self._forward, torch_dtype=dtype, device="cpu"
        )
        first, last = (TIMESTEP_INDEX + ahead for ahead in (0, 1))
        given = dict(
            **x.conditions_of_public(dtype),
            input_latents=torch.cat([x.person, x.rgb], dim=2).to(dtype),
            noise=x.noise.to(dtype),
            depth_latents=torch.cat([x.person, x.hoi], dim=2).to(dtype),  # it drops the first frame
            face_mask=x.regions_N == 1,
            hand_mask=x.regions_N == 2,
            depth_mutual_visible=False,
            use_gradient_checkpointing=recomputed,
            use_gradient_checkpointing_offload=False,
            min_timestep_boundary=first / 1000 + 1e-9,
            max_timestep_boundary=last / 1000 + 1e-9,
        )

        def step() -> Tensor:
            network.zero_grad(set_to_none=True)
            torch.manual_seed(HOI_SEED)
            under = torch.autocast("cpu", torch.bfloat16) if autocast else contextlib.nullcontext()
            with quiet(), under:
                loss = self._loss(pipeline, dit=network, **given)["loss"]
            loss.backward()
            return loss.detach()

        return step

    def forward(self, network: torch.nn.Module, x: PublicInputs, dtype: torch.dtype) -> Callable[[], Tensor]:
        """One RGB-only forward pass without gradients: [B,C,T,h,w], without the reference's frame."""
        conditions = x.conditions_of_public(dtype)
        latents, timestep_B = torch.cat([x.person, x.rgb], dim=2).to(dtype), self.timestep.to(dtype)

        @torch.no_grad()
        def run() -> Tensor:
            with quiet():
                return self._forward(
                    dit=network, latents=latents, timestep=timestep_B, is_conditional=True, **conditions
                )[:, :, 1:]

        return run

    def sampled(self, network: torch.nn.Module, x: PublicInputs, sampling: SamplingConfig) -> Callable[[], Tensor]:
        """RGB latents [B,C,T,h,w] from the noise `x.rgb`, as its pipeline's loop makes them: its own scheduler and
        model function, both sides of guidance conditional, the timestep in bf16, the reference put back each step."""
        scheduler: Any = type(self.scheduler)(shift=5, sigma_min=0.0, extra_one_step=True)
        scheduler.set_timesteps(sampling.steps, shift=sampling.sigma_shift)
        towards = x.conditions_of_public(torch.float32)
        away = {**towards, "context": torch.zeros_like(x.text), "audio_embeds": torch.zeros_like(x.audio)}

        def velocity(latents: Tensor, timestep_B: Tensor, conditions: dict[str, Any]) -> Tensor:
            with quiet():
                return self._forward(
                    dit=network, latents=latents, timestep=timestep_B.clone(), is_conditional=True, **conditions
                )

        @torch.no_grad()
        def run() -> Tensor:
            latents = torch.cat([x.person, x.rgb], dim=2)
            for timestep in scheduler.timesteps:
                timestep_B = timestep[None].to(torch.bfloat16).float()
                one, other = (velocity(latents, timestep_B, side) for side in (towards, away))
                latents = scheduler.step(other + sampling.guidance * (one - other), timestep, latents)
                latents[:, :, :1] = x.person
            return latents[:, :, 1:]

        return run


def quiet() -> contextlib.AbstractContextManager[Any]:
    """It prints as it goes."""
    return contextlib.redirect_stdout(io.StringIO())


def _randomise(network: torch.nn.Module) -> None:
    """So that no swapped or dropped weight goes unseen: gains about one, biases small, matrices of unit gain."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if name.endswith(("norm_q.weight", "norm_k.weight", "norm3.weight", "router.2.weight")):
                weight.copy_(1 + 0.1 * noise)
            elif "casual_audio_encoder.weights" in name:
                weight.copy_(0.01 + 0.002 * noise)
            elif weight.dim() == 1:
                weight.copy_(0.02 * noise)
            else:
                weight.copy_(noise / (weight.shape[-1] if "modulation" in name else weight[0].numel()) ** 0.5)
