"""What each arm changes in the configuration, and nothing else. Imports no torch.

Without MoE a block has one plain feed-forward. It is widened until the block has as many parameters as the experts and
their router had (to half a column of it), so that the arm does not lose by being smaller. Shape legend: D width,
X hidden width of an expert, E experts, R regions.
"""

from model.contracts import REGIONS, Ablation, NetworkConfig, RecipeConfig


def arm_network(arm: Ablation, network: NetworkConfig, recipe: RecipeConfig) -> tuple[NetworkConfig, RecipeConfig]:
    """The network and the recipe of an arm; co-generation and the mask are left out in training, not here."""
    if arm != "no_moe":
        return network, recipe
    wider = network.ffn_dim + widening(network, recipe)
    return network.model_copy(update={"ffn_dim": wider}), without_experts(recipe)


def without_experts(recipe: RecipeConfig) -> RecipeConfig:
    """The recipe with no expert and no router."""
    return recipe.model_copy(update={"experts": ()})


def widening(network: NetworkConfig, recipe: RecipeConfig) -> int:
    """By how many columns the plain feed-forward has to grow."""
    return round(expert_parameters(network, recipe) / (2 * network.dim + 1))


def expert_parameters(network: NetworkConfig, recipe: RecipeConfig) -> int:
    """Parameters of one block's experts and router; 0 where the recipe has none."""
    D, X, R = network.dim, network.expert_dim, len(REGIONS)
    if not recipe.experts:
        return 0
    experts = len(recipe.experts) * (2 * D * X + X + D)
    hidden = X if recipe.router == "paper" else D // 2
    norm = 0 if recipe.router == "paper" else 2 * hidden
    return experts + (D * hidden + hidden) + norm + (hidden * R + R)
