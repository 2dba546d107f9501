"""What does a cell test where no extension was built? A copy of psutil's shared object, installed like a wheel."""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

import psutil

INITIAL = """
from fake import {native} as native

def build_info():
    return {build_info}

native.build_info = build_info
"""
BUILD_INFO = '{"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", "rustc": "1.86.0"}'
# What rustc leaves in a binary. What follows the end of a shared object changes nothing in it.
LEFT_BY_RUSTC = (
    b"\0rustc version 1.86.0 (05f9846f8 2025-03-31)\0/r/pyo3-0.30.1/src/a.rs\0/r/pyo3-async-runtimes-0.30.0/src/b.rs\0"
)
# What installers add; each but RECORD and the compiled file has a hash in RECORD.
ADDED = ("INSTALLER", "REQUESTED", "direct_url.json", "provenance_url.json", "uv_build.json", "uv_cache.json")


class FakeWheel:
    """The distribution `fake`, whose module `fake._psutil_linux` (of another name on other systems) is under test."""

    def __init__(self, site: Path, build_info: str = BUILD_INFO) -> None:
        assert psutil, "imports its shared object"
        psutils = next(module for name, module in sys.modules.items() if name.startswith("psutil._psutil_"))
        shared_object = Path(str(psutils.__file__))
        self.site = site
        self.native = psutils.__name__.rpartition(".")[2]
        self.module = f"fake.{self.native}"
        self.object = site / "fake" / shared_object.name
        initial = INITIAL.format(native=self.native, build_info=build_info)
        self.members: dict[str, str] = {}
        self._add("fake/__init__.py", initial.encode())
        self._add(f"fake/{self.object.name}", shared_object.read_bytes() + LEFT_BY_RUSTC)
        self._add("fake/py.typed", b"")
        self._add("fake-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n")
        self._record()

    def _add(self, path: str, content: bytes) -> None:
        self._write(path, content)
        self.members[path] = hashlib.sha256(content).hexdigest()

    def _write(self, path: str, content: bytes) -> None:
        place = self.site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def _record(self) -> None:
        added = ["../bin/fake", *(f"fake-1.0.dist-info/{name}" for name in ADDED)]
        for path in added:
            self._write(path, b"by the installer")
        without_hash = ["fake/__pycache__/__init__.cpython-312.pyc", "fake-1.0.dist-info/RECORD"]
        # Readers go by the file on disk, so no hash of this list is ever right.
        rows = [(path, "sha256=as-it-was", "1") for path in (*self.members, *added, "fake/compiled.pyc")]
        rows += [(path, "", "1") for path in without_hash]
        with (self.site / "fake-1.0.dist-info/RECORD").open("w", newline="") as record:
            csv.writer(record).writerows(rows)
