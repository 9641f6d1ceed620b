"""Where a registry's ledger lies: with the registry, or where it is said, and never in a checkout of its own."""

import pytest

from model.contracts import TrackingConfig
from orchestration.registry.ledger import ledger_of


def config(uri: str, ledger: str | None = None) -> TrackingConfig:
    return TrackingConfig(uri=uri, experiment="e", registered_model="rgb", ledger=ledger)


@pytest.mark.parametrize(
    ("given", "address", "server"),
    [
        (config("sqlite:///registry/mlflow.db"), "sqlite:///registry/ledger.db", "mlflow.db"),
        (config("postgresql://db/mlflow"), "postgresql://db/mlflow", "here"),
        (config("https://mlflow:5000/", "postgresql://db/x"), "postgresql://db/x", "https://mlflow:5000"),
    ],
)
def test_the_ledger_lies_with_the_registry(given: TrackingConfig, address: str, server: str) -> None:
    ledger = ledger_of(given)
    assert (ledger.address, ledger.server, ledger.model) == (address, server, "rgb")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (config("https://mlflow:5000"), "say tracking.ledger=postgresql://HOST/DATABASE"),
        (config("https://mlflow:5000", "https://ledger"), "is no database"),
    ],
)
def test_a_server_without_a_ledger_is_refused(given: TrackingConfig, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ledger_of(given)
