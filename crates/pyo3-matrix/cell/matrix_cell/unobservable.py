"""Why can this cell not say what it runs on? The one error for it, whose message reaches the record."""

from __future__ import annotations


class UnobservableError(Exception):
    """A part of the cell gives no answer: the module, its shared object, or the server."""
