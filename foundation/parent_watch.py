"""For a process that somebody else's code starts (a pool, torchrun, DVC): end when the process that started it does.

What Graspline starts itself needs none of this: foundation.child_process sees to it from outside.
"""

import os
import time
from multiprocessing import parent_process
from threading import Thread

DOES_NOT_DECIDE = "only ends processes"
LOOK_SECONDS = 0.5
ORPHANED = 1


def end_with_parent() -> None:
    """From now on this process ends, at once and without tidying up, when its parent has ended, however that went.

    Called first of all; in a pool's worker, which would wait for jobs for ever, as its initializer.
    """
    started_by = parent_process()  # a worker of a pool knows it, though it may have ended already
    parent = os.getppid() if started_by is None else started_by.pid

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(ORPHANED)

    Thread(target=watch, daemon=True).start()
