"""Addresses of servers and stores: never with a credential in them, and no text of ours shows one.

A configuration is written into run folders, logs and tags, so an address that holds a user, a password, a key or a
token is refused where it is given; `redacted` takes out what arrives by other ways, such as a library's message.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from foundation.bounds import Text

HIDDEN = "***"
STORES = r"(?:(?:sqlite|postgresql|mysql|mssql)(?:\+\w+)?://|https?://|file:)\S+|databricks\S*"
_NAME = (
    r"[\w.-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key"
    r"|account[_-]?key|private[_-]?key|signature|credentials?)"
)
_REST = r"[^\s&'\",;<>(){}\[\]]+"
_PATTERNS = (
    (r"(\w[\w+.-]*://)[^\s'\"<>/@]*:[^\s'\"<>]*@(?=[^\s'\"<>@]*)", rf"\1{HIDDEN}@"),  # a password may hold / and @
    (r"(\w[\w+.-]*://)[^\s'\"<>/@]+@", rf"\1{HIDDEN}@"),
    (rf"((?i:\b{_NAME})=)(?:'[^']*'|\"[^\"]*\"|{_REST})", rf"\1{HIDDEN}"),
    (rf"((?i:[\"']{_NAME}[\"'])\s*:\s*)(?:'[^']*'|\"[^\"]*\"|{_REST})", rf"\1{HIDDEN}"),
    (rf"([?&;](?i:key|sig|auth|pass|code|jwt)=){_REST}", rf"\1{HIDDEN}"),
    (rf"(?i:\b(bearer|basic)) {_REST.replace('+', '{8,}')}", rf"\1 {HIDDEN}"),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    (r"\b(?:gh[opusr]_|github_pat_|glpat-|hf_)\w{16,}", HIDDEN),
)
_COMPILED = [(re.compile(pattern), instead) for pattern, instead in _PATTERNS]


def redacted(text: str) -> str:
    """The text with every credential in it replaced by three stars."""
    for pattern, instead in _COMPILED:
        text = pattern.sub(instead, text)
    return text


def without_credential(address: str) -> str:
    """The address, if it holds no credential. ValueError: it does; says where to give it instead."""
    if redacted(address) != address:
        raise ValueError(
            f"{redacted(address)}: the address holds a user, a password, a key or a token, and would be written into "
            "files and logs: leave it out and give it in the environment (MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN; PGPASSWORD; AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY)"
        )
    return address


def _is_a_store(address: str) -> str:
    if not re.fullmatch(STORES, address):
        raise ValueError(
            f"{address!r} is no address of a tracking server: give one such as sqlite:///registry/mlflow.db or "
            "https://HOST:PORT, spaces as %20"
        )
    return address


Host = Annotated[Text, AfterValidator(without_credential)]
"""A machine, with its port or its scheme."""
StoreAddress = Annotated[Text, AfterValidator(without_credential), AfterValidator(_is_a_store)]
"""Where MLflow keeps runs and versions: a database or a server."""
