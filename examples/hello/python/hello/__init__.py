"""The least that pyo3-matrix can test."""

from hello._hello import build_info, sleep

__all__ = ["build_info", "sleep"]
