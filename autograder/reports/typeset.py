"""Markdown with formulas as HTML with MathML, which browsers show as it is: no script, no font, nothing to fetch.

For the teacher's own text (questions, schemes, model answers); what students write is shown as they wrote it.
"""

from __future__ import annotations

import html
from typing import Any

import mistune
from latex2mathml.converter import convert

__all__ = ["typeset"]


class _Formulas(mistune.HTMLRenderer):
    """HTML whose formulas are MathML; one that is no TeX stays as it was written."""

    def inline_math(self, text: str) -> str:
        return _mathml(text, "inline")

    def block_math(self, text: str) -> str:
        return f"<p>{_mathml(text, 'block')}</p>"


def _mathml(tex: str, display: Any) -> str:
    try:
        return convert(tex.strip(), display=display)
    except Exception:  # its errors have no class in common
        return f"<code>{html.escape(tex)}</code>"


_MARKDOWN = mistune.create_markdown(renderer=_Formulas(escape=False), plugins=["math", "table"])


def typeset(text: str) -> str:
    r"""HTML of a text in Markdown.

    >>> print(typeset("Is $a < b$?"))  # doctest: +ELLIPSIS
    <p>Is <math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow></math>?</p>
    <BLANKLINE>
    >>> typeset("not TeX: $\\frac$")
    '<p>not TeX: <code>\\frac</code></p>\n'
    """
    return str(_MARKDOWN(text))
