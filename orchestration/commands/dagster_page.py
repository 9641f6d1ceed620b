"""The Dagster page behind its guard, until it is ended: `python -m orchestration.commands.dagster_page PORT`.

`dagster dev` has no setting for who may ask, so its web server is started here, around the same application, with
foundation.page_guard in front. What runs schedules and sensors (`dagster-daemon`) is a process of its own.
"""

import sys

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from foundation.page_guard import PageGuard

LOOPBACK = "127.0.0.1"
DEFINITIONS = "orchestration.definitions"


def serve_page(port: int) -> None:
    """Answer on loopback until SIGTERM."""
    target = ModuleTarget(module_name=DEFINITIONS, attribute=None, working_directory=".", location_name=None)
    hosts = [f"{name}:{port}" for name in (LOOPBACK, "localhost")]
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, workspace_load_target=target, version=__version__) as context,
    ):
        page = create_app_from_workspace_process_context(context)
        uvicorn.run(PageGuard(page, hosts), host=LOOPBACK, port=port, log_level="warning")


if __name__ == "__main__":
    serve_page(int(sys.argv[1]))
