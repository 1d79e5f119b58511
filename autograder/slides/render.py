"""A slide as a ``<section>`` of Reveal.js."""

from __future__ import annotations

import html
from collections.abc import Callable

from autograder.slides.lecture import Poll
from autograder.slides.markdown import as_code, as_html, as_line
from autograder.slides.pictures import Picture
from autograder.slides.slide import WIDE, Slide

__all__ = ["section"]

ENLARGED = 1.7  # a figure of a notebook is drawn for a page; enlarged more, its dots show


def section(slide: Slide, place: Callable[[bytes, str], str]) -> str:
    """The HTML of a slide.

    Args:
        place: takes a picture and the suffix of its file, and returns the address at which the deck finds it.
    """
    over = f'<p class="over">{as_line(slide.over)}</p>' if slide.over else ""
    tag = "h1" if slide.kind == "title" else "h2"
    notes = "\n".join(map(as_html, slide.notes))
    return (
        f'<section class="{slide.kind}">\n<header>{over}<{tag}>{as_line(slide.title)}</{tag}></header>\n'
        f'{_body(slide, place)}\n<aside class="notes">{notes}</aside>\n</section>'
    )


def _body(slide: Slide, place: Callable[[bytes, str], str]) -> str:
    words = "".join(map(as_html, slide.words))
    if slide.context:
        words = f'<div class="context">{"".join(map(as_html, slide.context))}</div>{words}'
    words += _evidence(slide)
    if slide.kind == "poll" and slide.poll:
        words += _poll(slide.poll)
    if slide.kind == "answer" and slide.poll and slide.poll.truth:
        words = f'<p class="truth">{as_line(slide.poll.truth)}</p>' + words
    if slide.table:
        words += f'<div class="table">{as_html(slide.table)}</div>'
    words += as_code(slide.code) if slide.code else ""
    if slide.printed and slide.kind == "title":
        words += f'<p class="needs">{html.escape(slide.printed)}</p>'
    elif slide.printed:
        words += f'<pre class="printed">{html.escape(slide.printed)}</pre>'
    text = f'<div class="words">{words}</div>' if words else ""
    if slide.picture is None:
        return f'<div class="body">{text}</div>'
    beside = " beside" if text and slide.picture.aspect < WIDE else ""
    return f'<div class="body{beside}">{text}{_figure(slide.picture, place)}</div>'


def _figure(picture: Picture, place: Callable[[bytes, str], str]) -> str:
    largest = (
        f"max-width:{picture.width * ENLARGED:.0f}px;max-height:{picture.height * ENLARGED:.0f}px"
    )
    words = html.escape(picture.alt, quote=True)
    source = place(picture.data, picture.suffix)
    size = f'width="{picture.width}" height="{picture.height}" style="{largest}"'
    if not picture.moving:
        return f'<figure><img src="{source}" alt="{words}" {size}></figure>'
    moving = place(picture.moving, picture.suffix)
    return (
        f'<figure><img src="{source}" data-still="{source}" data-moving="{moving}" alt="{words}" {size}>'
        '<figcaption><button type="button" class="play">▶ Play</button></figcaption></figure>'
    )


def _poll(poll: Poll) -> str:
    if not poll.choices:
        told = f"It is {as_line(poll.truth)}." if poll.truth else ""
        return f'<p class="write">Write your guess down.</p><p class="fragment reveal">{told}</p>'
    rows = ""
    for index, choice in enumerate(poll.choices):
        right = choice == poll.truth
        mark = (
            '<span class="fragment mark" data-fragment-index="0">✓ it is this one</span>'
            if right
            else ""
        )
        rows += (
            f'<li><button type="button" class="hand" aria-label="count a hand"><kbd>{index + 1}</kbd>'
            f'<span class="choice">{as_line(choice)}</span><span class="bar"><i></i></span><output>0</output></button>{mark}</li>'
        )
    help_ = '<p class="help">Hands up: a click or a number\'s key counts one, <kbd>0</kbd> begins again.</p>'
    return f'<ol class="poll">{rows}</ol>{help_}'


def _evidence(slide: Slide) -> str:
    if not slide.evidence:
        return ""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in slide.evidence)
    return f'<ul class="evidence">{lines}</ul>'
