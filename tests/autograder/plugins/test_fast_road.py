"""What makes grading fast changes no verdict and no page: statements kept, pages not parsed twice, processes and kernels forked cheaply."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.build.release import load_config
from autograder.course import ROOT
from autograder.intake.template import released_cells
from autograder.plugins.checked_execute import CheckedExecute
from autograder.plugins.pages import PageExporter, _rendered, highlight_code, markdown2html
from autograder.plugins.sql_cache import COMPILED, RememberingSQLite, remember
from autograder.protocol import agent, wire
from course_vi import plots

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


# ------------------------------------------------------------------ the gradebook


@pytest.mark.slow
def test_two_gradebooks_share_statements_and_nothing_else(tmp_path: Path) -> None:
    from nbgrader.api import Gradebook

    remember()
    for name in ("one", "two"):
        with Gradebook(f"sqlite:///{tmp_path / name}.db", "course") as gradebook:
            assert isinstance(gradebook.engine.dialect, RememberingSQLite)
            gradebook.update_or_create_student(f"student of {name}")
            before = len(COMPILED)
            assert [student.id for student in gradebook.students] == [f"student of {name}"]
    assert before == len(COMPILED) > 0, "the second gradebook compiled nothing"


def test_a_released_notebook_is_read_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "unit.ipynb"
    for number, name in enumerate(("a", "b", "c")):
        cell = new_code_cell(
            "1", metadata={"nbgrader": {"grade_id": name, "grade": True, "points": 1}}
        )
        nbformat.write(new_notebook(cells=[cell]), path)
        os.utime(path, ns=(number, number))
        assert (
            [template.name for template in released_cells(path)]
            == [name]
            == [template.name for template in released_cells(path)]
        )


# ------------------------------------------------------------------ pages


def page_of(*cells: nbformat.NotebookNode) -> str:
    exporter = PageExporter()
    exporter.register_filter("markdown2html", markdown2html)
    page: str = exporter.from_notebook_node(new_notebook(cells=list(cells)))[0]
    return page


def test_a_page_has_text_code_and_pictures_with_words() -> None:
    picture = new_output("display_data", data={"image/png": PIXEL, "text/plain": "a picture"})
    code = new_code_cell("total = sum(range(3))  # & so on", outputs=[picture])
    page = page_of(new_markdown_cell("**Bold** and $x < y$"), code)
    assert "<strong>Bold</strong>" in page and "$x &lt; y$" in page and PIXEL in page
    images = re.findall(r"<img [^>]*>", page)
    assert images and all("alt=" in image for image in images)
    assert 'class="n">total</span>' in page and "<script>x" not in page


def test_a_feedback_page_names_its_exercises_and_shows_what_opens_with_a_click() -> None:
    from nbgrader.server_extensions import formgrader

    there = Path(formgrader.__file__).parent
    exporter = PageExporter(
        template_name="feedback",
        extra_template_basedirs=[str(there / "templates")],
        extra_template_paths=[str(there / "static/node_modules/bootstrap/dist/css")],
    )
    exporter.register_filter("markdown2html", markdown2html)
    check = new_code_cell("check('03_gap', gap)")
    marks = {"grade": True, "solution": False, "grade_id": "03_gap", "score": 1.0, "points": 2.0, "comment": ""}  # fmt: skip
    check.metadata["nbgrader"] = marks
    told = {"notebook": "03_elbo", "score": 1.0, "max_score": 2.0, "late_penalty": 0.0}
    page = exporter.from_notebook_node(new_notebook(cells=[check]), {"nbgrader": told})[0]
    assert '<a href="#03_gap">03_gap</a> (Score: 1.0 / 2.0)' in page and "Test cell</a>" not in page
    assert "summary { display: list-item }" in page


def test_markdown_is_cleaned_and_a_photograph_belongs_to_its_cell() -> None:
    attached = new_markdown_cell("![a photograph](attachment:one.png)")
    attached["attachments"] = {"one.png": {"image/png": PIXEL}}
    without = new_markdown_cell("![a photograph](attachment:one.png)")
    assert (
        PIXEL in page_of(attached)
        and PIXEL not in page_of(without)
        and PIXEL in page_of(without, attached)
    )
    attached["source"] += "\n\n![another](attachment:two.png)"
    assert PIXEL in page_of(attached) and "another" in page_of(attached), (
        "a picture that is gone costs nobody the page"
    )
    assert "alert" not in _rendered('<img src=x onerror="alert(1)">')


def test_formgrader_s_pages_use_the_same_filters() -> None:
    """They are made by nbconvert's own exporter, which reads the filters from the course's configuration."""
    config = load_config(ROOT)
    cells = [
        new_markdown_cell('<b onclick="x()">Bold</b>'),
        new_code_cell("def f(x):\n    return x"),
    ]
    page = HTMLExporter(config=config).from_notebook_node(new_notebook(cells=cells))[0]
    assert "<b>Bold</b>" in page and 'class="k">def' in page


def test_colours_are_those_of_python() -> None:
    shown = highlight_code({}, "def f(x):\n    return '<b>'")
    assert 'class="k">def' in shown and "&lt;b&gt;" in shown


# ------------------------------------------------------------------ figures, and what trains beside the exercises


def test_words_stand_in_for_a_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figure, _ = plots.new_figure()
    monkeypatch.setenv("COURSE_VI_FIGURES", "0")
    plots.show(figure, alt="A straight line.")
    assert "A straight line." in capsys.readouterr().out
    with pytest.raises(ValueError, match="alt is empty"):
        plots.show(figure, alt=" ")


@pytest.mark.parametrize("given", [True, False])
def test_every_road_trains_briefly_and_draws_nothing_unless_asked(
    given: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nbgrader's own command and Formgrader's button set no environment variable: the step itself must."""
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    nb = new_notebook(
        cells=[
            new_code_cell(
                "import os\nprint(os.environ['COURSE_VI_SMOKE'], os.environ['COURSE_VI_FIGURES'])"
            )
        ]
    )
    step = CheckedExecute(
        trusted=True,
        secret_file=str(tmp_path / "key"),
        **({"smoke": False, "figures": True} if given else {}),
    )
    step.preprocess(
        nb, {"nbgrader": {"assignment": "03_elbo", "notebook": "03_elbo", "student": "ada"}}
    )
    assert nb.cells[0].outputs[0].text.split() == (["0", "1"] if given else ["1", "0"])


