"""`graspline ui`: the Dagster and MLflow pages, on loopback, until Ctrl-C."""

import signal
import socket
import sys
import time

from rich.console import Console

from foundation.child_process import Server, end_server, start_server
from foundation.tracking_store import open_store
from orchestration.commands.dagster_instance import open_instance
from orchestration.configuration.load_config import load_sections

LOOPBACK = "127.0.0.1"


def serve(console: Console, dagster_port: int, mlflow_port: int) -> None:
    """Start both servers, say where they are, stop both when one ends or on Ctrl-C.

    Raises:
        ValueError: a port is taken.
    """
    for port in (dagster_port, mlflow_port):
        _assert_free(port)
    tracking = load_sections().tracking
    open_store(tracking.uri)  # its tables: two servers that make them at once would crash
    open_instance()  # likewise
    page = ["-m", "orchestration.commands.dagster_page", str(dagster_port)]
    daemon = ["-m", "dagster._daemon", "run", "-m", "orchestration.definitions", "--log-level", "warning"]
    commands = (page, daemon, _mlflow_server(tracking.uri, mlflow_port))
    servers = [start_server(arguments, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false") for arguments in commands]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _wait_for(dagster_port, servers)
        console.print(f"Dagster  http://{LOOPBACK}:{dagster_port}/asset-groups   (lineage, runs, schedule, sensor)")
        console.print(f"MLflow   http://{LOOPBACK}:{mlflow_port}   (losses, versions, aliases)")
        console.print("Ctrl-C stops all.")
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, signal.SIG_IGN)  # a second Ctrl-C would leave the servers running
        for server in servers:
            end_server(server)


def _mlflow_server(store: str, port: int) -> list[str]:
    """MLflow's own guard, told that nobody but this very page may ask."""
    hosts = [f"{name}:{port}" for name in (LOOPBACK, "localhost")]
    guard = ["--allowed-hosts", ",".join(hosts), "--cors-allowed-origins", ",".join(f"http://{host}" for host in hosts)]
    return [
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        store,
        "--host",
        LOOPBACK,
        "--port",
        str(port),
        "--workers",
        "1",
        *guard,
    ]


def _assert_free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((LOOPBACK, port)) == 0:
            raise ValueError(
                f"port {port} is taken: stop what listens there or give another port (graspline ui --help)"
            )


def _wait_for(port: int, servers: list[Server]) -> None:
    """Until the port answers; a server that dies on the way is an error."""
    for _ in range(240):
        if any(server.poll() is not None for server in servers):
            raise RuntimeError("a server ended before it answered: its message is above")
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.5)
    raise RuntimeError(f"nothing answered on port {port} within two minutes")
