"""`graspline data ...`: clips in, from a delivery to a validated, versioned batch. Each command is one call."""

import typer

app = typer.Typer(help="Deliver, validate, compare and withdraw clips.", no_args_is_help=True)
