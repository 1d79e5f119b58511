"""The book: every link between its pages holds, nothing of the repository is lost on the way, and a browser shows it without complaint."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sampled import seldom

from autograder.audit.corpus import corpus
from autograder.course import this_course
from autograder.site import book, museum
from autograder.units import EXERCISES
from course_vi.syllabus import UNITS
from tests import browser


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book") / "source"
    book.lay_out(this_course(), folder, {"06_location_scale/wrong_variance": "told so"})
    return folder


def words(page: Path) -> str:
    """The text of a page, that of the cells which are text where it is a notebook."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return re.sub(r"^(`{3,4})\w.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return "\n".join(
        "".join(c["source"]) for c in json.loads(text)["cells"] if c["cell_type"] == "markdown"
    )


def test_every_unit_has_its_pages_and_they_are_listed(source: Path) -> None:
    contents = (source / "index.md").read_text(encoding="utf-8")
    for unit in UNITS:
        if this_course().lecture(unit.stem).exists():
            for page in (f"lectures/{unit.stem}", f"notebooks/{unit.stem}/{unit.stem}"):
                assert (source / f"{page}.ipynb").exists() and f"\n{page}\n" in contents
    for page in source.rglob("*.md"):
        for name in re.findall(r"```\{toctree\}(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for entry in [line for line in name.splitlines() if line and line[0] != ":"]:
                there = page.parent / entry
                assert (
                    there.with_name(there.name + ".md").exists()
                    or there.with_name(there.name + ".ipynb").exists()
                ), entry


def test_no_link_leads_out_of_the_book(source: Path) -> None:
    dead = []
    for page in (*source.rglob("*.md"), *source.rglob("*.ipynb")):
        for target in book.OUTSIDE.findall(words(page)):
            extra = source / "_extra" / page.parent.relative_to(source) / target
            if not ((page.parent / target.split("#")[0]).exists() or extra.exists()):
                dead.append((page.relative_to(source).as_posix(), target))
    assert not dead, f"{len(dead)}, such as {dead[:8]}"


def test_the_museum_shows_every_wrong_answer_once(source: Path) -> None:
    wrong = [answer for answer in corpus() if not answer.right]
    text = "\n".join(page.read_text("utf-8") for page in (source / "museum").glob("*.md"))
    assert text.count("````diff") == len(wrong)
    assert all(answer.says in text for answer in wrong)
    assert text.count("told so") == 1


def test_the_index_lists_every_exercise(source: Path) -> None:
    text = (source / "exercises.md").read_text(encoding="utf-8")
    assert all(exercise.title in text for exercise in EXERCISES.values())


def test_what_a_check_says_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [a for a in corpus("00_start_here") if a.exercise == "00_z_score"][:4]
    told = museum.verdicts(answers, tmp_path / "kept.json", workers=1)
    wrong = [answer.name for answer in answers if not answer.right]
    assert list(told) == wrong and all("NOT YET RIGHT" in text for text in told.values())
    monkeypatch.setattr(museum, "_told", None)  # asking again would fail
    assert museum.verdicts(answers, tmp_path / "kept.json", workers=1) == told
    monkeypatch.setattr(museum, "_digest", lambda answer: "changed")
    with pytest.raises(TypeError):
        museum.verdicts(answers, tmp_path / "kept.json", workers=1)


# ---- in a browser ---------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("Sphinx is not installed; `make test-all` installs it")
    folder = book.build_book(this_course(), tmp_path_factory.mktemp("site"), {})
    handler = functools.partial(Silent, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    names = [page.relative_to(folder).as_posix() for page in folder.rglob("*.html")]
    yield f"http://127.0.0.1:{server.server_address[1]}", names
    server.shutdown()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("one_in", [4, pytest.param(1, marks=pytest.mark.everything)])
def test_pages_open_without_complaint(pages: tuple[str, list[str]], one_in: int) -> None:
    """No error in the console, nothing fetched from outside or missing, formulas typeset, images named, nothing wider than a telephone."""
    address, names = pages
    chosen = ["index.html", "units.html", "exercises.html", "museum/index.html", "library.html"]
    chosen += ["atlas.html", "figures.html", "style.html"]
    many = r"(lectures|museum)/\d\d_\w+\.html|notebooks/\w+/\w+\.html"
    chosen += [name for name in names if re.fullmatch(many, name) and not seldom(name, one_in)]
    trouble: list[str] = []
    with browser.page() as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
        page.on(
            "response",
            lambda reply: (
                trouble.append(f"{reply.url}: {reply.status}") if reply.status >= 400 else None
            ),
        )
        page.on(
            "request",
            lambda sent: (
                None
                if sent.url.startswith((address, "data:", "blob:"))
                else trouble.append(sent.url)
            ),
        )
        for name in chosen:
            page.goto(f"{address}/{name}", wait_until="load")
            if name.startswith("lectures/"):
                page.wait_for_selector("article mjx-container", state="attached", timeout=30_000)
            unnamed = page.eval_on_selector_all("article img:not([alt])", "found => found.length")
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if unnamed or wide > 1:
                trouble.append(f"{name}: {unnamed} images without a name, {wide} pixels too wide")
    assert not trouble, "\n".join(trouble)
