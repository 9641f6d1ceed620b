"""What a library's error means to a person: one line with its fix, whatever library it came from.

An exception, the line by which a child process ended, a failure that Dagster recorded: all three are a kind (the name
of the exception's class) and a message, and are explained here, in one table. What is not in it keeps its own words,
on one line. The table's order counts: what is more special comes first.
"""

import re

from foundation.addresses import redacted

LONGEST = 600  # characters of a foreign message
OURS = ("ValueError", "RuntimeError", "ClipError", "ChildFailedError", "StepFailedError", "error")
_KIND = re.compile(
    r"^(?:\[rank\d+\]: )?((?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Warning)|error): +(.*)$", re.DOTALL
)
_FILE = re.compile(r"(?:: |open |file |directory )['\"]([^'\"]+)['\"]")
_ADDRESS = re.compile(r"(?:host='|https?://)([^/:\s'\"]+)(?:', port=|:)?(\d+)?")
_MEANINGS = {
    r"database is locked|database table is locked": (
        "a database (registry/mlflow.db, or what tracking.uri names) is used by another process: wait until that is "
        "done or end it, and run again"
    ),
    r"unable to open database file": (
        "a database cannot be opened: see that its folder (registry/, or what tracking.uri names) exists and that you "
        "may write into it"
    ),
    r"readonly database": "a database is read-only: let yourself write registry/ and the files in it (chmod u+w)",
    r"file is not a database|disk image is malformed": (
        "a database under registry/ (or what tracking.uri names) is damaged: put it back from your backup, or move it "
        "away to begin a new one"
    ),
    r"out-of-date database schema|Can't locate revision": (
        "MLflow's database is of another version of MLflow: `mlflow db upgrade ADDRESS` brings an older one to this one"
    ),
    r"database or disk is full|No space left|Errno (?:28|122|27)\b|[Qq]uota exceeded|File too large": (
        "no room is left on the disk{file}: make room and run again; what is whole is kept"
    ),
    r"Errno 30\b|[Rr]ead-only file system": (
        "{path} lies on a disk that is read-only: give a place that can be written"
    ),
    r"Errno 13?\b|[Pp]ermission denied|Operation not permitted": (
        "{path} cannot be opened or written (permission denied): change its rights, or give another place"
    ),
    r"Errno 24\b|Too many open files": "too many files are open: raise the limit (`ulimit -n 8192`) and run again",
    r"Errno 36\b|File name too long": "{path} is too long a name for this disk: give a shorter one",
    r"Errno 40\b|Too many levels of symbolic links": "{path} is a link that leads to itself: remove the link",
    r"Errno 20\b|Not a directory": "{path} is no folder, or lies below a file: give another place",
    r"Errno 21\b|Is a directory": "{path} is a folder, and a file is needed: name the file",
    r"Errno 17\b|File exists": "{path} is there already, as something else: move it away",
    r"Errno 2\b|No such file or directory": "{path} does not exist: correct the path, or make it first",
    r"Errno 5\b|Input/output error": (
        "the disk cannot read or write {path}: look at the disk (`dmesg`), then run again"
    ),
    r"Address already in use|Errno 98\b": "a port is taken: stop what listens there, or give another port",
    r"out of memory|OutOfMemory|MemoryError|Cannot allocate memory|can't allocate memory|Errno 12\b|[Ss]ignal 9\b": (
        "there is not enough memory: end other programs, or lower training.micro_batch_per_process, "
        "data.preparation_processes or the clips' size"
    ),
    r"DecompressionBomb|exceeds limit of \d+ pixels": (
        "a picture is too large to be opened: make it smaller, 4096 pixels of longer side are enough"
    ),
    r"InvalidAccessKeyId|SignatureDoesNotMatch|NoCredentials|Unable to locate credentials|Unauthorized|Forbidden"
    r"|password authentication failed|Access denied|(?:code|status|HTTP)\D{0,9}40[13]\b": (
        "a server{host} refuses who you are: give user and password or token in the environment "
        "(MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN, AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY)"
    ),
    r"Connection ?refused|Max retries exceeded|Failed to establish|NameResolution|Name or service not known"
    r"|[Tt]imed out|Temporary failure in name|EndpointConnectionError|could not translate host|NewConnectionError": (
        "a server{host} does not answer: start it, or correct its address (tracking.uri, or the remote in .dvc/config)"
    ),
    r"UnicodeDecodeError|codec can't decode": "{path} is no text in UTF-8: write it again as UTF-8",
}
_MEANINGS_OF_KINDS = {
    r"(^|\.)yaml\.|ScannerError|ParserError|ComposerError|ConstructorError|YAMLError|YAMLSyntaxError": (
        "a YAML file cannot be read ({message}): mend the line"
    ),
    r"JSONDecodeError": (
        "a JSON file cannot be read ({message}): it is damaged or cut short, so put it back or remove it"
    ),
    r"Mlflow|RestException": (
        "MLflow refuses ({message}): see tracking.uri, tracking.experiment and tracking.registered_model"
    ),
    r"sqlalchemy|sqlite3|OperationalError|DatabaseError": (
        "a database refuses ({message}): see registry/ and tracking.uri"
    ),
    r"KeyboardInterrupt|InterruptedError": "interrupted; the next run continues",
}


def explained(kind: str, message: str, file: str | None = None) -> str:
    """What went wrong and its fix, in one line without credentials.

    Args:
        kind: name of the exception's class, with or without its module.
        message: as the library words it.
        file: the file it is about, where that is known.
    """
    line = one_line(message)
    if kind.rpartition(".")[2] in OURS:
        return line
    places = {"path": file or _file_in(message), "message": line, "host": _host_in(message)}
    places["file"] = f" ({places['path']})" if places["path"] else ""
    places["path"] = places["path"] or "a file or folder"
    meaning = _meaning(kind, message)
    return redacted(meaning.format(**places)) if meaning else f"{kind.rpartition('.')[2]}: {line}" if line else kind


def explained_line(line: str) -> str:
    """The same for the line by which a child process ended; a line that names no exception stays as it is."""
    found = _KIND.match(line.strip())
    if found is None:
        return explained("error", line)
    kind, message = found.groups()
    plain = explained(kind, message)
    return plain if kind.rpartition(".")[2] not in OURS else f"{kind}: {plain}"


def one_line(message: str) -> str:
    """A message on one line, without credentials, no longer than a screen or two."""
    text = redacted(" ".join(message.split()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _meaning(kind: str, message: str) -> str | None:
    whole = f"{kind}: {message}"
    known = [meaning for pattern, meaning in _MEANINGS.items() if re.search(pattern, whole)]
    known += [meaning for pattern, meaning in _MEANINGS_OF_KINDS.items() if re.search(pattern, kind)]
    return known[0] if known else None


def _file_in(message: str) -> str:
    found = _FILE.search(message)
    return found[1] if found else ""


def _host_in(message: str) -> str:
    found = _ADDRESS.search(message)
    return f" ({':'.join(part for part in found.groups() if part)})" if found else ""
