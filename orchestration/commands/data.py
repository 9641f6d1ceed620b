"""`graspline data ...`: clips in, from a delivery to a validated, versioned batch. Each command is one call."""

from typing import Annotated

import typer

from orchestration.commands.plain_errors import called, plain_errors

app = typer.Typer(help="Deliver, validate, compare and withdraw clips.", no_args_is_help=True)

Words = Annotated[list[str] | None, typer.Argument(help="source=X [path=FOLDER] [batch=NAME] [clip.frames=33 ...]")]


@app.command()
def prepare(words: Words = None) -> None:
    """Deliver, prepare and validate, as in: source=raw_video path=FOLDER. The sources are in conf/data."""
    with called() as (console, where):
        from orchestration.commands.prepare_data import prepare_batches, print_prepared
        from orchestration.commands.prepare_request import read_prepare_request
        from orchestration.steps.display import LiveDisplay, PlainDisplay

        request = read_prepare_request(words or [], where)
        with LiveDisplay(console) if console.is_terminal else PlainDisplay() as display:
            made = prepare_batches(request, display)
        print_prepared(console, made)


@app.command()
def validate(
    batch: Annotated[str, typer.Argument(help="a batch in datasets/prepared, or in datasets/raw only")],
    overrides: Annotated[list[str] | None, typer.Argument(help="as in: data.validation.least_face_share=0.7")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="judge what was delivered, even where it is prepared")] = False,
    detector: Annotated[int, typer.Option(help="so many clips are also looked at by the offline detector")] = 0,
) -> None:
    """Judge a batch again: every fault with clip, field, value, rule and fix. Exit code 1 if there is one."""
    with called() as (console, where):
        from orchestration.commands.validate_data import validate_and_print
        from orchestration.configuration.given_texts import from_folder

        valid = validate_and_print(console, batch, from_folder(overrides or [], where), raw, detector)
    if not valid:
        raise typer.Exit(1)


@app.command()
def withdraw(
    person: Annotated[str, typer.Option(help="person id")],
    product: Annotated[str | None, typer.Option(help="only their clips with this product")] = None,
    reason: Annotated[str, typer.Option(help="why; it goes into datasets/withdrawals.jsonl")] = "consent withdrawn",
) -> None:
    """Take a person out of the data: the next data set is without them; names the models trained on their clips."""
    with plain_errors() as console:
        from orchestration.commands.withdraw import withdraw as withdraw_clips
        from orchestration.configuration.load_config import load_sections

        withdraw_clips(person, product, reason, load_sections().tracking, console)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="BATCH as it lies here, or BATCH@REVISION of git")],
    new: Annotated[str, typer.Argument(help="the same, or another batch")],
    raw: Annotated[bool, typer.Option("--raw", help="compare what was delivered instead of what was prepared")] = False,
) -> None:
    """Clips added, removed and changed, by field, between two versions of a batch or two batches."""
    with plain_errors() as console:
        from orchestration.commands.diff_data import diff_and_print

        diff_and_print(console, old, new, "raw" if raw else "prepared")
