"""The `graspline` command. Each command is one call into a module beside it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.data import app as data_app
from orchestration.commands.plain_errors import boundary, called, plain_errors
from orchestration.commands.promotion import app as promotion_app
from orchestration.commands.provenance import app as provenance_app
from orchestration.commands.study import app as study_app
from orchestration.commands.torture_app import app as torture_app

app = typer.Typer(
    help="Retrain, judge and promote human-object-interaction video models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Overrides = Annotated[
    list[str] | None, typer.Argument(help="configuration, as in: network=tiny training.stage_one.seed=1")
]


app.add_typer(promotion_app)
app.add_typer(provenance_app)
app.add_typer(data_app, name="data")
app.add_typer(torture_app, name="torture")
judge_app = typer.Typer(help="Test the judge like a model.", no_args_is_help=True)
app.add_typer(judge_app, name="judge")
app.add_typer(study_app, name="study")


@app.command()
def run(overrides: Overrides = None) -> None:
    """From raw clips to a promoted model; what is unchanged is reused, what was interrupted continues."""
    with called() as (console, where):
        from orchestration.commands.run_pipeline import run_pipeline
        from orchestration.commands.summary import print_refused, print_summary
        from orchestration.configuration.given_texts import from_folder
        from orchestration.steps.display import LiveDisplay, PlainDisplay

        given = from_folder(overrides or [], where)
        with LiveDisplay(console) if console.is_terminal else PlainDisplay() as display:
            refused, receipts = run_pipeline(given, display)
        print_summary(console, display.timings, receipts)
        print_refused(console, refused)


@app.command()
def generate(
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option(help="the video to write", resolve_path=True)] = Path("videos/generated.mp4"),
    model: Annotated[str, typer.Option(help="champion, challenger or a version number")] = "champion",
    like: Annotated[str | None, typer.Option(help="BATCH/CLIP whose inputs fill what is not given below")] = None,
    prompt: Annotated[list[str] | None, typer.Option(help="what the person does; once for every chained clip")] = None,
    person: Annotated[Path | None, typer.Option(help="picture of the person", resolve_path=True)] = None,
    product: Annotated[Path | None, typer.Option(help="picture of the product", resolve_path=True)] = None,
    no_product: Annotated[bool, typer.Option("--no-product", help="a video without a product")] = False,
    audio: Annotated[Path | None, typer.Option(help="speech; its beginning is used", resolve_path=True)] = None,
    pose: Annotated[Path | None, typer.Option(help="skeleton video to follow", resolve_path=True)] = None,
    csv: Annotated[Path | None, typer.Option(help="a list of videos in the authors' format", resolve_path=True)] = None,
    seed: Annotated[list[int] | None, typer.Option(help="same seed, same video; several: a video each")] = None,
    seconds: Annotated[float | None, typer.Option(help="of each clip; default: the model's whole clip")] = None,
) -> None:
    """Make a video with sound from a person, a product, a prompt (or several, chained) and speech.

    Models of another configuration are named as it is: `graspline generate experiment=released_demo data.path=FOLDER`.
    """
    with called() as (console, where):
        from orchestration.commands.generate import Inputs, generate_videos
        from orchestration.configuration.given_texts import from_folder

        given = Inputs(
            prompts=prompt or [],
            person=person,
            product=product,
            no_product=no_product,
            audio=audio,
            pose=pose,
            csv=csv,
            like=like,
            seeds=seed or [],
            seconds=seconds,
            out=out,
        )
        generate_videos(console, model, given, from_folder(overrides or [], where))


@app.command()
def score(
    overrides: Overrides = None,
    videos: Annotated[Path, typer.Option(help="folder with the videos", resolve_path=True)] = Path("videos"),
    csv: Annotated[
        Path | None, typer.Option(help="their references, in the authors' format", resolve_path=True)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder for scores.json and table.md", resolve_path=True)] = None,
) -> None:
    """Score anybody's videos on the paper's nine metrics, or their stand-ins, beside the paper's Table 1.

    Weights of your own: `graspline score scoring.weights.clip=FOLDER --videos ...`. Exit code 1 if one was not scored.
    """
    with called() as (console, where):
        from orchestration.commands.score import score_and_print
        from orchestration.configuration.given_texts import from_folder

        whole = score_and_print(console, videos, csv, out, from_folder(overrides or [], where))
    raise typer.Exit(0 if whole else 1)


@app.command()
def evaluate(
    what: Annotated[str, typer.Argument(help="champion, challenger, a version number, or a folder with videos")],
    overrides: Overrides = None,
) -> None:
    """A registered model on the open exam, or a folder of videos (and the CSV that lies in it) as `graspline score`."""
    with called() as (console, where):
        from orchestration.commands.evaluate import evaluate_and_print
        from orchestration.configuration.given_texts import from_folder

        whole = evaluate_and_print(console, what, where, from_folder(overrides or [], where))
    raise typer.Exit(0 if whole else 1)


@app.command()
def status(overrides: Overrides = None) -> None:
    """Who is champion, what the last candidates got, where to look; of an experiment where it is named."""
    with called() as (console, where):
        from orchestration.commands.summary import print_status
        from orchestration.configuration.given_texts import from_folder

        print_status(console, from_folder(overrides or [], where))


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="champion, challenger, previous_champion or a version number")],
    second: Annotated[str, typer.Argument(help="what it is held against, named likewise")],
    overrides: Overrides = None,
    by: Annotated[str | None, typer.Option(help="mean gains by clip, person, product or action too")] = None,
    csv: Annotated[Path | None, typer.Option(help="the table as a CSV file", resolve_path=True)] = None,
) -> None:
    """Two registered models on the open exam: same clips, seeds and tools; gains with intervals, metric by metric."""
    with called() as (console, where):
        from orchestration.commands.judge import print_comparison
        from orchestration.configuration.given_texts import from_folder

        print_comparison(console, from_folder(overrides or [], where), (first, second), by, csv)


@app.command()
def report(
    version: Annotated[str, typer.Argument(help="champion, challenger, previous_champion or a version number")],
    overrides: Overrides = None,
    zip_file: Annotated[
        Path | None, typer.Option("--zip", help="page and videos as one file", resolve_path=True)
    ] = None,
) -> None:
    """The page on which a version was judged: verdict, videos side by side, all numbers; with --zip, to send."""
    with called() as (console, where):
        from orchestration.commands.report import show_report
        from orchestration.configuration.given_texts import from_folder

        show_report(console, version, zip_file, from_folder(overrides or [], where))


@app.command()
def ablate(
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option(help="folder for page, picture and CSV", resolve_path=True)] = Path("ablation"),
) -> None:
    """The method without each of its parts, at equal budgets, beside the paper's ablation table.

    `graspline ablate budget=minutes`; hours and gpu are the others. Started again it goes on; nothing of it can ship.
    """
    with called() as (console, where):
        from orchestration.commands.ablate import ablate_and_print
        from orchestration.configuration.given_texts import from_folder

        ablate_and_print(console, from_folder(overrides or [], where), out)


@judge_app.callback()
def judge() -> None:
    """The judge itself is tested."""


@judge_app.command()
def audit(
    overrides: Overrides = None,
    model: Annotated[str, typer.Option(help="the model that effects are planted into")] = "champion",
    seeds: Annotated[int, typer.Option(help="noise seeds that it is measured with, a clip", min=2)] = 16,
    gates: Annotated[int, typer.Option(help="gates that are held for each rate", min=1)] = 2000,
    out: Annotated[Path | None, typer.Option(help="the tables as a Markdown file", resolve_path=True)] = None,
) -> None:
    """How often the gate errs: identical models promoted, true gains missed, planted damage not noticed."""
    with called() as (console, where):
        from orchestration.commands.judge import print_audit
        from orchestration.configuration.given_texts import from_folder

        print_audit(console, from_folder(overrides or [], where), model, (seeds, gates), out)


@app.command()
def doctor() -> None:
    """Look at this machine and this checkout, and say what is missing."""
    with plain_errors() as console:
        from orchestration.commands.doctor import check_machine

        fine = check_machine(console)
    raise typer.Exit(0 if fine else 1)


@app.command()
def parity(
    golden: Annotated[Path, typer.Option(help="safetensors of the published code's numbers", resolve_path=True)],
) -> None:
    """Hold the network against the published code's numbers; succeeds when every output agrees."""
    with plain_errors():
        from orchestration.commands.shown_child import show_child

        code = show_child(["-m", "model.weights.parity", str(golden)])
    raise typer.Exit(code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure the network: block, guided-step, train-step, inference, inference-cost, inference-flops (VERB --help)."""
    with called() as (_, where):
        from orchestration.commands.shown_child import show_child

        code = show_child(["-m", "benchmarks", *context.args], where)
    raise typer.Exit(code)


@app.command()
def ui(
    dagster_port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000,
    mlflow_port: Annotated[int, typer.Option(help="port of the MLflow UI")] = 5000,
) -> None:
    """Start the Dagster and MLflow pages on loopback; Ctrl-C stops both."""
    with plain_errors() as console:
        from orchestration.commands.ui import serve

        serve(console, dagster_port, mlflow_port)


def main() -> None:
    """The command line, within its one boundary."""
    with boundary():
        sys.exit(app(standalone_mode=False) or 0)


if __name__ == "__main__":
    main()
