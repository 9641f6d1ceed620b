"""One asymmetric training step: ours, and ours with each shortcut off, in turns.

All have the same weights and give the same numbers; ours, with nothing recomputed, is 1.00. Beside the authors' own
code: benchmarks.side_by_side.

Shape legend: B batch, N target tokens.
"""

from collections.abc import Callable
from contextlib import nullcontext

import torch

from benchmarks.memory import peak_bytes
from benchmarks.public_conventions import single_conventions, with_conventions
from benchmarks.table import Measured
from evaluation.ablation.random_batch import Batch, ClipShape, random_batch
from evaluation.ablation.turns import interleaved_seconds, measuring_device
from model.contracts import NetworkConfig, RecipeConfig
from model.flow_matching import add_noise, joint_loss
from model.network.dual_stream_transformer import DualStreamTransformer


def bench_train_step(
    network: NetworkConfig, recipe: RecipeConfig, shape: ClipShape, repeats: int, first: int | None = None
) -> list[Measured]:
    """Forward, joint loss and backward, under bf16 autocast where the name says nothing else; of the `first` rows."""
    device = measuring_device()
    torch.manual_seed(0)
    ours = DualStreamTransformer(network, recipe).to(device)
    batch = random_batch(network, shape, device)
    chosen = list(contenders(ours).items())[:first]
    steps = {name: train_step(model, batch, autocast) for name, (model, autocast) in chosen}
    seconds = interleaved_seconds(steps, repeats, device)
    peaks = {name: peak_bytes(step, device) / 2**20 for name, step in steps.items()}
    one = next(iter(steps))
    return [
        Measured(name, seconds[name], seconds[name] / seconds[one], peaks[name], peaks[name] / peaks[one])
        for name in steps
    ]


def contenders(ours: DualStreamTransformer) -> dict[str, tuple[DualStreamTransformer, bool]]:
    """Name -> network, and whether it runs under bf16 autocast; ours comes first."""
    recomputed = DualStreamTransformer(ours.network, ours.recipe, ours.streams, checkpoint_blocks=True)
    recomputed.load_state_dict(ours.state_dict())
    recomputed.to(next(ours.parameters()).device).train(ours.training)
    networks = {"ours": (ours, True), "ours, layers recomputed": (recomputed, True), "ours in fp32": (ours, False)}
    single = single_conventions().items()
    return networks | {f"ours with {name}": (with_conventions(ours, kept), True) for name, kept in single}


def train_step(model: DualStreamTransformer, batch: Batch, autocast: bool) -> Callable[[], object]:
    """Forward, joint loss and backward on one batch."""
    device, generator = batch.rgb_BCThw.device, torch.Generator(batch.rgb_BCThw.device).manual_seed(0)
    sigma_B = batch.timestep_B / 1000
    rgb, hoi = (add_noise(x, sigma_B, generator) for x in (batch.rgb_BCThw, batch.hoi_BCThw))
    _, _, frames, height, width = batch.rgb_BCThw.shape
    tokens = frames * (height // 2) * (width // 2)
    regions_BN = torch.randint(3, (len(sigma_B), tokens), generator=generator, device=device)

    def step() -> None:
        model.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16) if autocast else nullcontext():
            denoised = model(rgb.noisy_BCThw, batch.timestep_B, batch.conditions, hoi.noisy_BCThw, "asymmetric")
        joint_loss(denoised, rgb, hoi, batch.conditions.person_BC1hw, regions_BN, model.recipe).total.backward()

    return step
