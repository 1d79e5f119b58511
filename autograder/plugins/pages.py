"""What a page may show: what students wrote is text, on a feedback page and in Formgrader, where an instructor has a session's rights.

Outputs of ordinary cells keep text and pictures; a check's report keeps its tables. Text written in Markdown is rendered first and cleaned
afterwards (``safe_html``), because only then is it known what is HTML and what is mathematics.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from jinja2 import BytecodeCache, pass_context
from jinja2.bccache import Bucket
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import InvalidNotebook
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Integer

from autograder.plugins.safe_html import IMAGE_DATA, clean, clean_report, inert_mathematics

__all__ = ["PageExporter", "SafeOutputs", "clean", "highlight_code", "markdown2html"]

SAME = 1_000  # cells whose rendering is remembered
BOX = re.compile(r'<input class="task-list-item-checkbox" type="checkbox" disabled( checked)?/>')
IMAGE = re.compile(r"<img (?![^>]*\balt=)", re.IGNORECASE)
TEST_CELL = re.compile(
    r'(<li><a href="#([\w-]+)">)Test cell</a>'
)  # nbgrader calls each exercise so in its contents
STYLE = "<style>summary { display: list-item }</style>"  # its style hides the triangle of what opens with a click
KEPT = ("text/plain", "text/latex", "image/png", "image/jpeg", "image/gif")


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """nbconvert's own filter of this name, its result cleaned. Named in ``nbgrader_config.py`` under ``HTMLExporter.filters``."""
    if context.get("cell", {}).get("attachments"):
        return _shown(source, context)
    return _rendered(source)


@lru_cache(SAME)
def _rendered(source: str) -> str:
    """Most of a page is the same for everybody, and rendered once."""
    return _shown(source, {})


def _shown(source: str, context: Any) -> str:
    """Rendered and cleaned; the boxes of a list of things to do are signs, not controls."""
    return clean(BOX.sub(lambda box: "☑ " if box[1] else "☐ ", _html(source, context)))


def _html(source: str, context: Any) -> str:
    """A picture that was pasted and is gone costs nobody the page: nbconvert would refuse the whole notebook."""
    try:
        return str(_renderer().markdown2html(context, source))
    except InvalidNotebook:
        there = context.get("cell", {}).get("attachments", {})
        told = re.sub(
            r"attachment:([^\s)]+)",
            lambda found: found[0] if found[1] in there else "missing.",
            source,
        )
        return str(_renderer().markdown2html(context, told))


@pass_context
def highlight_code(
    context: Any, source: str, language: str | None = None, metadata: Any = None
) -> str:
    """nbconvert's own filter of this name, for Python; a cell that is the same for everybody is coloured once."""
    return _coloured(source)


@lru_cache(SAME)
def _coloured(source: str) -> str:
    return str(_colours()(source))


@cache
def _renderer() -> HTMLExporter:
    return HTMLExporter(exclude_anchor_links=True)  # making one takes longer than rendering a cell


@cache
def _colours() -> Highlight2HTML:
    return Highlight2HTML(pygments_lexer="ipython3")


class PageExporter(HTMLExporter):
    """nbconvert's pages, made in less than half of the time: templates are compiled once in a process, and the page is not parsed again.

    nbconvert parses each page to give words to images that have none, and a tab stop to classes that nbgrader's page does not use.
    The contents name the exercises, and what opens with a click shows that it does.
    """

    def _create_environment(self) -> Any:
        environment = super()._create_environment()
        environment.bytecode_cache = COMPILED
        return environment

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[Any, Any]:
        """A page of a notebook."""
        resources = self._init_resources(resources)
        self.register_filter(
            "filter_data_type",
            WidgetsDataTypeFilter(notebook_metadata=nb.metadata, parent=self, resources=resources),
        )
        self.register_filter("highlight_code", self.filters.get("highlight_code", highlight_code))
        page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)
        page = TEST_CELL.sub(r"\1\2</a>", page).replace("</head>", f"{STYLE}</head>", 1)
        return IMAGE.sub(r'<img alt="A figure" ', page), resources


class Compiled(BytecodeCache):
    """Compiled templates, kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class SafeOutputs(NbGraderPreprocessor):
    """After execution: of what a student's cells put out, keeps text and pictures, up to a size."""

    most = Integer(3_000_000, help="characters of output kept of one cell").tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        if cell.cell_type != "code":
            return cell, resources
        marks = cell.metadata.get("nbgrader", {})
        report = marks.get("grade") and not marks.get("solution")
        left = self.most
        if not isinstance(cell.get("execution_count"), int):
            cell.execution_count = None
        for output in cell.outputs:
            if "metadata" in output:
                output["metadata"] = type(output)()  # sizes and names end up inside of tags
            data = output.get("data")
            if data is not None:
                page = data.get("text/html") if report else None
                output["data"] = type(data)(
                    {mime: value for mime, value in data.items() if mime in KEPT}
                )
                if isinstance(page, str):
                    output["data"]["text/html"] = clean_report(page)
                for mime, value in list(output["data"].items()):
                    if not isinstance(value, str) or not _harmless(mime, value):
                        del output["data"][mime]
                        continue
                    if mime == "text/latex":
                        output["data"][mime] = inert_mathematics(value)
                    left -= len(value)
                    if left < 0 and mime != "text/plain":
                        del output["data"][mime]
            elif output.output_type == "stream":
                left -= len(output.text)
                if left < 0:
                    output.text = output.text[: max(0, left + len(output.text))] + "\n... (cut)"
        return cell, resources


def _harmless(mime: str, value: str) -> bool:
    """Whether a picture's data are what they must be: nothing in them can end the tag that they are put in."""
    return not mime.startswith("image/") or bool(
        IMAGE_DATA.fullmatch(f"data:{mime};base64,{value}")
    )
