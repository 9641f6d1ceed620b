"""The losses of a run over its steps, and their picture."""

from pathlib import Path

from matplotlib.figure import Figure

LOSSES = ("total", "rgb", "hoi", "route")
History = list[tuple[int, dict[str, float]]]


def draw_loss_curve(history: History, title: str, file: Path) -> None:
    """PNG with one line a loss over optimizer steps, logarithmic."""
    figure = Figure(figsize=(7, 4), dpi=110, layout="tight")
    axes = figure.subplots()
    steps = [step for step, _ in history]
    for name in LOSSES:
        axes.plot(steps, [values[name] for _, values in history], label=name, linewidth=1.2)
    axes.set(title=title, xlabel="optimizer step", ylabel="loss", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file)
