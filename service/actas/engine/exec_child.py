"""Run as a script between the service and OPA: tie the child to its parent, then become OPA.

A `preexec_fn` would run Python in a forked copy of a process that has gRPC's threads, which can
deadlock. Arguments: the parent's process id, the niceness, the most memory in bytes, then the command. The binding and
the limit are Linux's; elsewhere a parent that is killed outright leaves its child behind, holding a port that nobody
has the token for.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process by the command in *arguments*; exit when the parent is already gone."""
    parent, niceness, memory, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        raise SystemExit("the service that started OPA is gone")
    os.nice(int(niceness))
    # A core dump would hold the key.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What can be written to: address space that Go only reserves does not count.
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
    # Python adds LC_CTYPE to the environment it was given.
    environment = {name: value for name, value in os.environ.items() if name.startswith("GO")}
    os.execve(command[0], command, environment)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
