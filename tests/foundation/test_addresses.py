"""No credential survives in a text, and nothing else is taken out of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from foundation.addresses import StoreAddress, redacted

SECRET = st.text("abcdefghijkXYZ0123456789/@+%!$-_", min_size=6, max_size=24).map(lambda text: f"q{text}7")
PLACES = (
    "https://user:{}@host.example/path",
    "postgresql+psycopg2://me:{}@db:5432/mlflow",
    "s3://AKIAABCDEFGHIJKLMNOP:{}@bucket/key",
    "aws_secret_access_key={}",
    "MLFLOW_TRACKING_PASSWORD={} graspline run",
    "{{'password': '{}'}}",
    'message {{"api_key": "{}"}}',
)
PLAIN = (
    "encoding.text_encoder.tokens=40 network.text_tokens=64",
    "sqlite:///registry/mlflow.db",
    "https://host.example:5000/path?run=3&page=2",
    "clip 0003 | field boxes | fix: annotate it, see a@b.c",
    "data.path=/films/march key=value",
    "git@github.com:owner/name.git",
)


@pytest.mark.parametrize("place", PLACES)
@given(secret=SECRET)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_no_secret_is_left(place: str, secret: str) -> None:
    assert secret not in redacted(place.format(secret))
    assert secret not in redacted(f"could not reach {place.format(secret)}: refused")


@pytest.mark.parametrize("query", ["token=abc123", "X-Amz-Signature=abc123&a=b", "sig=abc123", "access_token=abc123"])
def test_no_token_of_a_query_is_left(query: str) -> None:
    assert "abc123" not in redacted(f"https://host/path?{query}")


@pytest.mark.parametrize("text", PLAIN)
def test_what_holds_none_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("address", ["https://u:geheim9@h", "postgresql://u:geheim9@h/db", "https://h/?token=geheim9"])
def test_an_address_with_a_credential_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ValidationError, match="give it in the environment") as caught:
        TypeAdapter(StoreAddress).validate_python(address)
    assert "geheim9" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("address", ["nonsense", "ftp://host/x", "sqlite:///a b.db", "mlruns", "http://"])
def test_what_is_no_store_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="no address of a tracking server"):
        TypeAdapter(StoreAddress).validate_python(address)


@pytest.mark.parametrize(
    "address", ["sqlite:///registry/mlflow.db", "https://host:5000", "postgresql+psycopg2://host/db", "file:///runs"]
)
def test_a_store_is_taken_as_it_is(address: str) -> None:
    assert TypeAdapter(StoreAddress).validate_python(address) == address
