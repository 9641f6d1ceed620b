"""Serve a study's page on loopback, behind the guard that answers its own window only, until Ctrl-C."""

import socket
from pathlib import Path

import uvicorn

from evaluation.study.app import study_app
from foundation.page_guard import PageGuard

LOOPBACK = "127.0.0.1"


def bound_socket(port: int) -> socket.socket:
    """A socket on loopback; port 0: any that is free.

    Raises:
        ValueError: the port is taken.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise ValueError(f"port {port} cannot be used ({error.strerror}): give another with --port") from error
    return listener


def study_server(folder: Path, port: int) -> uvicorn.Server:
    """The server of a study's folder; `run(sockets=[...])` answers until it is ended.

    Raises:
        ValueError: the folder holds no study, or its answers are another's.
    """
    hosts = [f"{name}:{port}" for name in (LOOPBACK, "localhost")]
    return uvicorn.Server(uvicorn.Config(PageGuard(study_app(folder), hosts), log_level="warning", lifespan="off"))
