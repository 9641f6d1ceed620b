"""Torch on one thread: for what must give the same bits everywhere, and for what many processes do at once."""

from collections.abc import Generator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Generator[None]:
    """Sums in one order whatever the machine's cores. Small convolutions gain little from more threads; a process that
    was forked from one with several would wait for them for ever.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
