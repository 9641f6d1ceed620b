"""The text encoder: prompts to token vectors.

One protocol, one file an encoder behind it, in `text_encoders/`: `umt5` is transformers' UMT5EncoderModel (umT5-XXL at
full size), `hashed_words` an embedded one that needs no weights. Shape legend: B batch, L text tokens, D text width.
"""

from typing import Protocol

from torch import Tensor


class TextEncoder(Protocol):
    """What every text encoder does."""

    @property
    def dim(self) -> int:
        """D."""
        ...

    def encode(self, prompts: list[str]) -> Tensor:
        """Prompts to text_BLD fp32, zeros after each prompt's last token.

        Raises:
            ValueError: a prompt does not fit.
        """
        ...
