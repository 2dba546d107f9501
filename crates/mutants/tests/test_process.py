"""What of signals, forks, exits, threads and the GIL, with and without the faults that break them?"""

from __future__ import annotations

import signal
import sys

import pytest
from test_faults import HAS_GIL, free_threaded

from conftest import Run, check

IDLE = """
async def main():
    interrupt_after(0.3)
    await Awaitables(fault).slow(4)
    print("never interrupted")
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""

UNDER_LOAD = """
import random
async def worker(awaitables):
    while True:
        await awaitables.quick()
async def main():
    awaitables = Awaitables(fault)
    interrupt_after(0.3 + random.random() / 5)
    await asyncio.gather(*[worker(awaitables) for _ in range(100)])
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_interrupt_while_idle(run: Run) -> None:
    check(run(IDLE), "interrupted")
    check(run(IDLE, "interrupt-swallowed-idle"), "never interrupted")


@pytest.mark.parametrize("_attempt", range(5))
def test_interrupt_under_load(_attempt: int, run: Run) -> None:
    ended = run(UNDER_LOAD, limit=10)
    assert (ended.code, ended.out) == (0, "interrupted"), ended
    # Until 3.10 asyncio tells of the task in which the signal happened to arrive.
    assert not ended.err or ended.err.startswith("Task exception was never retrieved"), ended


def test_interrupt_swallowed_under_load(run: Run) -> None:
    assert run(UNDER_LOAD, "interrupt-swallowed-under-load", limit=4).is_hung


FORK = """
def use(awaitables):
    async def main():
        return await asyncio.wait_for(awaitables.echo("answer"), 3)
    try:
        return asyncio.run(main())
    except Exception as error:
        return type(error).__name__
awaitables = Awaitables(fault)
print(use(awaitables), flush=True)
child = os.fork()
if child == 0:
    print(use(awaitables), use(Awaitables(fault)), flush=True)
    sys.exit(0)
_, status = os.waitpid(child, 0)
print(status, use(awaitables))
"""


@pytest.mark.parametrize(
    ("fault", "in_child"),
    [
        (None, "answer answer"),
        ("fork-hangs", "TimeoutError TimeoutError"),
        ("fork-never", "RuntimeError RuntimeError"),
    ],
)
def test_child_of_a_fork(fault: str | None, in_child: str, run: Run) -> None:
    ended = run(FORK, fault)
    assert (ended.code, ended.out) == (0, f"answer\n{in_child}\n0 answer"), ended
    # From 3.12 on Python warns of every fork of a process that has threads.
    assert not ended.err or "multi-threaded" in ended.err


EXIT = """
event_loop = asyncio.new_event_loop()
asyncio.set_event_loop(event_loop)
awaitables = Awaitables(fault)
async def main():
    return [awaitables.slow(20) for _ in range(20)] + [awaitables.quick() for _ in range(20)]
calls = event_loop.run_until_complete(main())
event_loop.close()
print(len(calls))
"""


@pytest.mark.parametrize("_attempt", range(10))
def test_exit_with_work_in_flight(_attempt: int, run: Run) -> None:
    check(run(EXIT), "40")


def test_crash_at_exit(run: Run) -> None:
    ended = run(EXIT, "crash-at-exit")
    assert not ended.is_hung
    assert ended.code == -signal.SIGABRT


def test_loops_that_close_with_work_pending(run: Run) -> None:
    program = """
    async def main(awaitables):
        calls = [awaitables.quick() for _ in range(20)] + [awaitables.slow(0.001) for _ in range(20)]
        await asyncio.sleep(0)
    awaitables = Awaitables(fault)
    for _ in range(200):
        asyncio.run(main(awaitables))
    time.sleep(0.1)
    print(awaitables.working())
    """
    check(run(program), "0")


def test_without_a_loop_is_a_clear_error(run: Run) -> None:
    program = """
    try:
        Awaitables(fault).quick()
    except RuntimeError as error:
        print(error)
    """
    check(run(program), "no running event loop")


def test_close_ends_the_work(run: Run) -> None:
    program = """
    async def main():
        awaitables = Awaitables(fault)
        call = awaitables.slow(20)
        awaitables.close()
        for attempt in (lambda: call, awaitables.quick):
            try:
                await attempt()
            except RuntimeError as error:
                print(error)
    asyncio.run(main())
    """
    check(run(program), "closed\nclosed")


def test_function_that_raises(run: Run) -> None:
    program = """
    def stop():
        raise StopIteration
    async def main():
        for function in (lambda: 1 / 0, stop):
            try:
                await Awaitables(fault).call(function)
            except Exception as error:
                print(type(error).__name__)
    asyncio.run(main())
    """
    check(run(program), "ZeroDivisionError\nRuntimeError")


def test_finaliser_that_calls_back_in(run: Run) -> None:
    program = """
    class Last:
        def __init__(self, awaitables):
            self.awaitables = awaitables
        def __del__(self):
            print(self.awaitables.working())
    async def main():
        awaitables = Awaitables(fault)
        call = awaitables.echo(Last(awaitables))
        call.cancel()
        del call
        await asyncio.sleep(0.3)
    asyncio.run(main())
    """
    check(run(program), "0")


RACE = """
awaitables = Awaitables(fault)
barrier = threading.Barrier(4)
wrong = []
def caller(name):
    async def main():
        for i in range(300):
            answer = await awaitables.echo((name, i))
            if answer != (name, i):
                wrong.append(answer)
    barrier.wait()
    asyncio.run(main())
threads = [threading.Thread(target=caller, args=(name,)) for name in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("mixed" if wrong else "own")
"""


def test_threads_get_their_own_answers(run: Run) -> None:
    check(run(RACE), "own")


def test_data_race(run: Run) -> None:
    check(run(RACE, "data-race"), "own" if HAS_GIL else "mixed")


@free_threaded
def test_gil_stays_off_unless_it_is_switched_on(run: Run) -> None:
    check(run("print(sys._is_gil_enabled())"), "False")
    ended = run("print(sys._is_gil_enabled())", BRIDGE_MUTANTS_GIL="on")
    assert ended.out == "True"
    assert "RuntimeWarning" in ended.err


@pytest.mark.skipif(not HAS_GIL or sys.version_info < (3, 12), reason="needs isolated subinterpreters")
def test_subinterpreter_is_a_clear_error(run: Run) -> None:
    program = """
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    code = "try:\\n import bridge_mutants\\nexcept ImportError:\\n print('ImportError', flush=True)"
    interpreters.run_string(interpreters.create(), code)
    """
    ended = run(program)
    assert (ended.code, ended.out) == (0, "ImportError"), ended
