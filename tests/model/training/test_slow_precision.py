"""Slow bf16 is named where the processor has none, and nowhere else."""

import pytest
import torch

from model.contracts import DeepSpeedConfig
from model.training.slow_precision import HAS_BF16, slow_precision

BF16 = DeepSpeedConfig(processes=1, zero_stage=2, precision="bf16_autocast")
FP32 = BF16.model_copy(update={"precision": "fp32"})
NONE = {"avx2": True, **dict.fromkeys(HAS_BF16, False)}


def test_a_processor_without_bf16_is_named_with_what_is_faster() -> None:
    assert "deepspeed.precision=fp32" in slow_precision(BF16, False, NONE)


@pytest.mark.parametrize("name", HAS_BF16)
def test_one_with_bf16_is_not(name: str) -> None:
    assert slow_precision(BF16, False, {**NONE, name: True}) == ""


def test_neither_is_a_gpu_nor_exact_training() -> None:
    assert slow_precision(BF16, True, NONE) == slow_precision(FP32, False, NONE) == ""


def test_torch_names_them_so() -> None:
    there = torch.cpu.get_capabilities()
    assert there["architecture"] != "x86_64" or {"avx512_bf16", "amx_bf16"} <= there.keys()
