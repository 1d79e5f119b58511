"""Lay out the source of the book, and let Sphinx build it: folders as in the repository, so that links between pages hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from autograder.course import Course, UsageError
from autograder.site.atlas_page import atlas_page, draw_atlas
from autograder.site.contact_sheet import contact_sheet, pictures_of, write_thumbnails
from autograder.site.index_pages import exercise_index, front_page, map_of_units
from autograder.site.ledger_page import anchor_of_book, ledger_page
from autograder.site.museum import museum_pages
from autograder.site.style_page import draw_specimens, style_page
from course_vi.syllabus import UNITS, Unit

__all__ = ["build_book", "lay_out"]

SETTINGS, STYLE = (Path(__file__).with_name(name) for name in ("sphinx_settings.py", "book.css"))
CONTENTS = "```{toctree}\n:hidden:\n:caption: %s\n%s\n```\n"
OUTSIDE = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)")  # links that may lead out of the book


def lay_out(course: Course, source: Path, verdicts: dict[str, str]) -> None:
    """Write the source of the book to an empty folder.

    Args:
        verdicts: what the check says to each wrong answer, by its name (``museum.verdicts``); those without one show none.
    """
    if source.exists():
        shutil.rmtree(source)
    source.mkdir(parents=True)
    shutil.copy(SETTINGS, source / "conf.py")
    (source / "_static").mkdir()
    shutil.copy(STYLE, source / "_static")
    units = [unit for unit in UNITS if course.lecture(unit.stem).exists()]
    for unit in units:
        for page in (
            course.lecture(unit.stem),
            course.release(unit.stem),
            course.source(unit.stem),
        ):
            if page.exists():
                _copy_notebook(course.root, page, source)
    loose = [name for name in course.pages() if course.lecture(name).exists()]
    for name in loose:
        _copy_notebook(course.root, course.lecture(name), source)
    documents = course.root / "docs"
    pages = sorted([*documents.glob("*.md"), *documents.glob("instructor/*.md")])
    for page in (*pages, course.root / "CONTRIBUTING.md"):
        _copy_text(course.root, page, source)
    _write(source / "docs" / "ledger.md", ledger_page(anchor_of_book))
    for folder in ("docs/images", "docs/examples"):
        if (course.root / folder).exists():
            shutil.copytree(course.root / folder, source / folder)
    extra = source / "_extra" / "docs"
    extra.mkdir(parents=True)
    for page in (course.root / "docs").glob("*.html"):
        shutil.copy(page, extra / page.name)
    _write(source / "exercises.md", exercise_index(units))
    _write(source / "units.md", map_of_units(units))
    for name, text in museum_pages(units, verdicts).items():
        _write(source / "museum" / f"{name}.md", text)
    _write(source / "atlas.md", atlas_page())
    draw_atlas(source)
    pictures = pictures_of(course)
    write_thumbnails(pictures, source / "_static" / "figures")
    _write(source / "figures.md", contact_sheet(pictures, "_static/figures", "lectures/{}.html"))
    _write(source / "style.md", style_page(pictures))
    draw_specimens(source)
    _write(source / "library.md", _library(course.root / "src" / "course_vi"))
    _write(
        source / "index.md",
        front_page(units)
        + _contents(
            units, loose, [page.relative_to(documents).with_suffix("").as_posix() for page in pages]
        ),
    )


def build_book(course: Course, out: Path, verdicts: dict[str, str]) -> Path:
    """Lay out and build; the folder of the book.

    Raises:
        UsageError: Sphinx is not installed, or it found something wrong.
    """
    source, pages = out / "source", out / "html"
    lay_out(course, source, verdicts)
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-b",
        "html",
        "-j",
        "2",
        "-q",
        str(source),
        str(pages),
    ]
    done = subprocess.run(command, text=True, capture_output=True)
    told = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode:
        raise UsageError("Sphinx did not build the book:\n" + "\n".join(told[-20:]))
    for line in told:
        print(line.replace(str(source) + "/", ""))
    return pages


def _copy_notebook(root: Path, page: Path, source: Path) -> None:
    """A copy whose links stay inside the book; outputs that need a kernel (widgets) are dropped, since a book has none."""
    notebook = json.loads(page.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _inside(root, page, "".join(cell["source"]))
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    _write(source / page.relative_to(root), json.dumps(notebook))


def _copy_text(root: Path, page: Path, source: Path) -> None:
    _write(source / page.relative_to(root), _inside(root, page, page.read_text(encoding="utf-8")))


def _inside(root: Path, page: Path, text: str) -> str:
    """Links to files of the repository that are no page of the book become code: their path, to be looked up there."""

    def kept(match: re.Match[str]) -> str:
        target = (page.parent / match[1].split("#")[0]).resolve()
        name = target.relative_to(root.resolve()) if target.is_relative_to(root.resolve()) else None
        here = name is not None and (
            target.suffix in (".ipynb", ".md", ".png", ".svg") or name.parts[0] == "docs"
        )
        return (
            match[0]
            if here and target.exists() and target.name != "README.md"
            else f"] (`{name or match[1]}`)"
        )

    return OUTSIDE.sub(kept, text)


def _library(package: Path) -> str:
    """One page for each part of the library, with every public name, its formula and its example."""
    parts = sorted(
        path.stem if path.is_file() else path.name
        for path in package.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and not path.name.startswith("_")
    )
    listed = "\n".join(f"course_vi.{part}" for part in parts)
    return (
        "# The library, `course_vi`\n\nEvery model, family, bound and estimator of the course: formula, shapes, errors raised, bias and "
        "variance, source, and an example that the tests run.\n\n"
        "```{eval-rst}\n.. autosummary::\n   :toctree: library\n   :recursive:\n\n   "
        + listed.replace("\n", "\n   ")
        + "\n```\n"
    )


def _contents(units: list[Unit], loose: list[str], documents: list[str]) -> str:
    stems = [unit.stem for unit in units]
    parts = {
        "Lectures": [f"lectures/{stem}" for stem in (*stems, *loose)],
        "Problem sets": [f"notebooks/{stem}/{stem}" for stem in stems],
        "Solutions, after an honest try": [f"solutions/{stem}/{stem}" for stem in stems],
        "Looking things up": [
            "units",
            "exercises",
            "museum/index",
            "atlas",
            "library",
            "figures",
            "style",
            *(f"docs/{name}" for name in documents),
            "CONTRIBUTING",
        ],
    }
    return "\n".join(CONTENTS % (title, "\n".join(pages)) for title, pages in parts.items())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
