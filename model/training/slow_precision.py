"""A precision without instructions in the processor gives the right numbers, several times slower: it is said once."""

from collections.abc import Mapping

from model.contracts import DeepSpeedConfig

DOES_NOT_DECIDE = "it says how fast a training will be"
FASTER = "deepspeed.precision=fp32"
HAS_BF16 = ("avx512_bf16", "amx_bf16", "bf16")  # any of them, as torch.cpu.get_capabilities names them


def slow_precision(config: DeepSpeedConfig, on_gpu: bool, capabilities: Mapping[str, object]) -> str:
    """Why training will be slow here, and what makes it faster; "": it will not be.

    Args:
        config: conf/deepspeed.
        on_gpu: whether it trains on a GPU; all that DeepSpeed supports here multiply bf16.
        capabilities: of the processor, as `torch.cpu.get_capabilities()` gives them.
    """
    if on_gpu or config.precision != "bf16_autocast" or any(capabilities.get(name) for name in HAS_BF16):
        return ""
    return f"this processor has no bf16 instructions, so a step takes several times as long as with {FASTER}"
