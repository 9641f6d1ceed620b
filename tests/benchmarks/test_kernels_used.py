"""Names of kernels as a GPU gave them: what counts as flash attention, and what is refused."""

import pytest
import torch

from benchmarks.kernels_used import kernels_used, require_flash, sorted_kernels

CUDNN = "cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_6_128x128x128"
PRODUCT = "nvjet_sm90_tst_128x256_64x4_2x1_v_bz_coopA_TNT"
ROUTER = "void (anonymous namespace)::softmax_warp_forward<float, float, float, 2, false, false>"


@pytest.mark.parametrize(
    ("kernel", "call"),
    [(CUDNN, "cudnn_attention"), ("void pytorch_flash::flash_fwd_kernel<128>", "flash_attention_backward")],
)
def test_flash_is_recognised(kernel: str, call: str) -> None:
    used = sorted_kernels({PRODUCT: 2.0, ROUTER: 0.5, kernel: 5.0, "elementwise_kernel": 2.5}, {call: 1})
    require_flash(used)
    assert used.attention[0] == kernel
    assert used.products_share == pytest.approx(0.2)
    assert list(used.longest) == ["elementwise_kernel"]


@pytest.mark.parametrize(
    ("times", "calls", "named"),
    [
        ({PRODUCT: 1.0, "fmha_cutlassF_bf16_aligned_64x128_rf_sm80": 1.0}, {"efficient_attention": 1}, "efficient"),
        ({PRODUCT: 1.0, CUDNN: 1.0}, {"cudnn_attention": 1, "attention_math": 1}, "attention_math"),
        ({PRODUCT: 1.0}, {}, "no kernel that is known"),
    ],
)
def test_anything_else_is_refused_by_name(times: dict[str, float], calls: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=f"attention ran as .*{named}.*bf16, no mask"):
        require_flash(sorted_kernels(times, calls))


def test_what_ran_here_is_read() -> None:
    q = torch.randn(1, 2, 64, 16)
    used = kernels_used(lambda: torch.nn.functional.scaled_dot_product_attention(q, q, q), torch.device("cpu"))
    assert used.calls == {"flash_attention_for_cpu": 1}
    assert used.attention_share > 0
