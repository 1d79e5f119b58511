"""HTML in which what a student wrote is text: nothing of it acts, covers the page, or is fetched from elsewhere.

A page shows a student's text beside a marker's controls, which Formgrader finds by class and by id.
So no class, id, style, role or form of a student's stays; an address is shown and leads nowhere; a
picture is one that came with the notebook, or its words. MathJax typesets mathematics after that, so
the commands that make classes, ids, styles and links are broken up too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from pygments.token import STANDARD_TYPES

__all__ = ["IMAGE_DATA", "clean", "clean_report", "inert_mathematics"]

TAGS = set(
    """abbr b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i kbd li mark ol p pre q s
small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var""".split()
)
PLAIN = {"*": {"align", "colspan", "rowspan"}, "ol": {"start"}}
COLOURS = {name for name in STANDARD_TYPES.values() if name} | {"highlight"}  # of pygments
IMAGE_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|\w+);?")
# What MathJax 2 to 4 turn into classes, ids, styles, links and other elements.
ACTS = re.compile(
    r"\\(?=(?:class|cssId|data|href|style|bbox|mmlToken|require|texthtml|begin\s*\{tex-html\})(?![A-Za-z]))"
)
REPORT_STYLES = CSSSanitizer(allowed_css_properties=[
    "background-color", "border", "border-collapse", "border-left", "color", "font-size", "font-style", "font-weight",
    "margin", "padding", "text-align", "vertical-align", "white-space", "width",
])  # fmt: skip
REPORT = {"*": ["colspan", "role", "rowspan", "style"], "details": ["open"]}


def clean(text: str) -> str:
    """A student's text, once rendered, as HTML without anything that acts, or that our own pages act upon.

    >>> clean('<b onclick="x()" class="full-credit" id="03_gap">yes</b><img src="https://x.org/p.png" alt="a plot">')
    '<b>yes</b>[picture: a plot, https://x.org/p.png]'
    >>> clean('<a href="https://x.org/">here</a> and <a href="#03_gap">there</a>')
    'here (https://x.org/) and there'
    """
    return inert_mathematics(_student().clean(text))


def clean_report(text: str) -> str:
    """The report of a check: its colours and tables are ours, what it quotes is escaped there; it leads nowhere either."""
    return inert_mathematics(_report().clean(text))


def inert_mathematics(text: str) -> str:
    r"""HTML whose mathematics makes no class, id, style or link, however the command is spelled.

    >>> inert_mathematics(r"$\class{full-credit}{x}$, $\&#99;lass{a}{x}$, $\classic$")
    '$\\ class{full-credit}{x}$, $\\ class{a}{x}$, $\\classic$'
    """
    return ACTS.sub(r"\\ ", ENTITY.sub(_spelled_out, text))


def _spelled_out(entity: re.Match[str]) -> str:
    """The character that an entity stands for, unless it is one that HTML needs escaped."""
    found = html.unescape(entity[0])
    return entity[0] if found in ("&", "<", ">", '"', "'", "\N{NO-BREAK SPACE}") else found


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Which attributes of a student's survive: layout of tables, numbers of lists, and the colours of code."""
    if name == "class":
        return tag in ("div", "span") and set(value.split()) <= COLOURS
    if tag == "a":
        return name == "href"  # for _Words
    if tag == "img":
        return name in ("alt", "src")  # for _Words too
    return name in PLAIN["*"] or name in PLAIN.get(tag, ())


class _Words(Filter):
    """Links become their words with the address behind them; a picture from elsewhere becomes its words."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        open_links: list[str] = []
        for token in super().__iter__():
            kind, name = token["type"], token.get("name")
            if name == "a" and kind in ("StartTag", "EmptyTag"):
                address = token["data"].get((None, "href"), "").strip()
                open_links.append(f" ({address})" if ADDRESS.match(address) else "")
            elif name == "a" and kind == "EndTag":
                if open_links and (told := open_links.pop()):
                    yield {"type": "Characters", "data": told}
            elif name == "img" and not IMAGE_DATA.fullmatch(token["data"].get((None, "src"), "")):
                words = [token["data"].get((None, key), "").strip() for key in ("alt", "src")]
                told = ", ".join(word for word in words if word and not word.startswith("data:"))
                yield {"type": "Characters", "data": f"[picture: {told}]" if told else "[picture]"}
            else:
                yield token


@cache
def _student() -> Cleaner:
    return Cleaner(
        tags=TAGS | {"a", "img"},
        attributes=_may_stay,
        protocols=["http", "https", "mailto", "data"],
        filters=[_Words],
    )


@cache
def _report() -> Cleaner:
    return Cleaner(tags=TAGS, attributes=REPORT, css_sanitizer=REPORT_STYLES, strip=True)
