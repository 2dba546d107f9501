"""What must hold between asyncio and Rust, and does it hold for this extension? A pytest plugin."""

from __future__ import annotations

from pytest_pyo3_bridge.adapter import Core, Postgres

__version__ = "0.1.0"
__all__ = ["Core", "Postgres", "__version__"]
