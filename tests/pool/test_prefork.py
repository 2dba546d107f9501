"""Do the workers that gunicorn and Celery fork from a parent that has used the pool have pools of their own?

``POOL_TEST_PREFORK`` names the folder where the two are installed; ``cargo test`` installs them there.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from own_server import HOST, free_port
from pool_server import BRIDGE, DEADLINE, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Loaded in the parent, where it uses a pool, and then in use in each worker.
APPLICATION = """
import asyncio, json, os
from fraiseql import PrototypePool

settings = json.loads(os.environ["POOL_SETTINGS"])
loaded_by = os.getpid()

async def ask(pool):
    return await asyncio.gather(*(pool.fetchval("select $1::int", number) for number in range(10)))

async def use():
    async with PrototypePool(**settings) as pool:
        return await ask(pool)

parents = PrototypePool(**{**settings, "bridge": os.environ["PARENT_BRIDGE"]})
assert asyncio.run(ask(parents)) == list(range(10))

async def refused():
    try:
        await parents.health_check()
    except RuntimeError as error:
        return str(error)

def work():
    return {
        "is_forked": os.getpid() != loaded_by,
        "worker": os.getpid(),
        "answers": asyncio.run(use()),
        "refused": asyncio.run(refused()),
    }
"""
GUNICORN = """
def application(environ, start_response):
    body = json.dumps(work()).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
"""
CELERY = """
from celery import Celery
app = Celery("application", broker="filesystem://", backend="file://" + os.environ["QUEUE"] + "/results")
app.conf.broker_transport_options = {
    name: os.environ["QUEUE"] + "/messages" for name in ("data_folder_in", "data_folder_out", "control_folder")
}
app.conf.broker_connection_retry_on_startup = False

@app.task
def task():
    return work()
"""
# The workers cannot use the library's runtime where the parent has started it.
BRIDGES = [bridge for bridge in ("completion_queue", "loop_native") if BRIDGE in (None, bridge, "future_into_py")]


def environment(folder: Path, bridge: str) -> dict[str, str]:
    installed = os.environ["POOL_TEST_PREFORK"]
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")]), installed])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "POOL_SETTINGS": json.dumps({**SETTINGS, "bridge": bridge}),
        "PARENT_BRIDGE": BRIDGE or "loop_native",
        "QUEUE": str(folder / "queue"),
    }


@contextmanager
def running(command: list[str], variables: dict[str, str], folder: Path) -> Iterator[Path]:
    """Run a program until the end of the block. Give its log."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *command], env=variables, cwd=folder, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        finally:
            # The workers, where the parent did not end them.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, log.read_text()


def check(found: list[dict[str, object]], log: Path) -> None:
    assert found, log.read_text()
    for one in found:
        assert one["is_forked"], one
        assert one["answers"] == list(range(10)), one
        assert "belong to the parent" in str(one["refused"]), one


@pytest.mark.parametrize("bridge", BRIDGES)
def test_gunicorns_preloaded_workers_have_pools_of_their_own(bridge: str, tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(APPLICATION + GUNICORN)
    port = free_port()
    command = ["-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"{HOST}:{port}", "application:application"]
    with running(command, environment(tmp_path, bridge), tmp_path) as log:
        found: dict[object, dict[str, object]] = {}
        deadline = time.monotonic() + 3 * DEADLINE
        while len(found) < 2 and time.monotonic() < deadline:
            connection = http.client.HTTPConnection(HOST, port, timeout=DEADLINE)
            try:
                connection.request("GET", "/")
                answer = json.loads(connection.getresponse().read())
                found[answer["worker"]] = answer
            except ConnectionError:
                time.sleep(0.1)
            finally:
                connection.close()
        assert len(found) == 2, log.read_text()
        check(list(found.values()), log)


@pytest.mark.parametrize("bridge", BRIDGES)
def test_celerys_workers_have_pools_of_their_own(bridge: str, tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(APPLICATION + CELERY)
    for name in ("messages", "results"):
        (tmp_path / "queue" / name).mkdir(parents=True)
    variables = environment(tmp_path, bridge)
    command = ["-m", "celery", "-A", "application", "worker", "--pool", "prefork", "--concurrency", "2"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
    ask = "import json, application; asked = [application.task.delay() for _ in range(4)]; "
    ask += "print(json.dumps([task.get(timeout=25) for task in asked]))"
    with running(command + quiet, variables, tmp_path) as log:
        asked = subprocess.run(  # noqa: S603
            [sys.executable, "-c", ask], env=variables, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert asked.returncode == 0, asked.stderr + log.read_text()
        check(json.loads(asked.stdout), log)
