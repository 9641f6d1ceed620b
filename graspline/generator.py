"""The generator of the shipped code, which can also be asked for by its name in the registry."""

from collections.abc import Sequence
from typing import Self

import model.inference.generator


class Generator(model.inference.generator.Generator):
    """A model that makes videos of a person who handles a product and speaks.

    >>> from graspline import Generator
    >>> video = Generator("rgb_artifact").generate(person="me.png", audio="speech.wav", prompt="lifts the mug", seed=0)
    >>> video.frames.shape, video.sound.shape
    ((8, 48, 32, 3), (5120,))

    Several prompts are as many clips, each continuing the one before; pictures and sound may be arrays.

    >>> import numpy as np
    >>> picture, silence = np.zeros((96, 64, 3), np.uint8), np.zeros(16_000, np.float32)
    >>> video = Generator("rgb_artifact").generate(picture, (silence, 16_000), ["waves"], steps=2, guidance=1.0)
    >>> video.save("videos/waves.mp4").name
    'waves.mp4'
    """

    @classmethod
    def champion(cls, name: str = "champion", overrides: Sequence[str] = ()) -> Self:
        """Load a registered model.

        >>> from graspline import Generator
        >>> video = Generator.champion().generate(
        ...     person="me.png", product="mug.png", audio="speech.wav", prompt="lifts the mug", seed=0
        ... )
        >>> video.save("out.mp4").name
        'out.mp4'

        Args:
            name: champion, challenger, previous_champion or a version number.
            overrides: configuration, as on the command line: ["experiment=released_demo"].

        Raises:
            ValueError: there is none of that name; names those there are.
        """
        from orchestration.registry.look_up import artifact_of, version_of

        return cls(artifact_of(name, overrides), version_of(name, overrides))
