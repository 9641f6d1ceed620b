"""What the machine that is measured can do: its name, the vendor's rate, and two ceilings measured in the same run.

A share of the vendor's dense bf16 rate (MFU) compares with what others publish; a share of the product that this card
really reaches on random numbers says what is left to gain.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass

import torch

from evaluation.ablation.turns import turns

DENSE_BF16_TFLOPS = (  # vendors' datasheets, without sparsity; the first whose words stand in the card's name
    ("H200", 989.0),
    ("H100 PCIe", 756.0),
    ("H100 NVL", 835.0),
    ("H100", 989.0),
    ("A100", 312.0),
)
SIDE, COPIED_BYTES = 8192, 2**32  # of the product and of the copy on a GPU
SIDE_ON_CPU, COPIED_BYTES_ON_CPU = 512, 2**24


@dataclass(frozen=True)
class Card:
    """The device, and what it reaches."""

    name: str
    torch: str
    datasheet_tflops: float | None  # dense bf16; None: a CPU, or a card that is not in the table
    product_tflops: float  # one large bf16 product of random numbers
    copy_terabytes: float  # a second, read and written


def measure_card(device: torch.device) -> Card:
    """Median of five; takes a second on a GPU."""
    on_gpu = device.type == "cuda"
    side, count = (SIDE, COPIED_BYTES) if on_gpu else (SIDE_ON_CPU, COPIED_BYTES_ON_CPU)
    name = torch.cuda.get_device_name(device) if on_gpu else platform.processor() or "cpu"
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    product = _seconds(lambda: a @ b, device)
    source = torch.randint(0, 255, (count,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copied = _seconds(lambda: target.copy_(source), device)
    return Card(
        name, torch.__version__, datasheet_tflops(name), 2 * side**3 / product / 1e12, 2 * count / copied / 1e12
    )


def datasheet_tflops(name: str) -> float | None:
    """Dense bf16 TFLOP/s of a card of this name, where it is known."""
    return next((rate for words, rate in DENSE_BF16_TFLOPS if words in name), None)


def _seconds(run: Callable[[], object], device: torch.device) -> float:
    return sorted(turns({"": run}, 5, device)[""])[2]
