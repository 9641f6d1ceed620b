"""Signatures over a registered artifact's files, by OpenSSF model signing: own keys, offline, one file beside it.

An artifact's manifest already holds the sha256 of every file; a signature says whose key vouches for them, so that
whoever may write to the store cannot put another model in its place. The key pair (P-256) is made with OpenSSL:

    openssl ecparam -name prime256v1 -genkey -noout -out signing.pem
    openssl ec -in signing.pem -pubout -out verifying.pem

The library is an extra (`make setup-extras`), imported when a key is configured.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from orchestration.configuration.approval import ApprovalConfig

SUFFIX = ".sig"  # of the file beside the artifact's folder
MISSING = "approval.signing_key and approval.verifying_key need model-signing: `make setup-extras`"


def sign(folder: Path, signature: Path, config: ApprovalConfig) -> None:
    """Sign every file of a folder, where a key is configured.

    Args:
        folder: the artifact.
        signature: the file to write.
        config: names the private key.

    Raises:
        ValueError: the library or the key is missing.
    """
    if config.signing_key is None:
        return
    key = _key(config.signing_key, "signing_key")
    _library().signing.Config().use_elliptic_key_signer(private_key=key).sign(folder, signature)


def verify(folder: Path, signature: Path, config: ApprovalConfig) -> None:
    """Hold every file of a folder against its signature, where a public key is configured.

    Raises:
        ValueError: there is no signature, it is another key's, or a file changed; names the file.
    """
    if config.verifying_key is None:
        return
    key, library = _key(config.verifying_key, "verifying_key"), _library()
    if not signature.is_file():
        raise ValueError(
            f"{folder} is not signed ({signature} is missing), and approval.verifying_key asks for a signature: "
            "register it again with approval.signing_key=FILE"
        )
    try:
        library.verifying.Config().use_elliptic_key_verifier(public_key=key).verify(folder, signature)
    except ValueError as error:
        what = re.sub(r": Expected 'Digest.*?(?=\"|$)", "", str(error))  # the file's name is what helps
        raise ValueError(f"{folder} does not carry the signature of {config.verifying_key}: {what}") from error


def _key(path: str, field: str) -> Path:
    if not Path(path).is_file():
        raise ValueError(f"approval.{field}: {path} is missing: name the key's PEM file, or set it to null")
    return Path(path)


def _library() -> Any:
    try:
        return import_module("model_signing")
    except ImportError as error:
        raise ValueError(MISSING) from error
