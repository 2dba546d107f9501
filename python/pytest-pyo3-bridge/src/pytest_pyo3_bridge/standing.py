"""Where does everything stand in this process? Threads and tasks with their stacks, and whether the loop turns."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import traceback
from typing import Any

# A loop that is not blocked turns at once; a busy machine may need a moment.
TURN = 1.0

_watched: list[asyncio.AbstractEventLoop] = []


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Tell of this loop, too."""
    _watched.append(loop)


def told() -> dict[str, Any]:
    """Return ``turns`` (does the loop turn?), ``threads`` and ``tasks`` as text. The loop's own thread cannot ask."""
    loop = _watched[-1] if _watched else None
    return {"turns": loop is None or _turns(loop), "threads": _threads(), "tasks": _tasks(loop)}


def _turns(loop: asyncio.AbstractEventLoop) -> bool:
    turned = threading.Event()
    try:
        loop.call_soon_threadsafe(turned.set)
    except RuntimeError:
        return False
    return turned.wait(TURN)


def _threads() -> str:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    shown = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 (documented for debuggers)
        stack = "".join(traceback.format_stack(frame)).rstrip()
        shown.append(f"thread {names.get(ident, ident)}:\n{stack}")
    return "\n\n".join(shown)


def _tasks(loop: asyncio.AbstractEventLoop | None) -> str:
    """Print each task with its stack, below the task that waits for it."""
    if loop is None:
        return ""
    tasks = [task for task in asyncio.all_tasks(loop) if not task.done()]
    below = {id(task): _children(_waits_for(task)) for task in tasks}
    awaited = {id(child) for found in below.values() for child in found}
    shown: set[int] = set()
    lines: list[str] = []
    # Tasks that wait for each other in a circle have no root.
    for task in [task for task in tasks if id(task) not in awaited] + tasks:
        _print(task, below, shown, 0, lines)
    return "\n".join(lines)


def _waits_for(task: Any) -> Any:
    return getattr(task, "_fut_waiter", None)


def _children(waited: Any) -> list[Any]:
    """Return the tasks that this future gathers, or itself."""
    if waited is None:
        return []
    gathered = getattr(waited, "_children", None)
    return [child for child in (gathered or [waited]) if isinstance(child, asyncio.Task)]


def _print(task: Any, below: dict[int, list[Any]], shown: set[int], depth: int, lines: list[str]) -> None:
    if id(task) in shown:
        return
    shown.add(id(task))
    margin = "  " * depth
    text = io.StringIO()
    task.print_stack(file=text)
    lines.append(f"{margin}task {task.get_name()}, waits for {_waits_for(task)!r}")
    lines.extend(f"{margin}  {line}" for line in text.getvalue().splitlines())
    for child in below.get(id(task), ()):
        _print(child, below, shown, depth + 1, lines)
