"""`graspline data withdraw`: write it down, remove the bytes from the checkout, name the models they are in."""

import getpass
from datetime import UTC, datetime

from rich.console import Console

from data.clips.manifest import NAME
from data.preparation.remove_withdrawn import Removed, persons, remove_withdrawn
from data.versions import dataset_version
from data.versions.batch_entry import RAW
from data.versions.withdrawals import FILE, Withdrawal, add_withdrawal
from foundation.names import check_known_identity, is_name, warnings_of
from model.contracts import TrackingConfig
from orchestration.registry.models import ModelRegistry
from orchestration.registry.trained_on import TrainedModel, models_trained_on


def withdraw(person_id: str, product_id: str | None, reason: str, tracking: TrackingConfig, console: Console) -> None:
    """Make the next data set without this person (with one product, where one is named).

    Raises:
        ValueError: no clip and no registered model is known of them, and so nothing is written down: a typing error.
    """
    today = datetime.now(UTC).date()
    person_id, product_id = check_known_identity(person_id), _if_given(product_id)
    withdrawal = Withdrawal(
        person_id=person_id, product_id=product_id, withdrawn=today, actor=getpass.getuser(), reason=reason
    )
    models = models_trained_on(ModelRegistry(tracking), withdrawal)
    with dataset_version.one_writer(console.print):
        meant = _meant(person_id)
        removed = remove_withdrawn(withdrawal)
        if not removed and not any(model.clips for model in models):
            raise ValueError(
                f"no clip of person {person_id}{_with(product_id)} is here, and no model was trained on one"
                + "".join(f"; {line}" for line in meant)
            )
        add_withdrawal(withdrawal)
    for line in meant:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for batch in removed:
        if is_name(batch) and (RAW / batch / NAME).exists():
            dataset_version.record_raw(batch, console.print)
    _print_removed(console, withdrawal, removed)
    _print_models(console, models)


def _print_removed(console: Console, withdrawal: Withdrawal, removed: dict[str, Removed]) -> None:
    who = f"person {withdrawal.person_id}{_with(withdrawal.product_id)}"
    console.print(f"{who} is withdrawn: a line in {FILE}, nothing of theirs is prepared, encoded or trained on again")
    for batch, gone in removed.items():
        more = " ..." if len(gone.clips) > 5 else ""
        what = "the whole batch" if gone.whole else f"{len(gone.clips)} clips ({', '.join(gone.clips[:5])}{more})"
        console.print(f"  {batch}: {what} removed from datasets/raw, prepared and encoded")
        for film in gone.footage:
            console.print(f"    may still show them, look: {film}")
    console.print("next: commit datasets/, then `graspline run` makes the data set and the model without them")
    console.print(
        "older versions hold their bytes still: `dvc gc --workspace` removes them from this machine's cache, "
        "`dvc gc --workspace --cloud` from the remote too"
    )


def _print_models(console: Console, models: list[TrainedModel]) -> None:
    if not models:
        console.print("no registered model was trained on their clips")
    for model in models:
        name = f"version {model.version}" + (f" ({model.alias})" if model.alias else "")
        known = f"trained on {len(model.clips)} of their clips" if model.clips else None
        console.print(f"  {name}: {known or 'its training set is not known, so it may have been'}")


def _if_given(product_id: str | None) -> str | None:
    return None if product_id is None else check_known_identity(product_id)


def _meant(person_id: str) -> list[str]:
    """Persons of other clips here who may be meant as well."""
    return [line for line in warnings_of("person_id", {person_id, *persons()}) if repr(person_id) in line]


def _with(product_id: str | None) -> str:
    return f" with product {product_id}" if product_id else ""
