"""How does an error of Rust reach the caller? As an ordinary exception of its own, with words."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

SOURCE = "https://pyo3.rs/main/function/error-handling"


async def raised(trial: Trial) -> BaseException:
    """Return what `fail` raised."""
    try:
        answer = await within(trial.adapter.fail())
    except AssertionError:
        raise
    except BaseException as error:  # noqa: BLE001 (the checks judge its class)
        return error
    message = f"the call that fails returned {answer!r}"
    raise AssertionError(message)


@check(
    "core/error-arrives",
    Level.MUST,
    "a call that fails raises",
    why="An error that is swallowed is a success that never happened.",
    source=SOURCE,
)
async def error_arrives(trial: Trial) -> None:
    await raised(trial)


@check(
    "core/error-class",
    Level.MUST,
    "the error is an Exception, neither a bare BaseException nor a cancellation or time-out",
    why="`except Exception` must catch it, and nobody may take it for a cancellation.",
    source="PyO3/pyo3#3918",
)
async def error_class(trial: Trial) -> None:
    error = await raised(trial)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    trial.note("class", name)
    assert isinstance(error, Exception), f"{name} is no Exception, so `except Exception` does not catch it"
    wrong = (asyncio.CancelledError, asyncio.TimeoutError, TimeoutError, StopIteration, StopAsyncIteration)
    assert not isinstance(error, wrong), f"{name} means something else to asyncio"


@check(
    "core/error-says-something",
    Level.SHOULD,
    "the error has a message",
    why="An empty error is found in logs, and tells nothing.",
    source=SOURCE,
)
async def error_says_something(trial: Trial) -> None:
    error = await raised(trial)
    assert str(error).strip(), f"{type(error).__name__} has no message"


@check(
    "core/errors-are-separate",
    Level.SHOULD,
    "each failed call raises an exception object of its own",
    why="One object for all grows a traceback with each caller, and shows each the stack of another.",
    source="aio-libs/aiokafka#246",
)
async def errors_are_separate(trial: Trial) -> None:
    first, second = await raised(trial), await raised(trial)
    assert first is not second, f"two calls raised the same {type(first).__name__} object"


@check(
    "core/errors-among-answers",
    Level.MUST,
    "among a thousand calls at once, exactly those that fail raise",
    why="An error that goes to another caller is two wrong answers.",
    source=SOURCE,
)
async def errors_among_answers(trial: Trial) -> None:
    adapter = trial.adapter
    fails = [trial.chance.random() < 0.3 for _ in range(trial.count(300, 1000, 20_000))]
    work = [adapter.fail() if failing else adapter.quick() for failing in fails]
    found = await within(asyncio.gather(*work, return_exceptions=True), trial.count(8, 15, 240))
    wrong = [number for number, failing in enumerate(fails) if isinstance(found[number], BaseException) is not failing]
    assert not wrong, (
        f"{len(wrong)} of {len(fails)} calls ended otherwise than they should, the first is {found[wrong[0]]!r}"
    )


@check(
    "core/error-cause",
    Level.INFO,
    "what caused the error, and whether it can be pickled",
    why="A cause helps whoever reads the log; a process pool has to pickle what is raised.",
    source="https://docs.python.org/3/library/exceptions.html#exception-context",
)
async def error_cause(trial: Trial) -> None:
    error = await raised(trial)
    chain: list[str] = []
    inner = error.__cause__ or error.__context__
    while inner is not None and len(chain) < 10:
        chain.append(type(inner).__name__)
        inner = inner.__cause__ or inner.__context__
    trial.note("causes", ", ".join(chain) or "none")
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 (it was made here)
        trial.note("pickled", "yes" if str(again) == str(error) else "with another message")
    except Exception as refused:  # noqa: BLE001 (the behaviour is free)
        trial.note("pickled", f"no: {type(refused).__name__}")
