"""Which kernels really ran, from torch's profiler: is it flash attention, and what share of the time is what.

A GPU's library silently takes a slower attention kernel where the fast one does not apply (a mask, fp32, an odd head
size). The names of what ran do not lie: flash kernels say so, cuDNN's as well as PyTorch's own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

FLASH = re.compile(r"flash", re.IGNORECASE)
ATTENTION = re.compile(r"flash|fmha|sdpa|_softmax|softmax_backward|::softmax", re.IGNORECASE)
PRODUCTS = re.compile(r"gemm|nvjet|cutlass|matmul|::addmm|::mm|::bmm|::linear|convolution", re.IGNORECASE)
CALL = "aten::_scaled_dot_product_"
FLASH_CALLS = re.compile(r"(flash|cudnn)_attention")


@dataclass(frozen=True)
class KernelsUsed:
    """Names of attention's kernels, the longest first, and shares of the device's time."""

    calls: dict[str, int]  # the library's attention functions that were called
    attention: list[str]
    attention_share: float
    products_share: float
    longest: dict[str, float]  # ten of the rest: name -> share


def kernels_used(run: Callable[[], object], device: torch.device) -> KernelsUsed:
    """What `run` executes, which should be warm."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as profiler:
        run()
        if on_gpu:
            torch.cuda.synchronize(device)
    kind = "CUDA" if on_gpu else "CPU"
    events = profiler.key_averages()
    calls = {event.key.removeprefix(CALL): event.count for event in events if event.key.startswith(CALL)}
    times: dict[str, float] = {}
    for event in events:
        if event.device_type.name == kind and (on_gpu or event.key.startswith("aten::")):
            spent = event.self_device_time_total if on_gpu else event.self_cpu_time_total
            times[event.key] = times.get(event.key, 0.0) + spent
    return sorted_kernels(times, calls)


def sorted_kernels(times: Mapping[str, float], calls: dict[str, int]) -> KernelsUsed:
    """Of kernels' names and their times."""
    total = sum(times.values())
    attention = [name for name in times if ATTENTION.search(name)]
    products = [name for name in times if PRODUCTS.search(name) and name not in attention]
    rest = sorted((name for name in times if name not in {*attention, *products}), key=lambda name: -times[name])
    return KernelsUsed(
        calls=calls,
        attention=sorted(attention, key=lambda name: -times[name]),
        attention_share=sum(times[name] for name in attention) / total,
        products_share=sum(times[name] for name in products) / total,
        longest={name[:120]: round(times[name] / total, 4) for name in rest[:10]},
    )


def require_flash(used: KernelsUsed) -> None:
    """Raises ValueError, naming what ran, unless flash kernels ran and no attention was called that has none."""
    others = [name for name in used.calls if not FLASH_CALLS.search(name)]
    if others or not any(FLASH.search(name) for name in used.attention):
        ran = ", ".join([*others, *used.attention]) or "no kernel that is known"
        raise ValueError(
            f"attention ran as {ran}, not as flash attention alone: it wants bf16, no mask and a head size up to 256; "
            "torch.backends.cuda.can_use_flash_attention says what is missing"
        )
