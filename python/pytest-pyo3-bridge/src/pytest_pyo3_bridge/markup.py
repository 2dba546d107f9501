"""How does a text stay a text in a page? Texts in, HTML out, in which a tag is a tag only if it was made here."""

from __future__ import annotations

import base64
import hashlib
import html
import re

# Escape sequences of a terminal, whole; other characters that control; marks that turn the direction of what follows.
_UNREADABLE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_VOID = {"meta"}


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *inside: str, **attributes: str) -> Markup:
    """Make an element. What is inside is escaped unless it is `Markup`; an attribute is named like ``class_``."""
    shown = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    end = "" if name in _VOID else f"</{name}>"
    return Markup(f"<{name}{shown}>{joined(*inside)}{end}")


def joined(*parts: str) -> Markup:
    """Put parts behind each other; what is no `Markup` is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def text(value: str) -> Markup:
    """Escape a text that anyone may have written."""
    return Markup(html.escape(_UNREADABLE.sub("", value)))


def breakable(value: str) -> Markup:
    """Let a name be broken where its parts end: after a slash, a dot, a colon or an underscore, not in a version."""
    return Markup("<wbr>".join(text(part) for part in re.split(r"(?<=[/.:_])(?=\D)", value)))


def document(title: str, style: str, *body: str) -> str:
    """Make a page that loads nothing: its policy lets it use this style, and nothing else.

    It is ASCII, so a terminal or a file of any encoding can take it. The style has to be ASCII itself.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode("ascii")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    page = "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en")
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")
