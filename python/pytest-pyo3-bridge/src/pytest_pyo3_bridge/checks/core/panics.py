"""What becomes of the caller when the work panics in Rust? It gets an exception, and the next call is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.trial import Late, within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial


async def panicked(trial: Trial) -> BaseException:
    """Return what `panic` raised."""
    try:
        answer = await within(trial.adapter.panic(), 5.0)
    except Late as late:
        message = f"a panic never reaches its caller: {late}"
        raise Late(message) from None
    except BaseException as error:  # noqa: BLE001 (the checks judge its class)
        return error
    message = f"the call that panics returned {answer!r}"
    raise AssertionError(message)


@check(
    "core/panic-arrives",
    Level.MUST,
    "a panic ends the await, and the extension answers afterwards",
    why="A panic that nobody tells leaves a task waiting for ever.",
    source="napi-rs/napi-rs#2047",
    needs=("panic",),
)
async def panic_arrives(trial: Trial) -> None:
    for _ in range(3):
        error = await panicked(trial)
        trial.note("class", f"{type(error).__module__}.{type(error).__qualname__}")
        await within(trial.adapter.quick())


@check(
    "core/panic-is-an-exception",
    Level.SHOULD,
    "a panic arrives as an Exception",
    why="PyO3's PanicException is a bare BaseException: it passes every `except Exception` and ends the program.",
    source="PyO3/pyo3#2880",
    needs=("panic",),
)
async def panic_is_an_exception(trial: Trial) -> None:
    error = await panicked(trial)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    assert isinstance(error, Exception), f"{name} is no Exception, so `except Exception` does not catch it"
