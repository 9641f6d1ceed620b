"""Schedules, the meaning of outputs and the joint loss."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import yaml

from model.contracts import LABELS, RecipeConfig
from model.flow_matching import (
    add_noise,
    bell_weights,
    draw_sigmas,
    euler_step,
    joint_loss,
    route_loss,
    router_labels,
    schedule,
    timesteps_of,
    to_velocity,
    to_x0,
)
from model.network.streams import Denoised

CONF = Path(__file__).parents[2] / "conf/recipe"


def _recipe(name: str) -> RecipeConfig:
    return RecipeConfig.model_validate(yaml.safe_load((CONF / f"{name}.yaml").read_text()))


def test_schedule_is_shifted_towards_noise() -> None:
    sigmas = schedule(4, 5.0)
    assert sigmas.tolist() == pytest.approx([1.0, 5 * 0.75 / 4, 5 * 0.5 / 3, 5 * 0.25 / 2, 0.0])
    assert schedule(4, 1.0).tolist() == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0])


def test_drawn_sigmas_follow_the_generator_and_the_shift() -> None:
    one = draw_sigmas(4000, 5.0, torch.Generator().manual_seed(3))
    assert torch.equal(one, draw_sigmas(4000, 5.0, torch.Generator().manual_seed(3)))
    assert one.min() > 0
    assert one.max() <= 1
    assert one.median().item() == pytest.approx(5 * 0.5 / 3, abs=0.02)


def test_bell_has_mean_one_over_the_steps_and_vanishes_at_full_noise() -> None:
    sigmas = schedule(1000, 5.0)[:-1]
    weights = bell_weights(sigmas, 5.0)
    assert weights.mean().item() == pytest.approx(1.0, abs=1e-5)
    assert weights.min() >= 0
    assert weights[0] == 0
    ratio = math.exp(-2 * 0.3**2) - math.exp(-0.5)
    near = bell_weights(torch.tensor([0.8, 0.5]), 5.0)
    assert (near[0] / near[1]).item() == pytest.approx(ratio / (1 - math.exp(-0.5)), rel=1e-4)


@pytest.mark.parametrize("name", ["paper", "toy"])
def test_exact_output_leads_euler_back_to_the_clean_latents(name: str) -> None:
    recipe, generator = _recipe(name), torch.Generator().manual_seed(0)
    clean, person = torch.randn(2, 4, 3, 2, 2, generator=generator), torch.randn(2, 4, 1, 2, 2, generator=generator)
    x, sigmas = add_noise(clean, torch.ones(2), generator).noisy_BCThw, schedule(6, 7.0)
    velocity = x - clean
    for sigma, lower in pairwise(sigmas):
        output = velocity if recipe.prediction == "velocity" else clean - person
        torch.testing.assert_close(to_x0(output, x, sigma.expand(2), recipe, person), clean)
        x = euler_step(x, to_velocity(output, x, sigma.expand(2), recipe, person), sigma, lower)
    torch.testing.assert_close(x, clean, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["paper", "released", "toy"])
def test_joint_loss_is_zero_at_the_truth_and_weighs_its_parts(name: str) -> None:
    recipe, generator = _recipe(name), torch.Generator().manual_seed(0)
    person = torch.randn(2, 4, 1, 2, 2, generator=generator)
    rgb, hoi = (add_noise(torch.randn(2, 4, 4, 2, 2), torch.tensor([0.5, 0.9]), generator) for _ in range(2))
    labels = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    logits = torch.nn.functional.one_hot(router_labels(labels), 3).float().expand(5, -1, -1, -1) * 50
    residual = recipe.prediction == "reference_residual"
    true_rgb = rgb.clean_BCThw - person if residual else rgb.noise_BCThw - rgb.clean_BCThw
    true_hoi = hoi.clean_BCThw if residual else hoi.noise_BCThw - hoi.clean_BCThw
    exact = joint_loss(Denoised(true_rgb, true_hoi, logits), rgb, hoi, person, labels, recipe)
    assert exact.total.item() == pytest.approx(0.0, abs=1e-9)
    off = joint_loss(Denoised(true_rgb + 1, true_hoi + 2, 0 * logits), rgb, hoi, person, labels, recipe)
    weight = 1.0 if residual else bell_weights(rgb.sigma_B, recipe.sigma_shift_training).mean().item()
    by_label = recipe.region_loss_weights or dict.fromkeys(LABELS, 1.0)  # each label once a sample
    assert off.rgb.item() == pytest.approx(weight * sum(by_label.values()) / 4, rel=1e-5)
    assert off.hoi.item() == pytest.approx(4 * weight, rel=1e-5)
    wanted = off.rgb + recipe.hoi_loss_weight * off.hoi + recipe.route_loss_weight * off.route
    assert off.total.item() == pytest.approx(wanted.item())
    alone = joint_loss(Denoised(true_rgb + 1, None, logits[:0]), rgb, None, person, labels, recipe)
    assert (alone.hoi.item(), alone.route.item()) == (0.0, 0.0)


def test_route_loss_weighs_classes_in_the_order_of_regions() -> None:
    uniform = torch.zeros(2, 1, 4, 3)
    recipe = _recipe("released")
    assert route_loss(uniform, torch.tensor([[0, 0, 0, 0]]), recipe).item() == pytest.approx(math.log(3))
    assert route_loss(uniform, torch.tensor([[0, 1, 2, 0]]), recipe).item() == pytest.approx(math.log(3) * 22 / 4)
    sure_of_head = torch.tensor([0.0, 60.0, 0.0]).expand(2, 1, 4, 3)
    assert route_loss(sure_of_head, torch.tensor([[1, 1, 1, 1]]), recipe).item() == pytest.approx(0.0)


def test_the_released_recipe_tells_rounded_timesteps_and_keeps_the_noise_level() -> None:
    sigma_B = torch.tensor([0.9954, 0.5, 0.12345])
    assert timesteps_of(sigma_B, _recipe("released")).tolist() == [996.0, 500.0, 123.5]
    torch.testing.assert_close(timesteps_of(sigma_B, _recipe("paper")), 1000 * sigma_B, rtol=0, atol=0)
