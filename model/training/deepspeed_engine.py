"""The only owner of DeepSpeed: one small class around its engine, for ZeRO 0 to 3 on CPU (gloo) or CUDA (nccl).

Facts found by trying (DeepSpeed 0.19): it needs torchrun's environment even for one process; its shared-memory
collective and its own Adam each want a compiler at first start, so the former is switched off and the optimizer is
torch's AdamW; its checkpoints are pickles bound to one world size, so `full_state` and `load_moments` move whole
tensors by parameter name through its public accessors instead; stage 0 with bf16 drifts, so it is refused.
"""

import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from model.contracts import DeepSpeedConfig, TrainingOptions

MOMENTS = ("exp_avg", "exp_avg_sq")  # torch AdamW's names
LARGEST_BUCKET = 500_000_000  # elements; DeepSpeed's default, of which a small model would still allocate all
ONE_PROCESS = {  # what torchrun sets; DeepSpeed wants it for one process too
    "RANK": "0",
    "LOCAL_RANK": "0",
    "WORLD_SIZE": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


def check_deepspeed(config: DeepSpeedConfig) -> None:
    """As many processes as were started.

    Raises:
        ValueError: names the key and the fix.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if config.processes != started:
        raise ValueError(
            f"deepspeed.processes is {config.processes}, but {started} were started: "
            f"start with torchrun --standalone --nproc-per-node {config.processes}"
        )


class Processes:
    """This process among the others of the run: gloo on CPU, nccl on CUDA, chosen by what is there."""

    def __init__(self) -> None:
        on_cuda = torch.cuda.is_available()
        os.environ.setdefault("DS_ACCELERATOR", "cuda" if on_cuda else "cpu")
        for key, value in ONE_PROCESS.items():
            os.environ.setdefault(key, value)
        import deepspeed
        from deepspeed.ops import __compatible_ops__ as compatible_ops

        logging.getLogger("DeepSpeed").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")  # DeepSpeed's calls
        compatible_ops["deepspeed_shm_comm"] = False
        if on_cuda:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        deepspeed.init_distributed(dist_backend="nccl" if on_cuda else "gloo", verbose=False)
        self.rank: int = torch.distributed.get_rank()
        self.world_size: int = torch.distributed.get_world_size()
        self.device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_cuda else torch.device("cpu")

    def mean_over_ranks(self, values: Tensor) -> Tensor:
        """Mean of a small tensor over all processes."""
        total = values.clone()
        torch.distributed.all_reduce(total)
        return total / self.world_size

    def any_rank(self, value: bool) -> bool:
        """Whether it is true on any process; the same on all."""
        votes = torch.tensor(int(value), device=self.device)
        torch.distributed.all_reduce(votes)
        return bool(votes)

    def number_from_rank_zero(self, number: int) -> int:
        """Rank 0's whole number on every rank."""
        box = torch.tensor(number, device=self.device)
        torch.distributed.broadcast(box, src=0)
        return int(box)

    def gathered(self, words: list[str]) -> list[str]:
        """The words of every process, the same on all."""
        boxes: list[Any] = [None] * self.world_size
        torch.distributed.all_gather_object(boxes, words)
        return [word for box in boxes for word in box]

    def close(self) -> None:
        """Leave the process group in order: gloo's teardown otherwise aborts now and then after success."""
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


class Engine:
    """One network under DeepSpeed: forward, backward, step, and its state as whole named tensors."""

    def __init__(
        self, network: nn.Module, processes: Processes, config: DeepSpeedConfig, training: TrainingOptions
    ) -> None:
        import deepspeed

        self.processes = processes
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.parameters = sum(parameter.numel() for parameter in network.parameters())
        self.trained_parameters = sum(parameter.numel() for parameter in trained)
        optimizer = torch.optim.AdamW(
            trained, lr=0.0, betas=training.betas, weight_decay=training.weight_decay, fused=True
        )
        self._engine: Any = deepspeed.initialize(
            model=network,
            optimizer=optimizer,
            config=_settings(config, training, self.trained_parameters),
            dist_init_required=False,
        )[0]
        self._zero_stage = config.zero_stage

    @property
    def module(self) -> nn.Module:
        """The network itself, for what listens inside it."""
        return self._engine.module

    @property
    def network(self) -> Callable[..., Any]:
        """What to call for a forward pass: under autocast where the configuration says so."""
        return self._engine

    def backward(self, loss: Tensor) -> None:
        """Accumulate gradients of one micro batch; DeepSpeed divides by the accumulation steps."""
        self._engine.backward(loss)

    def step(self, learning_rate: float) -> bool:
        """After each micro batch; at the accumulation boundary this clips, updates and clears the gradients.

        Returns:
            False on every process where the gradients are not finite: then nothing was updated.
        """
        for group in self._optimizer().param_groups:
            group["lr"] = learning_rate
        updates = self._engine.is_gradient_accumulation_boundary()
        if updates and self._zero_stage == 0 and not self._gradients_finite():  # above 0 DeepSpeed looks itself
            return False
        self._engine.step()
        return not updates or math.isfinite(self.gradient_norm())

    def _gradients_finite(self) -> bool:
        """At ZeRO-0, where every process holds all gradients, already averaged."""
        gradients = (parameter.grad for parameter in self._engine.module.parameters())
        return all(bool(gradient.isfinite().all()) for gradient in gradients if gradient is not None)

    def is_finite(self) -> bool:
        """Whether this process's part of the fp32 masters and their moments holds no NaN and no infinity."""
        states = self._optimizer().state.values()
        moments = (state[moment] for state in states for moment in MOMENTS if moment in state)
        return all(bool(tensor.isfinite().all()) for tensor in (*self._masters(), *moments))

    def gradient_norm(self) -> float:
        """Global norm of the last update's gradients before clipping."""
        return float(self._engine.get_global_grad_norm() or 0.0)

    def optimizer_bytes(self) -> int:
        """What Adam's moments take in this process."""
        states = self._optimizer().state.values()
        return sum(state[moment].nbytes for state in states for moment in MOMENTS if moment in state)

    def full_state(self) -> Iterator[tuple[str, Tensor]]:
        """("weights/<name>", fp32 master), ("exp_avg/<name>", ...) and so on of all that is trained, whole.

        Every process must run through.
        """
        for name, parameter in self._engine.module.named_parameters():
            if not parameter.requires_grad:
                continue
            yield f"weights/{name}", self._whole(parameter)
            for moment in MOMENTS:
                yield f"{moment}/{name}", self._whole(parameter, moment)

    def full_weights(self) -> dict[str, Tensor]:
        """Consolidated fp32 weights on the CPU: all of them on rank 0, nothing elsewhere. Every process must call."""
        weights: dict[str, Tensor] = {}
        for name, parameter in self._engine.module.named_parameters():
            whole = self._whole(parameter) if parameter.requires_grad else _gathered(parameter)
            if self.processes.rank == 0:
                weights[name] = whole.detach().to("cpu", torch.float32).contiguous()
        return weights

    def load_moments(self, tensors: Callable[[str], Iterator[tuple[str, Tensor]]], updates: int) -> None:
        """Put Adam's moments back after `updates` updates; `tensors(moment)` gives them by parameter name.

        The weights go into the network before `Engine` is made, so that DeepSpeed's fp32 masters are made from them.
        """
        self._make_empty_moments(updates)
        parameters = dict(self._engine.module.named_parameters())
        for moment in MOMENTS:
            for name, tensor in tensors(moment):
                self._set_moment(parameters[name], moment, tensor)

    def _whole(self, parameter: Any, moment: str | None = None) -> Tensor:
        """A parameter's fp32 master or one of its moments, gathered from all processes."""
        from deepspeed.utils import safe_get_full_fp32_param, safe_get_full_optimizer_state

        if self._zero_stage == 0:
            return self._optimizer().state[parameter][moment] if moment else parameter
        whole = safe_get_full_optimizer_state(parameter, moment) if moment else safe_get_full_fp32_param(parameter)
        assert whole is not None
        return whole

    def _set_moment(self, parameter: Any, moment: str, tensor: Tensor) -> None:
        from deepspeed.utils import safe_set_full_optimizer_state, safe_set_local_optimizer_state

        tensor = tensor.to(self.processes.device)
        if self._zero_stage == 0:
            self._optimizer().state[parameter][moment].copy_(tensor)
        elif self._zero_stage == 3:
            safe_set_local_optimizer_state(parameter, self._own_part(tensor, parameter.ds_tensor.numel()), moment)
        else:
            safe_set_full_optimizer_state(parameter, tensor, moment)

    def _make_empty_moments(self, updates: int) -> None:
        """Torch's AdamW makes its state at its first update; a resumed run needs it before."""
        optimizer, zero = self._optimizer(), self._engine.optimizer
        for flat in self._masters():
            optimizer.state[flat] = {"step": torch.tensor(float(updates))} | {
                key: torch.zeros_like(flat) for key in MOMENTS
            }
        if self._zero_stage in (1, 2):
            zero._lazy_init_hp_params_optimizer_state()

    def _masters(self) -> list[Tensor]:
        """What this process updates: its fp32 partitions, at ZeRO-0 the parameters themselves."""
        if self._zero_stage == 3:
            return list(self._engine.optimizer.fp32_partitioned_groups_flat)
        return [flat for group in self._optimizer().param_groups for flat in group["params"]]

    def _own_part(self, tensor: Tensor, length: int) -> Tensor:
        """This rank's ZeRO-3 partition of a whole tensor, zero-padded at the end as DeepSpeed does."""
        padded = tensor.new_zeros(length * self.processes.world_size)
        padded[: tensor.numel()] = tensor.flatten()
        return padded[self.processes.rank * length : (self.processes.rank + 1) * length]

    def _optimizer(self) -> torch.optim.Optimizer:
        """Torch's optimizer inside DeepSpeed's."""
        return self._engine.optimizer.optimizer if self._zero_stage else self._engine.optimizer


def _gathered(parameter: Any) -> Tensor:
    """A parameter that no optimizer knows, whole."""
    import deepspeed

    with deepspeed.zero.GatheredParameters([parameter]):  # does nothing below ZeRO-3
        return parameter.detach().clone()


def _settings(config: DeepSpeedConfig, training: TrainingOptions, parameters: int) -> dict[str, Any]:
    zero: dict[str, Any] = {
        "stage": config.zero_stage,
        "overlap_comm": False,
        "contiguous_gradients": torch.cuda.is_available(),  # on a CPU only slower, up to a tenth of a step
        "reduce_bucket_size": min(parameters, LARGEST_BUCKET),
    }
    if config.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu"}
    if config.offload_parameters:
        zero["offload_param"] = {"device": "cpu"}
    return {
        "train_micro_batch_size_per_gpu": training.micro_batch_per_process,
        "gradient_accumulation_steps": training.gradient_accumulation,
        "gradient_clipping": training.gradient_clip,
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "torch_autocast": {"enabled": config.precision == "bf16_autocast", "dtype": "bfloat16"},
        "steps_per_print": 10**9,
        "wall_clock_breakdown": False,
    }
