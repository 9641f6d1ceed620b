"""Do the sections of the configuration agree with each other and with this machine? Asked before anything runs.

Each section is checked by its own model; what is asked here needs two of them. Otherwise it would come out minutes
later: when the network meets its first clip, or when a gate rule finds no number. Imports no torch.
"""

import os
from collections.abc import Iterator

from data.clips.region_boxes import PIXELS_PER_TOKEN
from evaluation.catalogue import require_metrics
from foundation.by_name import declared
from foundation.clip_format import ENCODED_SAMPLES_PER_SECOND, SPACE_STRIDE
from orchestration.configuration.pipeline_config import PipelineConfig

PROCESSES_A_CORE = 2
FEWEST_ALLOWED = 8  # the GPU presets are composed and looked at on small machines


def check_agreement(config: PipelineConfig) -> None:
    """Hold the sections against each other.

    Raises:
        ValueError: some contradict each other; names each pair of keys and the fix, in one line.
    """
    checks = (_widths, _experts, _encoders, _clip, _training, _evaluation, _machine)
    if faults := [fault for check in checks for fault in check(config)]:
        raise ValueError("; ".join(faults))


def _widths(config: PipelineConfig) -> Iterator[str]:
    """What the encoders give and what the network takes."""
    encoding, network = config.encoding, config.network
    pairs = {
        "encoding.latent_codec.channels": (encoding.latent_codec.channels, "latent_channels"),
        "encoding.text_encoder.dim": (encoding.text_encoder.dim, "text_dim"),
        "encoding.text_encoder.tokens": (encoding.text_encoder.tokens, "text_tokens"),
        "encoding.audio_encoder.dim": (encoding.audio_encoder.dim, "audio_dim"),
        "encoding.audio_encoder.layers": (encoding.audio_encoder.layers, "audio_layers"),
    }
    for key, (given, field) in pairs.items():
        if given != (taken := getattr(network, field)):
            yield f"{key} is {given} and network.{field} is {taken}: give both the same"


def _experts(config: PipelineConfig) -> Iterator[str]:
    if config.recipe.experts and not config.network.expert_dim:
        yield f"recipe.experts is {list(config.recipe.experts)} and network.expert_dim is 0: give it, or no experts"
    if config.training.ablation == "no_moe" and config.recipe.experts:
        yield f"training.ablation is no_moe and recipe.experts is {list(config.recipe.experts)}: set recipe.experts=[]"


def _encoders(config: PipelineConfig) -> Iterator[str]:
    """What each encoder says of itself."""
    for name in ("latent_codec", "text_encoder", "audio_encoder"):
        part = getattr(config.encoding, name)
        package = f"model.conditioning.{name}s"
        if declared(package, part.kind, "NEEDS_WEIGHTS") and part.weights is None:
            yield f"encoding.{name}.weights is not set: {part.kind} needs the folder that save_pretrained wrote"
        for field, (least, most, multiple) in (declared(package, part.kind, "LIMITS") or {}).items():
            value = getattr(part, field)
            if not least <= value <= most or value % multiple:
                steps = f" in steps of {multiple}" if multiple > 1 else ""
                yield f"encoding.{name}.{field} is {value}, and {part.kind} takes {least} to {most}{steps}: give that"


def _clip(config: PipelineConfig) -> Iterator[str]:
    """What the network can take in of a clip's format."""
    clip, network = config.data.clip, config.network
    side = PIXELS_PER_TOKEN // SPACE_STRIDE
    if network.patch != (1, side, side):
        yield (
            f"network.patch is {list(network.patch)}, but the clips' regions are labelled in tokens of "
            f"{PIXELS_PER_TOKEN}x{PIXELS_PER_TOKEN} pixels: give [1, {side}, {side}]"
        )
    if clip.audio_samples_per_second != ENCODED_SAMPLES_PER_SECOND:
        yield (
            f"data.clip.audio_samples_per_second is {clip.audio_samples_per_second}, and every audio encoder takes "
            f"{ENCODED_SAMPLES_PER_SECOND}: give that"
        )
    if clip.motion_frames and not network.motion:
        yield (
            f"data.clip.motion_frames is {clip.motion_frames} and network.motion is false: set it true, or the frames 0"
        )
    tokens = ((clip.frames - 1) // 4, clip.height // PIXELS_PER_TOKEN, clip.width // PIXELS_PER_TOKEN)
    places = network.learned_positions
    if places and any(needed > there for needed, there in zip(tokens, places, strict=True)):
        yield (
            f"a clip of {clip.frames} frames of {clip.height}x{clip.width} pixels has {list(tokens)} tokens (time, "
            f"rows, columns) and network.learned_positions has {list(places)}: give at least as many, or null"
        )


def _training(config: PipelineConfig) -> Iterator[str]:
    training, network = config.training, config.network
    if training.low_rank is None:
        return
    if training.initial_weights is None:
        yield (
            "training.low_rank leaves the backbone as it starts, and without training.initial_weights that is noise: "
            "give the public backbone's folder or a stage's model.safetensors, or set training.low_rank=null"
        )
    if training.low_rank.rank > (most := min(network.dim, network.ffn_dim)):
        yield f"training.low_rank.rank is {training.low_rank.rank}, more than the weights' own {most}: lower it"


def _evaluation(config: PipelineConfig) -> Iterator[str]:
    """Enough clips for the exam, and a number for every rule of the gate."""
    evaluation, gate = config.evaluation, config.gate
    counts = [getattr(config.data.batches[name], "clips", None) for name in config.data.held_out_batches]
    known = [count for count in counts if count is not None]
    asked = evaluation.held_out_clips + evaluation.sealed_clips
    if len(known) == len(counts) and sum(known) < asked:
        yield (
            f"evaluation.held_out_clips and evaluation.sealed_clips are {evaluation.held_out_clips} and "
            f"{evaluation.sealed_clips}, and the batches held out have {sum(known)}: ask for fewer, or hold out more"
        )
    if gate.compared and evaluation.held_out_clips < 2:
        yield (
            f"the gate compares with the champion and evaluation.held_out_clips is {evaluation.held_out_clips}: an "
            "interval needs two clips; hold out more, or leave margins and improvements out"
        )
    try:
        require_metrics(gate.metrics, evaluation.variants)
    except ValueError as error:
        yield str(error)


def _machine(config: PipelineConfig) -> Iterator[str]:
    cores = len(os.sched_getaffinity(0))
    most = max(FEWEST_ALLOWED, PROCESSES_A_CORE * cores)
    asked = {
        "deepspeed.processes": config.deepspeed.processes,
        "data.preparation_processes": config.data.preparation_processes,
        "evaluation.processes": config.evaluation.processes,
    }
    for key, count in asked.items():
        if count > most:
            yield f"{key} is {count}, and this machine has {cores} cores: give at most {most}"
