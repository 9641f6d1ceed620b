"""`graspline trace` and `graspline reproduce`: each command is one call into a module beside it."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.plain_errors import called

app = typer.Typer()
Overrides = Annotated[list[str] | None, typer.Argument(help="configuration, as in: experiment=smoke")]


@app.command()
def trace(
    what: Annotated[str, typer.Argument(help="a generated video, a version or its name, BATCH/CLIP, or a person's id")],
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, with every clip")] = False,
    picture: Annotated[Path | None, typer.Option(help="draw it: an SVG file", resolve_path=True)] = None,
) -> None:
    """Where a video or model comes from, down to its clips; or what learnt from a clip or person."""
    with called() as (console, where):
        from orchestration.commands.trace import trace_and_print
        from orchestration.configuration.given_texts import from_folder

        trace_and_print(console, what, where, from_folder(overrides or [], where), as_json, picture)


@app.command()
def reproduce(
    version: Annotated[str, typer.Argument(help="champion, challenger, previous_champion or a version number")],
    overrides: Overrides = None,
) -> None:
    """Train a version again from its data, configuration and commit. Exit code 1 if the weights are other bytes."""
    with called() as (console, where):
        from orchestration.commands.reproduce import reproduce_and_print
        from orchestration.configuration.given_texts import from_folder

        same = reproduce_and_print(console, version, from_folder(overrides or [], where))
    raise typer.Exit(0 if same else 1)
