"""FLOPs of one block, from its shapes.

What counts: matrix products, 2 m n k each, and attention's two, 4 queries keys width. Nothing else does: no norm, no
GELU, no softmax, no rotary. Going backward every product counts twice (for what enters it and for its weight; once
where the weight is frozen) and attention twice. What is computed again, by recomputed blocks or inside a flash kernel,
does not count: it is the model's work, not the machine's (the usual meaning of MFU). torch's counter has 2.5 for a
flash kernel's backward pass, since that makes the scores again.
"""

from dataclasses import dataclass

from model.contracts import AttentionMode, NetworkConfig, RecipeConfig

BACKWARD_OF_ATTENTION = 2.0


@dataclass(frozen=True)
class BlockShape:
    """Tokens of one sample's runs, and of its text."""

    target: int
    clean: int
    hoi: int  # 0: RGB only
    text: int
    rgb_seen_by_hoi: int
    batch: int = 1

    @property
    def rgb(self) -> int:
        return self.target + self.clean


@dataclass(frozen=True)
class BlockFlops:
    """Of one forward pass."""

    through: float  # products that the tokens' gradient passes through
    text: float  # keys and values of the text
    router: float  # with the experts' output biases, which it weighs
    router_first: float  # of it, the layer whose input passes no gradient on
    attention: float
    of_text: float  # of attention, that to the text

    @property
    def forward(self) -> float:
        return self.through + self.text + self.router + self.attention

    def step(self, frozen: bool = False, backward_of_attention: float = BACKWARD_OF_ATTENTION) -> float:
        """Forward and backward; frozen: the block's weights, its router and its text have no gradient."""
        attention = (1 + backward_of_attention) * self.attention
        if frozen:
            return 2 * self.through + self.text + self.router + attention - backward_of_attention / 2 * self.of_text
        return 3 * (self.through + self.text + self.router) - self.router_first + attention


def block_flops(network: NetworkConfig, recipe: RecipeConfig, shape: BlockShape, mode: AttentionMode) -> BlockFlops:
    """What one block computes in training, with all experts on."""
    dim, tokens, texts = network.dim, shape.rgb + shape.hoi, shape.text * (2 if shape.hoi else 1)
    layers = (4 + 2) * dim * dim + 2 * dim * network.ffn_dim  # of self- and cross-attention, and the FFN
    experts, biases = len(recipe.experts) * 2 * dim * network.expert_dim, len(recipe.experts) * dim
    first, last = _router(network, recipe)
    through = layers * tokens + experts * shape.target
    of_text = tokens * shape.text
    each = 2.0 * shape.batch
    return BlockFlops(
        through=each * through,
        text=each * 2 * dim * dim * texts,
        router=each * (first + last + biases) * shape.target,
        router_first=each * first * shape.target,
        attention=each * 2 * dim * (_pairs(shape, mode) + of_text),
        of_text=each * 2 * dim * of_text,
    )


def _pairs(shape: BlockShape, mode: AttentionMode) -> int:
    """Query-key pairs of self-attention."""
    if mode == "full":
        return (shape.rgb + shape.hoi) ** 2
    return shape.rgb**2 + shape.hoi * (shape.hoi + shape.rgb_seen_by_hoi)


def _router(network: NetworkConfig, recipe: RecipeConfig) -> tuple[int, int]:
    """Weights of its first layer, whose input is cut off from the gradient, and of its last."""
    if not recipe.experts:
        return 0, 0
    hidden = network.expert_dim if recipe.router == "paper" else network.dim // 2
    return network.dim * hidden, 3 * hidden
