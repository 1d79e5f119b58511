"""Markdown of a lecture as HTML for a slide: formulas for MathJax, code in colours, links as plain words, nothing from outside."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.slides.lecture import reader

__all__ = ["as_code", "as_formula", "as_html", "as_line"]

FOLLOWED = re.compile(
    r"(\\\((?:(?!\\\)).)*\\\))([.,;:?!)]+)"
)  # a formula, and what no line may begin with
TAGS = re.compile(r"</?(details|summary|div|span|p|br|table|tr|td|img|a)\b[^>]*>")


@cache
def _markdown() -> MarkdownIt:
    markdown = reader()
    for name in ("link_open", "link_close", "image", "html_inline", "html_block"):
        markdown.add_render_rule(name, _nothing)
    for name in ("math_inline", "math_inline_double", "math_block", "math_block_label"):
        markdown.add_render_rule(name, _formula_rule(name != "math_inline"))
    return markdown


def as_html(text: str) -> str:
    r"""Paragraphs, lists and tables.

    >>> as_html("A *small* $x < 1$, in [unit 03](03_elbo.ipynb).")
    '<p>A <em>small</em> <span class="kept">\\(x &lt; 1\\),</span> in unit 03.</p>'
    """
    return _kept(str(_markdown().render(TAGS.sub("", text))).strip())


def as_line(text: str) -> str:
    r"""One line: a heading, or a choice.

    >>> as_line("When $q$ is not free")
    'When \\(q\\) is not free'
    """
    return _kept(str(_markdown().renderInline(text)).strip())


def as_formula(tex: str) -> str:
    """A formula of its own line."""
    return f'<div class="formula">\\[{html.escape(tex)}\\]</div>'


def as_code(program: str) -> str:
    """A Python program in colours that stand in the page."""
    shown = HtmlFormatter(noclasses=True, nowrap=True, style="default")
    return (
        f'<pre class="code"><code>{highlight(program, PythonLexer(), shown).rstrip()}</code></pre>'
    )


def _kept(page: str) -> str:
    return FOLLOWED.sub(r'<span class="kept">\1\2</span>', page)


def _nothing(_self: Any, _tokens: Sequence[Token], _index: int, _options: Any, _env: Any) -> str:
    return ""


def _formula_rule(displayed: bool) -> Callable[..., str]:
    def rule(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
        tex = tokens[index].content.strip()
        return as_formula(tex) if displayed else f"\\({html.escape(tex)}\\)"

    return rule
