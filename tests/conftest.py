"""What tests of several rooms share: a project of their own, films as cameras write them, the smallest network, the
presets, and their order."""

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from model.contracts import NetworkConfig, RecipeConfig

ROOT = Path(__file__).parents[1]
HEIGHT, WIDTH = 128, 96  # of a film
Film = Callable[..., Path]


def pytest_configure() -> None:
    """Two workers share two cores: torch, which reads this when it is imported, takes one thread in each."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first, so that no worker starts on the whole chain when the others are done."""
    long = {item.path for item in items if item.get_closest_marker("end_to_end")}
    items.sort(key=lambda item: (item.path.parent.name != "end_to_end", item.path not in long))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project and the working folder, which every path of ours is relative to; children find the packages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.fixture(scope="session")
def read_network() -> Callable[[str], NetworkConfig]:
    """conf/network/NAME.yaml."""
    return lambda name: NetworkConfig.model_validate(yaml.safe_load((ROOT / f"conf/network/{name}.yaml").read_text()))


@pytest.fixture(scope="session")
def read_recipe() -> Callable[[str], RecipeConfig]:
    """conf/recipe/NAME.yaml."""
    return lambda name: RecipeConfig.model_validate(yaml.safe_load((ROOT / f"conf/recipe/{name}.yaml").read_text()))


@pytest.fixture(scope="session")
def small() -> NetworkConfig:
    """Two blocks of width 48, motion and audio included; frozen, so that nobody changes it for the others."""
    return NetworkConfig(
        dim=48,
        ffn_dim=64,
        layers=2,
        heads=2,
        latent_channels=4,
        frequency_dim=16,
        text_dim=8,
        text_tokens=5,
        audio_dim=6,
        audio_layers=3,
        audio_injection_layers=[1],
        expert_dim=8,
    )


@pytest.fixture
def pictures() -> Callable[..., np.ndarray]:
    """Blocks in random colours that move `step` pixels a frame: sharp, and never still. [T, H, W, 3]"""

    def draw(
        count: int, seed: int = 0, height: int = HEIGHT, width: int = WIDTH, step: int = 1, block: int = 4
    ) -> np.ndarray:
        size = (height // block + 1, (width + count * step) // block + 1, 3)
        blocks = np.random.default_rng(seed).integers(0, 256, size)
        wide = blocks.repeat(block, axis=0).repeat(block, axis=1).astype(np.uint8)
        return np.stack([wide[:height, at * step : at * step + width] for at in range(count)])

    return draw


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write frames into tmp_path/footage/NAME: at a steady rate, or each at its own time in milliseconds."""

    def write(
        name: str,
        frames_THWC: np.ndarray,
        rate: int = 25,
        times: Sequence[int] | None = None,
        samples_S: np.ndarray | None = None,
        turned: int = 0,
        **codec: str | Fraction,
    ) -> Path:
        path = tmp_path / "footage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            video = container.add_stream(str(codec.pop("codec", "libx264")), rate=rate, options={"crf": "10"})
            video.height, video.width = frames_THWC.shape[1:3]
            video.pix_fmt = str(codec.pop("pix_fmt", "yuv420p"))
            if aspect := codec.pop("pixel_aspect", None):
                video.codec_context.sample_aspect_ratio = aspect
            if turned:
                video.set_display_rotation(turned)
            if times is not None:
                video.codec_context.time_base = Fraction(1, 1000)
            heard = container.add_stream("aac", rate=44_100, layout="mono") if samples_S is not None else None
            for number, picture in enumerate(frames_THWC):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                if times is not None:
                    frame.pts, frame.time_base = times[number], Fraction(1, 1000)
                container.mux(video.encode(frame))
            container.mux(video.encode())
            if heard is not None and samples_S is not None:
                pcm = np.round(samples_S * 32767).astype(np.int16)[None]
                spoken = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
                spoken.sample_rate, spoken.pts = 44_100, 0
                container.mux(heard.encode(spoken))
                container.mux(heard.encode())
        return path

    return write
