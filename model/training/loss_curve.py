"""The losses of a run over its steps and, below them, whether sound still reaches the model: one picture."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model.flow_matching import LOSSES

DOES_NOT_DECIDE = "draws what was logged"
SOUND_VARIATION = "sound_variation"  # key of the metric
History = list[tuple[int, dict[str, float]]]


def draw_loss_curve(history: History, title: str, file: Path) -> None:
    """PNG with one line a loss over optimizer steps, logarithmic, and the variation of the encoded sound."""
    figure = Figure(figsize=(7, 5.5), dpi=110, layout="tight")
    losses, sound = figure.subplots(2, sharex=True, height_ratios=(5, 2))
    for name in LOSSES:
        _draw(losses, history, name)
    figure.suptitle(title)
    losses.set(ylabel="loss", yscale="log")
    losses.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(LOSSES), frameon=False)
    _draw(sound, history, SOUND_VARIATION)
    sound.set(xlabel="optimizer step", ylabel="deviation")
    sound.set_ylim(0, 1.15 * max((values.get(SOUND_VARIATION, 0) for _, values in history), default=0) or 1)
    sound.set_title("how much the encoded sound varies over time: at 0 the model ignores it", fontsize=9)
    figure.savefig(file)


def _draw(axes: Axes, history: History, name: str) -> None:
    known = [(step, values[name]) for step, values in history if name in values]
    axes.plot([step for step, _ in known], [value for _, value in known], label=name, linewidth=1.2)
    axes.grid(alpha=0.3)
