"""What can a forked child do with the extension, and what does the fork do to its parent?"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import HANGS, WORKS, ordinary, outcome, shown, tell_and_end, told
from pytest_pyo3_bridge.trial import Inapplicable, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial

# A call in the child that takes longer hangs; the alarm ends what does not even let the loop turn.
ANSWER = 5.0
ALARM = 12


def _used(make: Callable[[], Any]) -> Any:
    """Use an adapter as a parent does before it forks."""
    kept: list[Any] = []

    async def use() -> None:
        kept.append(make())
        await within(asyncio.gather(*(_quick(kept[0]) for _ in range(10))))

    asyncio.run(use())
    return kept[0]


async def _quick(adapter: Any) -> None:
    await adapter.quick()


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 and later warn of a fork beside threads, which is what the check is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _child(work: Callable[[], str], *, leave: Callable[[int], object] = os._exit) -> str:
    """Fork, and return what the child found, or how it ended without a finding."""
    read, write = os.pipe()
    pid = _fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(ALARM)
        faulthandler.dump_traceback_later(ALARM - 1)
        try:
            found = work()
        except BaseException as error:  # noqa: BLE001 (the check judges it)
            found = shown(error)
        os.write(write, json.dumps(found).encode())
        leave(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == -signal.SIGALRM:
        return f"{json.loads(said)}, then its exit hangs" if said else HANGS
    if status or not said:
        return f"the child ended with status {status}"
    return str(json.loads(said))


def _ask(make: Callable[[], Any]) -> str:
    """Make a call on a loop of its own; end the loop only if nothing hangs."""
    loop = asyncio.new_event_loop()

    async def main() -> str:
        return await outcome(lambda: make().quick(), ANSWER)

    found = loop.run_until_complete(main())
    if found != HANGS:
        loop.close()
    return found


def forks(make: Callable[[], Any], whose: str) -> None:
    adapter = _used(make)
    children = [_child(lambda: _ask(make if whose == "new" else lambda: adapter)) for _ in range(2)]
    tell_and_end(children=children)


def _needs_fork() -> None:
    if not hasattr(os, "fork") or sys.platform == "darwin":
        reason = "there is no fork here that programs may rely on"
        raise Inapplicable(reason)


@check(
    "core/forked-child-is-told",
    Level.MUST,
    "in a forked child, what its parent has used works or raises an ordinary exception in time",
    why="The runtime's threads do not follow into the child, which then waits for them for ever.",
    source="sparckles/Robyn#94",
    limit=60.0,
)
async def forked_child_is_told(trial: Trial) -> None:
    _needs_fork()
    found = told(await trial.programs.run(forks, "parent", seconds=3.0 * ALARM))["children"]
    trial.note("in a forked child, the parent's adapter", found[0])
    for child in found:
        ordinary(child, "the parent's adapter in a forked child")
        assert "the child ended" not in child, f"a forked child that uses its parent's adapter crashes: {child}"


@check(
    "core/forked-child-works-anew",
    Level.SHOULD,
    "a forked child can make an adapter of its own, and it works",
    why="Otherwise workers that gunicorn or Celery fork from a used parent can never use the extension.",
    source="lancedb/lancedb#3339",
    limit=60.0,
)
async def forked_child_works_anew(trial: Trial) -> None:
    _needs_fork()
    found = told(await trial.programs.run(forks, "new", seconds=3.0 * ALARM))["children"]
    assert set(found) == {WORKS}, f"a new adapter in a forked child: {found[0]}"


def forks_and_goes_on(make: Callable[[], Any], count: int) -> None:
    """Fork beside work in flight, then let a child exit as a program does."""
    children = []

    async def main() -> str:
        # Made in this loop: an adapter may belong to the loop that it was first used in.
        adapter = make()
        await within(adapter.quick())
        work = [asyncio.ensure_future(adapter.slow(0.2)) for _ in range(3)]
        for _ in range(count):
            await asyncio.sleep(0.005)
            children.append(_child(lambda: WORKS))
            await within(adapter.quick())
        return await outcome(lambda: asyncio.gather(*work))

    parent = asyncio.run(main())
    # Not inside of the loop: from 3.14 on asyncio itself hangs in a child that exits there.
    children.append(_child(lambda: WORKS, leave=sys.exit))
    tell_and_end(children=children, parent=parent)


@check(
    "core/fork-leaves-both-alone",
    Level.MUST,
    "work in flight goes on in the parent of a fork, and a child that uses nothing ends like any other",
    why="A library that forks for its own ends, as subprocess with `preexec_fn` does, must break neither side.",
    source="apache/opendal#5330",
    limit=60.0,
)
async def fork_leaves_both_alone(trial: Trial) -> None:
    _needs_fork()
    facts = told(
        await trial.programs.run(forks_and_goes_on, trial.count(10, 50, 1000), seconds=trial.count(30, 60, 600))
    )
    assert facts["parent"] == WORKS, f"in the parent, after the forks: {facts['parent']}"
    wrong = [child for child in facts["children"] if child != WORKS]
    assert not wrong, f"{len(wrong)} of {len(facts['children'])} children that used nothing: {wrong[0]}"


def multiprocesses(make: Callable[[], Any]) -> None:
    _used(make)
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = context.Process(target=_exits, args=(make,))
        child.start()
    child.join(ALARM)
    status = child.exitcode
    if status is None:
        child.kill()
        child.join()
    tell_and_end(found={0: WORKS, 3: "an error", None: HANGS}.get(status, f"exit code {status}"))


def _exits(make: Callable[[], Any]) -> None:
    with contextlib.suppress(ValueError):
        signal.alarm(ALARM)
    os._exit(0 if _ask(make) == WORKS else 3)


@check(
    "core/multiprocessing-fork",
    Level.INFO,
    'what a worker of the start method "fork" of multiprocessing can do with a new adapter',
    why="It was Linux's default until Python 3.14.",
    source="https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods",
    limit=60.0,
)
async def multiprocessing_fork(trial: Trial) -> None:
    _needs_fork()
    trial.note("a new adapter in a forked worker", told(await trial.programs.run(multiprocesses))["found"])
