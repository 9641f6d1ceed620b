"""The network that a stage begins with, before DeepSpeed takes it over.

Stage two begins with stage one's consolidated weights. Stage one begins with `training.initial_weights` (a stage's
model.safetensors, or the folder of the public backbone's shards), with `training.initial_adapter` merged in, or as
drawn. A resumed stage goes on from its checkpoint, which holds what is trained; what LoRA leaves alone comes from where
it came from at first, and `StageOrder.identity` holds the digest of that. Weights that a file gives are never drawn
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
from model.training.stage_order import StageOrder
from model.weights.adapter_keys import merge_adapter
from model.weights.base_checkpoint import start_from_base


def network_to_train(order: StageOrder, found: Checkpoint | None) -> DualStreamTransformer:
    """The network with the weights it goes on with; what `training.low_rank` freezes asks for no gradient."""
    low_rank = order.training.low_rank
    if found and not low_rank:
        return _filled(order, found.tensors("weights"), str(found.folder))
    network = _first_network(order)
    if low_rank:
        add_low_rank(network, low_rank)
    if found:
        load_into(network, found.tensors("weights"), str(found.folder))
    return network


def _first_network(order: StageOrder) -> DualStreamTransformer:
    parent, given = order.inputs.parent, order.training.initial_weights
    if parent:
        return _filled(order, read_weights(Path(parent.weights), parent.weights_sha256), parent.weights)
    if given is None:
        return _network(order)
    checkpointing = order.training.activation_checkpointing
    if Path(given).is_dir():
        network = start_from_base(Path(given), order.network, order.recipe, checkpoint_blocks=checkpointing)
    else:
        network = _filled(order, read_weights(Path(given)), given)
    adapter = order.training.initial_adapter
    if adapter:
        merge_adapter(network, load_file(adapter), adapter)
    return network


def _network(order: StageOrder) -> DualStreamTransformer:
    checkpointing = order.training.activation_checkpointing
    return DualStreamTransformer(order.network, order.recipe, checkpoint_blocks=checkpointing)


def _filled(order: StageOrder, tensors: Iterable[tuple[str, Tensor]], source: str) -> DualStreamTransformer:
    """A network all of whose weights are given."""
    with torch.device("meta"):
        network = _network(order)
    network = network.to_empty(device="cpu")
    load_into(network, tensors, source)
    return network
