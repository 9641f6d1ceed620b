"""Every random draw of training as a pure function of (seed, purpose, numbers), and torch made repeatable.

Nothing here or in the loop consumes a global generator, so "the state of the random generators" of a run is its step
number: a resumed run draws what the uninterrupted one would have drawn, and a run on two processes what a run on one
draws, because noise belongs to a sample's place in the global batch and not to a process.
"""

import hashlib
import random

import numpy as np
import torch


def generator(seed: int, purpose: str, *numbers: int) -> torch.Generator:
    """A CPU generator for one purpose, for example generator(seed, "noise", step, sample)."""
    words = f"{seed}|{purpose}|{'|'.join(map(str, numbers))}"
    digest = hashlib.sha256(words.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def make_repeatable(seed: int) -> None:
    """Seed the global generators (network initialisation uses torch's) and ask torch for deterministic kernels.

    Kernels that have no deterministic form warn instead of failing: the memory-efficient attention backward on CUDA.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # DeepSpeed makes a large empty buffer every step; filling it takes longer than the step
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    torch.backends.cudnn.benchmark = False
