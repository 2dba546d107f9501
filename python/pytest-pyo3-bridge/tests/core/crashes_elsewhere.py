"""What if an import crashes every interpreter but the first one?"""

from __future__ import annotations

import importlib
import os
import sys

import adapters

_interpreters = importlib.import_module("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
# From 3.13 on, what says the interpreter says where it comes from as well.
_current, _main = (
    found[0] if isinstance(found, tuple) else found for found in (_interpreters.get_current(), _interpreters.get_main())
)
if int(_current) != int(_main):
    os.abort()

Adapter = adapters.Clean
