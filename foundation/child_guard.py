"""Stands between a process and its child, so that the child and all that it starts end when the process does.

    python -I -S foundation/child_guard.py PARENT_ID COMMAND ...

`foundation.child_process` starts every child through it. The kernel's own signal on a parent's death is not enough: it
comes when the *thread* that started the child ends, and Dagster starts children from threads that end early; and it
reaches no grandchild (torchrun's ranks, DVC's stages, a server's workers). So this process is told who its parent is
and looks twice a second whether it still is. It adopts every grandchild whose own parent ended, and when the parent or
the command is gone, however it went, it kills all that is left below it. It starts in 30 ms and does nothing else.

SIGTERM goes on to the command; SIGUSR1 ends all at once. It ends as the command ended, with the same code or signal.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

DOES_NOT_DECIDE = "only ends processes"
END_ALL = signal.SIGUSR1
LOOK_SECONDS = 0.5
ENDED_BY_US = 128 + signal.SIGKILL
CANNOT_START = 127  # as a shell says it
_AWAITED = {signal.SIGCHLD, signal.SIGTERM, END_ALL}
_OF_THE_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}  # they reach the command by themselves
_DEATH_SIGNAL, _DUMPABLE, _ADOPT_ORPHANS = 1, 4, 36  # of prctl(2)


def main(parent: int, command: list[str]) -> int:
    """Run the command until it or the parent ends; returns the exit code, negative for a signal."""
    _set(_ADOPT_ORPHANS, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whoever ignores it is never told of a child's end
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED | _OF_THE_TERMINAL)
    code = _until_the_end(parent, _start(command, mask))
    _end_all_below()
    return code


def _start(command: list[str], mask: set[signal.Signals | int]) -> int:
    guard, child = os.getpid(), os.fork()
    if child:
        return child
    _set(_DEATH_SIGNAL, signal.SIGKILL)  # this process has one thread, so here the kernel's signal is right
    if os.getppid() != guard:
        os._exit(ENDED_BY_US)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"error: {command[0]} cannot be started: {error.strerror}", flush=True)
        os._exit(CANNOT_START)


def _until_the_end(parent: int, child: int) -> int:
    while True:
        arrived = signal.sigtimedwait(_AWAITED, LOOK_SECONDS)
        code = _ended(child)
        if code is not None:
            return code
        if os.getppid() != parent or (arrived and arrived.si_signo == END_ALL):
            return ENDED_BY_US
        if arrived and arrived.si_signo == signal.SIGTERM:
            os.kill(child, signal.SIGTERM)


def _ended(child: int) -> int | None:
    """Clear away every process that ended and is ours; the child's exit code, where it is among them."""
    code = None
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
    return code


def _end_all_below() -> None:
    """Kill until nothing is left: what was started meanwhile, or orphaned by the last round, is found in the next."""
    foreign: set[int] = set()
    while living := _all_below(os.getpid()) - foreign:
        for process in living:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:  # it runs as another user
                foreign.add(process)
        time.sleep(0.01)
        _ended(0)


def _all_below(root: int) -> set[int]:
    """Every living process that descends from `root`."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with suppress(OSError):  # it ended meanwhile
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(parent), []).append(int(entry))
    below: set[int] = set()
    waiting = [root]
    while waiting:
        found = children.get(waiting.pop(), [])
        below.update(found)
        waiting += found
    return below


def _set(option: int, value: int) -> None:
    if ctypes.CDLL(None).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(f"prctl({option}, {value}) is refused here: children could outlive their parent")


def _end_as(code: int) -> None:
    """End with the code, or by the signal that it stands for."""
    if code < 0:
        _set(_DUMPABLE, 0)  # the command has left its core dump, if any
        with suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    _end_as(main(int(sys.argv[1]), sys.argv[2:]))
