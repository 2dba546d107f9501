"""What if the process may open no more files, or start no more threads, when the extension is first used?

A call fails then as calls do, and a later one works. What fails once must not stay broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import HANGS, WORKS, ordinary, outcome, tell, tell_and_end, told
from pytest_pyo3_bridge.trial import Inapplicable, close, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from pytest_pyo3_bridge.trial import Trial

# So many more descriptors than are open are always enough for a call.
MOST = 40
ANSWER = 5.0


@contextlib.contextmanager
def _limit(name: str, number: int) -> Iterator[None]:
    import resource  # noqa: PLC0415 (Windows has none)

    which = getattr(resource, name)
    most, hard = resource.getrlimit(which)
    resource.setrlimit(which, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(which, (most, hard))


class Asked:
    """Uses an adapter for the first time, and again after that failed.

    Args:
        make: makes it.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.adapter: Any = None

    def quick(self) -> Awaitable[object]:
        """Make the adapter, unless there is one, and ask it."""
        if self.adapter is None:
            self.adapter = self.make()
        asked: Awaitable[object] = self.adapter.quick()
        return asked

    async def after(self) -> None:
        """Say whether everything works now that nothing is short, and end."""
        tell(same=await outcome(self.quick), fresh=await outcome(self.make().quick))
        with contextlib.suppress(Exception):
            await within(close(self.adapter), 2.0)
        tell_and_end()


def lacks_descriptors(make: Callable[[], Any]) -> None:
    """Raise the limit by one at a time, so that each descriptor of the extension is once the first that is missing."""

    async def main() -> None:
        asked = Asked(make)
        free = _lowest_free_descriptor()
        during = []
        for spare in range(MOST):
            with _limit("RLIMIT_NOFILE", free + spare):
                during.append(await outcome(asked.quick, ANSWER))
            if during[-1] in {WORKS, HANGS}:
                break
        tell(during=during)
        await asked.after()

    asyncio.run(main())


def _lowest_free_descriptor() -> int:
    used = {int(path.name) for path in Path("/proc/self/fd").iterdir() if path.exists()}
    return min(number for number in range(len(used) + 1) if number not in used)


@check(
    "core/descriptor-shortage-at-first-use",
    Level.MUST,
    "a call without a free descriptor raises an ordinary exception, and once there are some, the process works",
    why="A runtime that could not be made once must not stay broken: the process would have to be started anew.",
    source="rerun-io/rerun#12638",
    limit=60.0,
)
async def descriptor_shortage_at_first_use(trial: Trial) -> None:
    _needs_linux()
    _judge(trial, told(await trial.programs.run(lacks_descriptors, seconds=40)), "without a free descriptor")


def lacks_threads(make: Callable[[], Any]) -> None:
    reason = _obey_limits()
    if reason:
        tell_and_end(inapplicable=reason)

    async def main() -> None:
        asked = Asked(make)
        with _limit("RLIMIT_NPROC", 0):
            if _can_start_a_thread():
                tell_and_end(inapplicable="the kernel does not hold this process to RLIMIT_NPROC")
            during = [await outcome(asked.quick, ANSWER)]
        tell(during=during)
        await asked.after()

    asyncio.run(main())


def _can_start_a_thread() -> bool:
    try:
        thread = threading.Thread(target=int)
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


def _obey_limits() -> str | None:
    """Have the kernel count this process as another user's, since it lets root start threads without limit.

    Only the real user changes, and two capabilities go: modules can still be imported from where root alone may read.

    Returns:
        Why that cannot be done, or None.
    """
    if os.getuid() != 0:
        return None
    nobody, version, dropped = 65534, 0x20080522, (1 << 21) | (1 << 24)  # CAP_SYS_ADMIN, CAP_SYS_RESOURCE
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("=Ii", version, 0))
    data = ctypes.create_string_buffer(24)
    try:
        os.setresuid(nobody, 0, 0)
    except OSError as error:
        return f"root is held to no limit of threads, and cannot become another user: {error}"
    if libc.capget(header, data) != 0:
        return "root is held to no limit of threads, and its capabilities cannot be read"
    words = list(struct.unpack("=6I", data.raw[:24]))
    words[0] &= ~dropped
    if libc.capset(header, ctypes.create_string_buffer(struct.pack("=6I", *words))) != 0:
        return "root is held to no limit of threads, and its capabilities cannot be dropped"
    return None


@check(
    "core/thread-shortage-at-first-use",
    Level.SHOULD,
    "a call that cannot start a thread raises an ordinary exception, and once it can, the process works",
    why="A container's limit is reached for a moment; a runtime that panics then stays broken.",
    source="https://doc.rust-lang.org/std/thread/fn.spawn.html#panics",
    limit=60.0,
)
async def thread_shortage_at_first_use(trial: Trial) -> None:
    _needs_linux()
    _judge(trial, told(await trial.programs.run(lacks_threads, seconds=40)), "that can start no thread")


def _judge(trial: Trial, facts: dict[str, Any], short: str) -> None:
    during = facts["during"]
    trial.note(f"a call {short}", during[0])
    for found in during:
        ordinary(found, f"a call {short}")
    for who in ("same", "fresh"):
        named = {"same": "the same adapter", "fresh": "a new adapter"}[who]
        assert facts[who] == WORKS, f"after a call {short}, {named} stays broken: {facts[who]}"


def _needs_linux() -> None:
    if not sys.platform.startswith("linux"):
        reason = "only Linux tells a process what is open, and counts its threads"
        raise Inapplicable(reason)
