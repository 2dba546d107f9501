"""Does each fault of the awaitables do what its sentence says, and does the same program hold without it?"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import bridge_mutants
import pytest

from conftest import Run, check

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
free_threaded = pytest.mark.skipif(HAS_GIL, reason="needs a free-threaded Python")

HUNG = "the program hangs"


def table() -> list[dict[str, str]]:
    """`faults.toml`, whose lines are `key = "value"`. Python 3.9 has no parser for the rest of the format."""
    faults: list[dict[str, str]] = []
    for line in (Path(__file__).parents[1] / "faults.toml").read_text().splitlines():
        if line == "[[fault]]":
            faults.append({})
        elif found := re.fullmatch(r'(\w+) = (?:"([^"]*)"|\{.*\})', line):
            faults[-1][found[1]] = found[2]
        else:
            assert not line or line.startswith("#"), line
    return faults


def test_table_is_that_of_the_module() -> None:
    assert {fault["id"]: fault["what"] for fault in table()} == bridge_mutants.faults()
    for fault in table():
        assert set(fault) - {"env"} == {"id", "what", "layer", "build", "caught_by"}
        assert fault["layer"] in {"core", "postgres"}
        assert fault["build"] in {"any", "gil", "free-threaded", "debug"}
        assert fault["caught_by"].startswith(fault["layer"] + "/")


def test_unknown_fault_is_refused_with_the_list() -> None:
    for make in (bridge_mutants.Awaitables, lambda fault: bridge_mutants.Pool("host=localhost", 1, fault)):
        with pytest.raises(ValueError, match=r'unknown fault "nonsense".*gil-held.*data-race'):
            make("nonsense")


# (fault, program, what it prints without the fault, what it prints with it)
PROGRAMS = {
    "gil-held": (
        """
        ticks = []
        threading.Thread(target=lambda: [ticks.append(time.sleep(0.01)) for _ in range(100)], daemon=True).start()
        async def main():
            time.sleep(0.02)
            before = len(ticks)
            await Awaitables(fault).slow(0.5)
            print("others ran" if len(ticks) - before > 10 else "others starved")
        asyncio.run(main())
        """,
        "others ran",
        "others starved",
    ),
    "gil-deadlock": (
        """
        async def main():
            await Awaitables(fault).slow(0.1)
        asyncio.run(main())
        """,
        "",
        HUNG,
    ),
    "loop-blocked": (
        """
        async def main():
            slow = time.monotonic()
            awaitable = Awaitables(fault).slow(0.5)
            print("blocked" if time.monotonic() - slow > 0.4 else "free")
            await awaitable
        asyncio.run(main())
        """,
        "free",
        "blocked",
    ),
    "gil-hog": (
        """
        async def main():
            start = time.monotonic()
            await asyncio.gather(*[Awaitables(fault).quick() for _ in range(20)])
            print("slow" if time.monotonic() - start > 0.9 else "fast")
        asyncio.run(main())
        """,
        "fast",
        "slow",
    ),
    "seconds-as-milliseconds": (
        """
        async def main():
            start = time.monotonic()
            await Awaitables(fault).slow(0.5)
            print("late" if time.monotonic() - start > 0.4 else "early")
        asyncio.run(main())
        """,
        "late",
        "early",
    ),
    "gil-taken-often": (
        """
        def compute():
            while True:
                sum(range(2000))
        for _ in range(2):
            threading.Thread(target=compute, daemon=True).start()
        async def main():
            awaitables = Awaitables(fault)
            await awaitables.quick()
            start = time.monotonic()
            for _ in range(4):
                await awaitables.quick()
            print("slow" if time.monotonic() - start > 1 else "fast")
        asyncio.run(main())
        """,
        "fast",
        "slow",
    ),
    "cancel-ignored": (
        """
        async def main():
            awaitables = Awaitables(fault)
            task = asyncio.ensure_future(awaitables.slow(20))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task])
            await asyncio.sleep(0.2)
            print(awaitables.working())
        asyncio.run(main())
        """,
        "0",
        "1",
    ),
    "answers-crossed": (
        """
        async def main():
            awaitables = Awaitables(fault)
            answers = await asyncio.gather(*[awaitables.echo(i) for i in range(6_500)])
            print(sum(answer != i for i, answer in enumerate(answers)))
        asyncio.run(main())
        """,
        "0",
        "3",
    ),
    "error-swallowed": (
        """
        async def main():
            try:
                print(await Awaitables(fault).fail())
            except MutantError as error:
                print(repr(error.__cause__))
        asyncio.run(main())
        """,
        "ValueError('the cause of the failure')",
        "None",
    ),
    "bare-base-exception": (
        """
        async def main():
            try:
                await Awaitables(fault).fail()
            except BaseException as error:
                print(isinstance(error, Exception))
        asyncio.run(main())
        """,
        "True",
        "False",
    ),
    "panic-never-resolves": (
        """
        async def main():
            try:
                await asyncio.wait_for(Awaitables(fault).panic(), 1)
            except Exception as error:
                print(type(error).__name__)
        asyncio.run(main())
        """,
        "RuntimeError",
        "TimeoutError",
    ),
    "wake-up-lost": (
        """
        async def main():
            awaitables = Awaitables(fault)
            calls = [asyncio.ensure_future(awaitables.quick()) for _ in range(10_500)]
            done, pending = await asyncio.wait(calls, timeout=5)
            print(len(pending))
        asyncio.run(main())
        """,
        "0",
        "2",
    ),
    "thread-per-call": (
        """
        async def main():
            awaitables = Awaitables(fault)
            await awaitables.quick()
            before = len(os.listdir("/proc/self/task"))
            for _ in range(50):
                await awaitables.quick()
            print(len(os.listdir("/proc/self/task")) - before)
        asyncio.run(main())
        """,
        "0",
        "50",
    ),
    "reference-leaked": (
        """
        async def main():
            awaitables = Awaitables(fault)
            def count():
                gc.collect()
                return sum(isinstance(found, asyncio.Future) for found in gc.get_objects())
            await asyncio.sleep(0.1)
            before = count()
            for _ in range(10):
                await awaitables.quick()
            await asyncio.sleep(0.3)
            print("released" if count() - before < 5 else "leaked")
        asyncio.run(main())
        """,
        "released",
        "leaked",
    ),
    "living-reference-leaked": (
        """
        async def main():
            awaitables = Awaitables(fault)
            await awaitables.quick()
            # The module gives this function to the loop. A debug build of Python counts all references instead.
            kind = type(len)
            [resolve] = [it for it in gc.get_objects() if type(it) is kind and it.__name__ == "resolve"]
            before = sys.getrefcount(resolve)
            for _ in range(100):
                await awaitables.quick()
            await asyncio.sleep(0.1)
            print("leaked" if sys.getrefcount(resolve) - before > 50 else "released")
        asyncio.run(main())
        """,
        "released",
        "leaked",
    ),
    "context-lost": (
        """
        variable = contextvars.ContextVar("variable", default="lost")
        async def main():
            variable.set("kept")
            await Awaitables(fault).quick()
            print(variable.get())
        asyncio.run(main())
        """,
        "kept",
        "lost",
    ),
    "wrong-loop": (
        """
        awaitables = Awaitables(fault)
        async def main():
            await awaitables.quick()
        asyncio.run(main())
        try:
            asyncio.run(main())
            print("two loops")
        except RuntimeError as error:
            print("attached to a different loop" if "different loop" in str(error) else "Event loop is closed")
        """,
        "two loops",
        "attached to a different loop",
    ),
    "lock-held": (
        """
        async def main():
            awaitables = Awaitables(fault)
            print(await awaitables.call(awaitables.working))
        asyncio.run(main())
        """,
        "1",
        HUNG,
    ),
    "shortage-remembered": (
        """
        import resource
        async def main():
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            used = max(map(int, os.listdir("/proc/self/fd")))
            resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
            try:
                await Awaitables(fault).quick()
            except Exception as error:
                print(type(error).__name__)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            try:
                print(await Awaitables(fault).quick())
            except Exception as error:
                print(type(error).__name__)
        asyncio.run(main())
        """,
        "OSError\nNone",
        "OSError\nRuntimeError",
    ),
}


@pytest.mark.parametrize("fault", PROGRAMS)
def test_program_holds_without_the_fault(fault: str, run: Run) -> None:
    program, clean, _ = PROGRAMS[fault]
    check(run(program), clean)


@pytest.mark.parametrize("fault", PROGRAMS)
def test_fault_shows(fault: str, run: Run) -> None:
    if fault in {"gil-held", "gil-deadlock", "gil-taken-often"} and not HAS_GIL:
        pytest.skip("a free-threaded Python has no GIL to hold")
    program, _, broken = PROGRAMS[fault]
    if broken == HUNG:
        assert run(program, fault, limit=3).is_hung
    else:
        check(run(program, fault), broken)
