"""Graspline as a library: generate with a trained model, score videos, ask for the champion. See help(graspline.NAME).

    from graspline import Generator
    video = Generator.champion().generate(person="me.png", product="mug.png", audio="speech.wav", prompt="...", seed=0)
    video.save("out.mp4")

Nothing heavy is imported before a name is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluation.score import score
    from graspline.generator import Generator
    from orchestration.registry.look_up import champion, history

__all__ = ["Generator", "champion", "history", "score"]
_HOMES = {
    "Generator": "graspline.generator",
    "champion": "orchestration.registry.look_up",
    "history": "orchestration.registry.look_up",
    "score": "evaluation.score",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"graspline has no {name}; there are {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
