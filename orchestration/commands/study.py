"""`graspline study`: people judge videos blind. Each command is one call into the module beside it."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.plain_errors import called

app = typer.Typer(help="Let people judge videos blind: a perceptual study.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="of the study")],
    method: Annotated[list[str], typer.Option(help="NAME=FOLDER with its videos; two or more, same file names")],
    csv: Annotated[
        Path | None,
        typer.Option(help="references, as for `graspline score`", resolve_path=True),
    ] = None,
    ranks: Annotated[bool, typer.Option("--ranks/--pairs", help="all methods at once, or two at a time")] = False,
    clips: Annotated[int | None, typer.Option(help="cases a rater judges; default: 10")] = None,
    seed: Annotated[int, typer.Option(help="same seed, same study")] = 0,
    out: Annotated[Path | None, typer.Option(help="its folder; default: studies/NAME", resolve_path=True)] = None,
) -> None:
    """Copy the methods' videos under names that say nothing, and plan a balanced set of questions."""
    with called() as (console, where):
        from orchestration.commands.perceptual_study import NewStudy, create_and_print

        given = NewStudy(name, method, csv, "ranks" if ranks else "pairs", clips, seed, out)
        create_and_print(console, given, where)


@app.command()
def serve(
    name: Annotated[str, typer.Argument(help="of the study, or its folder")],
    port: Annotated[int, typer.Option(help="on loopback; 0: any that is free", min=0, max=65535)] = 8010,
) -> None:
    """Ask raters in a browser and store every answer; a rater who comes again goes on where they stopped."""
    with called() as (console, where):
        from orchestration.commands.perceptual_study import serve_until_ended

        serve_until_ended(console, name, port, where)


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="of the study, or its folder")],
    out: Annotated[Path | None, typer.Option(help="folder for report.html and report.csv", resolve_path=True)] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="count raters who failed a check, too")] = False,
) -> None:
    """Ranks with intervals, tests, ties and the raters' agreement, as a page and a CSV."""
    with called() as (console, where):
        from orchestration.commands.perceptual_study import report_and_print

        report_and_print(console, name, out, everyone, where)
