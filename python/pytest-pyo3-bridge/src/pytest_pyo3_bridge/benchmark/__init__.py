"""How long does an awaitable take, and how does that compare with another one? Callables in, samples and a ratio out.

`bridge_benchmark` is the fixture. Its results are written in the format of pytest-benchmark, whose `compare` and other
tools read them. pytest-benchmark itself times synchronous calls only (its issue 66).
"""

from __future__ import annotations

from pytest_pyo3_bridge.benchmark.comparison import Comparison, Samples
from pytest_pyo3_bridge.benchmark.fixture import BridgeBenchmark
from pytest_pyo3_bridge.benchmark.interval import Ratio
from pytest_pyo3_bridge.benchmark.kept_loop import KeptLoop

__all__ = ["BridgeBenchmark", "Comparison", "KeptLoop", "Ratio", "Samples"]
