"""The page says in words what came out, and what is the paper's and was not measured."""

from pathlib import Path

from PIL import Image

from evaluation.ablation.contracts import REFERENCE, AblationCost, ArmCost
from evaluation.ablation.page import Budget, Outcome, page, verdicts
from evaluation.ablation.picture import draw_intervals
from evaluation.ablation.published import INFERENCE_COST, SCORES
from evaluation.ablation.table import cells_of, cost_csv
from tests.evaluation.ablation.test_table import HIGHER, two_arms

BUDGET = Budget("minutes", (20, 80), 2, 64, (0, 1, 2), 1, "Without MoE the feed-forward is 994 wide instead of 768.")


def cost_of(name: str, flops: float) -> ArmCost:
    return ArmCost(
        name=name,
        parameters=1000,
        training_gigaflops=None if name == "plain" else 3 * flops,
        inference_gigaflops=flops,
        inference_seconds=flops / 10,
        published_size_teraflops=flops * 100,
    )


def outcome(gain: float = 1.0) -> Outcome:
    arms = {REFERENCE: cost_of("plain", 1.0), "full": cost_of("full method", 1.5), "no_moe": cost_of("no MoE", 1.25)}
    cells, _ = cells_of(two_arms(gain), [HIGHER])
    cost = AblationCost(folder="f", device="a CPU", rounds=5, arms=arms)
    return Outcome(cells, {"x, without MoE": "no clip"}, cost, BUDGET)


def test_verdicts_are_in_words() -> None:
    assert verdicts(outcome()) == [f"without MoE: better in {HIGHER}; not told apart from the full method in 0"]
    assert verdicts(outcome(-0.01)) == ["without MoE: not told apart from the full method in 1"]


def test_the_page_has_everything() -> None:
    text = page(outcome(), "intervals.png")
    assert "20 steps of stage one and 80 of stage two" in text
    assert "994 wide instead of 768" in text
    assert "1.50x" in text, "full against the reference"
    assert "not measured: x, without MoE: no clip" in text
    assert text.index("## Published") < text.index("CoInteract, arXiv 2604.19636, Table 3") < text.index("0.724")
    assert "not measured here" in text
    assert "(intervals.png)" in text


def test_the_papers_table_is_whole() -> None:
    assert {len(scores) for scores in SCORES.values()} == {9}
    assert INFERENCE_COST == {"no_moe": 1.0, "no_co_generation": 1.04, "no_asymmetric_mask": 4.13, "full": 1.04}


def test_costs_are_written_for_machines_too() -> None:
    head, first, *_ = cost_csv(outcome().cost).splitlines()
    assert head.startswith("arm,name,parameters,training_gigaflops,inference_gigaflops")
    assert first.startswith(f"{REFERENCE},plain,1000,,1.0")


def test_the_picture_is_one(tmp_path: Path) -> None:
    draw_intervals(outcome().cells, "Ablation", tmp_path / "intervals.png")
    with Image.open(tmp_path / "intervals.png") as picture:
        assert picture.width > 1000