def test_draws_of_a_learner_are_those_of_the_seed() -> None:
    request = {"kind": "value", "seed": 11, "problem": None, "params": {}, "args": [], "kwargs": {}}
    torch.manual_seed(11)
    wanted = torch.randn(3, dtype=torch.float64)
    for _ in range(2):
        reply = wire.decode(
            agent.answer_bytes(wire.encode(request), lambda: torch.randn(3, dtype=torch.float64))
        )
        assert np.array_equal(reply["value"], wanted.numpy())


# ------------------------------------------------------------------ forks


@linux
def test_memory_gathered_in_huge_pages_is_the_same_memory() -> None:
    program = """
        import os
        from autograder.jail import huge_pages as huge
        kept = [bytes([number % 251]) * 4096 for number in range(8000)]
        told = lambda: next(int(line.split()[1]) for line in open("/proc/self/smaps_rollup") if line.startswith("AnonHuge"))
        before, made = told(), huge.gather()
        print((told() > before) == (made > 0), len(os.listdir("/proc/self/task")))
        child = os.fork()
        right = all(page == bytes([number % 251]) * 4096 for number, page in enumerate(kept))
        if child == 0:
            kept[0] = b"changed"
            os._exit(0 if right else 1)
        print(right, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), kept[0] == bytes(4096))
    """
    assert run(program).split() == ["True", "1", "True", "0", "True"]


@linux
def test_what_workers_are_forked_from_has_one_thread() -> None:
    program = "import autograder.grading.preload, os, torch\nprint(len(os.listdir('/proc/self/task')), torch.get_num_threads())"
    assert run(program).split() == ["1", "1"]


@pytest.mark.slow
@linux
def test_workers_of_a_script_without_a_guard(tmp_path: Path) -> None:
    """They do not run the driver's program again, see its environment of now, and share what their server has imported."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import os, sys
        from autograder.grading import workers
        print("main")
        def ask(executor, name):
            return executor.submit(os.getenv, name)
        for value in ("first", "second"):
            os.environ["COURSE_VI_TOLD"] = value
            print(sorted(workers.side_by_side(["COURSE_VI_TOLD", "OMP_NUM_THREADS"], 2, ask)))
    """)
    )
    out = run("", str(script))
    assert out.count("main") == 1 and "'first'" in out and "'second'" in out, out


def run(program: str, *script: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    command = [sys.executable, *(script or ("-c", textwrap.dedent(program)))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
