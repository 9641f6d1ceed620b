"""The door to Dagster's storage: several processes may open a fresh project at once.

Dagster makes its tables without a lock, and all but one process then crash; so one of them does it while the others
wait.
"""

import dagster as dg

from foundation.home import DAGSTER_HOME
from foundation.named_lock import held


def open_instance() -> dg.DagsterInstance:
    """The project's instance; what is not there of its storage yet is made."""
    with held(DAGSTER_HOME / ".opening.lock", "another run that opens Dagster's storage", lambda _line: None):
        instance = dg.DagsterInstance.get()
        instance.get_runs(limit=1)  # these, not the constructor, make some of the tables
        instance.get_dynamic_partitions("batches")
        if instance.schedule_storage is not None:  # a test's, in memory, has none
            instance.all_instigator_state()
    return instance
