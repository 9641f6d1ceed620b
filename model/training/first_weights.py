"""The network that a stage begins with, before DeepSpeed takes it over.

Stage two begins with stage one's consolidated weights. Stage one begins with `training.initial_weights` (a stage's
model.safetensors, or the folder of the public backbone's shards), with `training.initial_adapter` merged in, or as
drawn. A resumed stage goes on from its checkpoint, which holds what is trained; what LoRA leaves alone comes from where
it came from at first, and `StageRequest.identity` holds the digest of that. Weights that a file gives are never drawn
before, and no file is held in memory as a whole beside the network.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from model.network.dual_stream_transformer import DualStreamTransformer
from model.training.checkpoint import Checkpoint, load_into, read_weights
from model.training.low_rank import add_low_rank
from model.training.stage_request import StageRequest
from model.weights.adapter_keys import merge_adapter
from model.weights.base_checkpoint import start_from_base


def network_to_train(request: StageRequest, checkpoint: Checkpoint | None) -> DualStreamTransformer:
    """The network with the weights it goes on with; what `training.low_rank` freezes asks for no gradient."""
    low_rank = request.training.low_rank
    if checkpoint and not low_rank:
        return _filled(request, checkpoint.tensors("weights"), str(checkpoint.folder))
    network = _first_network(request)
    if low_rank:
        add_low_rank(network, low_rank)
    if checkpoint:
        load_into(network, checkpoint.tensors("weights"), str(checkpoint.folder))
    return network


def _first_network(request: StageRequest) -> DualStreamTransformer:
    parent, given = request.inputs.parent, request.training.initial_weights
    if parent:
        return _filled(request, read_weights(Path(parent.weights), parent.weights_sha256), parent.weights)
    if given is None:
        return _drawn(request)
    checkpointing = request.training.activation_checkpointing
    if Path(given).is_dir():
        network = start_from_base(Path(given), request.network, request.recipe, checkpoint_blocks=checkpointing)
    else:
        network = _filled(request, read_weights(Path(given)), given)
    adapter = request.training.initial_adapter
    if adapter:
        merge_adapter(network, load_file(adapter), adapter)
    return network


def _network(request: StageRequest) -> DualStreamTransformer:
    checkpointing = request.training.activation_checkpointing
    streams = "dual" if request.training.co_generation else "rgb"
    return DualStreamTransformer(request.network, request.recipe, streams, checkpoint_blocks=checkpointing)


def _drawn(request: StageRequest) -> DualStreamTransformer:
    """As the seed draws it; without co-generation as the RGB stream is drawn beside the other, so both start alike."""
    network = _network(request)
    if network.streams == "dual":
        return network
    checkpointing = request.training.activation_checkpointing
    torch.manual_seed(request.stage.seed)
    both = DualStreamTransformer(request.network, request.recipe, checkpoint_blocks=checkpointing)
    network.load_state_dict(
        {name: weight for name, weight in both.state_dict().items() if name in network.state_dict()}
    )
    return network


def _filled(request: StageRequest, tensors: Iterable[tuple[str, Tensor]], source: str) -> DualStreamTransformer:
    """A network all of whose weights are given."""
    with torch.device("meta"):
        network = _network(request)
    network = network.to_empty(device="cpu")
    load_into(network, tensors, source)
    return network
