"""What deliveries of every source are tested with."""

from collections.abc import Callable

import numpy as np
import pytest

from data.sources.studio.speech import speak


@pytest.fixture
def sound() -> Callable[[float], np.ndarray]:
    """Seconds of speech-like sound at 44.1 kHz."""
    return lambda seconds: speak(np.random.default_rng(1), 150, round(seconds * 44_100), 44_100)
