"""What the arms cost: FLOPs of a training step, FLOPs and time of inference, measured in one process in turns.

    python -m evaluation.ablation.cost runs/<id>

In: config.yaml, sections `network`, `recipe`, `sampling`, `clip`, `training` and `ablation`. Out: the receipt
AblationCost. Weights and inputs are random: what a network costs does not depend on them. The reference, 1.00, is the
network without experts whose feed-forward was *not* widened: the paper's own (1.00 against 1.04 with experts) cannot
have been. FLOPs are torch's count of matrix products and attention, on the meta device.
"""

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from evaluation.ablation.arm_network import ArmSampler
from evaluation.ablation.arms import arm_network, without_experts
from evaluation.ablation.contracts import NAMES, REFERENCE, AblationConfig, AblationCost, ArmCost
from evaluation.ablation.random_batch import Batch, ClipShape, random_batch
from evaluation.ablation.turns import interleaved_seconds, measuring_device
from foundation.clip_format import ClipFormat
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import is_hoi
from model.conditioning.latent_codec import TIME_STRIDE
from model.contracts import Ablation, NetworkConfig, RecipeConfig, SamplingConfig, StageTraining
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Denoised
from model.presets import network_preset, recipe_preset

PUBLISHED_SHAPE = ClipShape(480, 832, 20)  # CoInteract, arXiv 2604.19636: 81 frames


@dataclass(frozen=True)
class Contender:
    """One network to measure."""

    name: str
    arm: Ablation
    network: NetworkConfig
    recipe: RecipeConfig

    @property
    def dual(self) -> bool:
        """Whether the HOI stream runs in training."""
        return self.arm != "no_co_generation"

    @property
    def keeps_hoi(self) -> bool:
        """Whether it runs at inference too."""
        return self.arm == "no_asymmetric_mask"

    def build(self) -> DualStreamTransformer:
        """The network, drawn at random, with the streams of training."""
        return DualStreamTransformer(self.network, self.recipe, "dual" if self.dual else "rgb")


def measure_cost(run: RunFolder) -> AblationCost:
    """Do what the module says."""
    config, sampling = run.section("ablation", AblationConfig), run.section("sampling", SamplingConfig)
    training, shape = run.section("training", StageTraining), clip_shape(run.section("clip", ClipFormat))
    pair = run.section("network", NetworkConfig), run.section("recipe", RecipeConfig)
    report_progress(0, 2, "FLOPs counted")
    here = contenders(config.arms, *pair)
    there = contenders(config.arms, network_preset("wan_s2v_14b"), recipe_preset("paper"))
    published = {one.name: inference_flops(one, PUBLISHED_SHAPE) / 1e12 for one in there}
    report_progress(1, 2, "arms timed in turns")
    seconds = clip_seconds(here, shape, sampling, config.timing_rounds)
    report_progress(2, 2, "arms timed")
    sides = ClipShape(shape.height_pixels, shape.width_pixels, shape.latent_frames, 1 + (sampling.guidance != 1))
    step = ClipShape(shape.height_pixels, shape.width_pixels, shape.latent_frames, training.micro_batch_per_process)
    device = measuring_device()
    return AblationCost(
        folder=str(run.path),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu",
        rounds=config.timing_rounds,
        arms={
            one.name: ArmCost(
                name=NAMES[one.arm] if one.name != REFERENCE else "without MoE, not widened",
                parameters=inference_parameters(one),
                training_gigaflops=None if one.name == REFERENCE else training_flops(one, step) / 1e9,
                inference_gigaflops=sampling.steps * inference_flops(one, sides) / 1e9,
                inference_seconds=seconds[one.name],
                published_size_teraflops=published[one.name],
            )
            for one in here
        },
    )


def contenders(arms: list[Ablation], network: NetworkConfig, recipe: RecipeConfig) -> list[Contender]:
    """The reference and the arms."""
    plain = Contender(REFERENCE, "no_moe", network, without_experts(recipe))
    return [plain, *(Contender(arm, arm, *arm_network(arm, network, recipe)) for arm in arms)]


def clip_shape(clip: ClipFormat) -> ClipShape:
    """One clip of this format."""
    return ClipShape(clip.height, clip.width, (clip.frames - 1) // TIME_STRIDE)


def inference_parameters(one: Contender) -> int:
    """Weights that inference needs: without the HOI stream, where it does not run."""
    with torch.device("meta"):
        weights = one.build().state_dict()
    return sum(value.numel() for name, value in weights.items() if one.keeps_hoi or not is_hoi(name))


def inference_flops(one: Contender, shape: ClipShape) -> float:
    """Of one forward pass without gradients."""
    meta = torch.device("meta")
    batch = random_batch(one.network, shape, meta)
    with meta:
        network = DualStreamTransformer(one.network, countable(one.recipe), "dual" if one.keeps_hoi else "rgb").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        _forward(network, batch, one.keeps_hoi, one)
    return float(counter.get_total_flops())


def training_flops(one: Contender, shape: ClipShape) -> float:
    """Of one micro batch of stage two, forward and backward."""
    meta = torch.device("meta")
    batch = random_batch(one.network, shape, meta)
    with meta:
        network = one.build().train()
    with FlopCounterMode(display=False) as counter:
        output = _forward(network, batch, one.dual, one)
        total = output.rgb_BCThw.sum() + output.router_logits_MBNE.sum()
        (total if output.hoi_BCThw is None else total + output.hoi_BCThw.sum()).backward()
    return float(counter.get_total_flops())


def countable(recipe: RecipeConfig) -> RecipeConfig:
    """Meta tensors cannot be dispatched by value: one expert on every token costs what its likeliest expert does."""
    if recipe.experts_at_inference == "all" or not recipe.experts:
        return recipe
    return recipe.model_copy(update={"experts": ("base",), "experts_at_inference": "all"})


def clip_seconds(several: list[Contender], shape: ClipShape, sampling: SamplingConfig, rounds: int) -> dict[str, float]:
    """Median seconds of sampling one clip's latents, contenders taking turns."""
    device = measuring_device()
    passes = {one.name: _sampling(one, shape, sampling, device) for one in several}
    return interleaved_seconds(passes, rounds, device)


def _sampling(one: Contender, shape: ClipShape, sampling: SamplingConfig, device: torch.device) -> Callable[[], object]:
    torch.manual_seed(0)
    network = one.build().eval().requires_grad_(False).to(device)
    batch = random_batch(one.network, shape, device)
    text_LD = torch.zeros_like(batch.conditions.text_BLD[0])

    def run() -> object:
        return sampler.latents(batch.conditions, batch.rgb_BCThw, batch.hoi_BCThw)

    sampler = ArmSampler(network, one.keeps_hoi, text_LD, sampling)
    return run


def _forward(network: DualStreamTransformer, batch: Batch, hoi: bool, one: Contender) -> Denoised:
    attention = "full" if one.keeps_hoi else "asymmetric"
    hoi_BCThw = batch.hoi_BCThw if hoi else None
    return network(batch.rgb_BCThw, batch.timestep_B, batch.conditions, hoi_BCThw, attention=attention)


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(measure_cost(run).model_dump())


if __name__ == "__main__":
    main()
