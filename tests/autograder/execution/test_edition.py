"""The edition that a grading kernel gets: the answer is not in it, honest work runs."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sampled import seldom

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.execution import closed_book
from autograder.execution.kernel_runner import Asker
from autograder.execution.session import Session
from autograder.units import EXERCISES, units

SOURCE = '''
def f(x):
    """Twice."""
    y = 2 * x
    return y


class C:
    def g(self):
        return 1
'''


def test_bodies_are_taken_out_and_nothing_else() -> None:
    made = closed_book.blanked(SOURCE, ["f", "C.g"])
    scope: dict = {}
    exec(made, scope)
    assert scope["f"].__doc__ == "Twice."
    for call in (lambda: scope["f"](1), lambda: scope["C"]().g()):
        with pytest.raises(NotImplementedError, match="you are asked to write this one"):
            call()
    with pytest.raises(LookupError, match=r"no C\.h"):
        closed_book.blanked(SOURCE, ["C.h"])


@pytest.mark.slow
def test_every_name_that_is_hidden_is_there(tmp_path: Path) -> None:
    for unit in units():
        folder = tmp_path / unit
        folder.mkdir()
        closed_book.write(folder, unit)


@pytest.mark.slow
def test_figures_to_aim_for_are_not_in_the_book(tmp_path: Path) -> None:
    """Nor is the learner's function called for them, nor is what draws them there to be read."""
    program = """
        from autograder.units.unit_03 import targets
        called = []
        figure = targets.bias_agreement(lambda *a: called.append(a), lambda *a: called.append(a))
        print(type(figure).__name__, len(figure.axes), bool(called))
        try:
            targets._both_kls(0.0, 1.0)
        except NotImplementedError as error:
            print(error)
    """
    env = {"PYTHONPATH": str(closed_book.room("03_elbo", tmp_path)), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,  # else the course itself would be found first
    )
    assert done.stdout.splitlines() == ["Figure 0 False", "you are asked to write this one"], done
    source = closed_book.room("01_graphical_models", tmp_path) / "course_vi/plots/tracker.py"
    text = source.read_text()
    assert text.count(closed_book.NO_FIGURE) == 1 and "def tracker" in text


def test_an_edition_imports_and_holds_no_checks(tmp_path: Path) -> None:
    folder = closed_book.room("09_sticking_the_landing", tmp_path)
    assert closed_book.room("09_sticking_the_landing", tmp_path) == folder
    held = {
        path.relative_to(folder).parts[1]
        for path in folder.rglob("*.py")
        if path.relative_to(folder).parts[0] == "autograder"
    }
    assert held == {"__init__.py", "protocol", "units"}
    units_held = {
        path.relative_to(folder / "autograder" / "units").as_posix()
        for path in (folder / "autograder" / "units").rglob("*.py")
    }
    assert units_held == {
        "__init__.py",
        "unit_09/__init__.py",
        "unit_09/problems.py",
        "unit_09/problems_vafc.py",
        "unit_09/targets.py",
    }
    assert (
        not (folder / "autograder/units/__init__.py").read_text()
        and not (folder / "autograder/units/unit_09/__init__.py").read_text()
    )
    source = "\n".join([
        "import torch, course_vi, course_vi.plots, course_vi.pyro_twins",
        "from course_vi.gradients import sticking_the_landing, reparametrized",
        "from course_vi.families import MeanField", "from course_vi.models import ConjugateToy", "from autograder import check",
        f"assert course_vi.__file__.startswith({str(folder)!r})",
        "assert check('09_vafc', None).passed and 'outside' in repr(check('09_vafc', None))",
        "assert reparametrized(ConjugateToy(), MeanField(1), torch.zeros(2, 1)).shape == (2,)",
        "try:", "    sticking_the_landing(ConjugateToy(), MeanField(1), torch.zeros(2, 1))", "except NotImplementedError as error:",
        "    print(error)",
    ])  # fmt: skip
    command = [sys.executable, "-c", source]
    env = {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.stdout.strip() == "you are asked to write this one", done.stderr


def test_the_problems_of_one_unit_are_loaded_by_its_requests_and_no_others(tmp_path: Path) -> None:
    program = """
        from autograder.protocol import problems
        from autograder.protocol.agent import answer

        problems.load("03")
        before = set(problems.DRIVERS)
        problems.load("09")
        request = {"kind": "drive", "driver": "vafc/start", "kwargs": {"p": 3, "r_cov": 1, "seed": 0}, "unit": "09"}
        print(len(before), "vafc/start" in problems.DRIVERS, answer(request, None)["error"]["type"])
    """
    env = {
        "PYTHONPATH": str(closed_book.room("09_sticking_the_landing", tmp_path)),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["0", "True", "TypeError"], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [pytest.param(unit, marks=seldom(unit, one_in=8)) for unit in units() if corpus(unit)],
)
def test_right_answers_are_right_in_the_jail(unit: str, tmp_path: Path) -> None:
    """Every right answer of the corpus passes on the edition, called across the wire; so nothing that honest work needs was taken out."""
    wrong = {}
    with Session(closed_book.room(unit, tmp_path)) as session:
        for answer in corpus(unit):
            if not answer.right:
                continue
            ran = session.run(answer.source, 60)
            assert ran.ok, (answer.name, ran.error)
            report = run_check(
                answer.exercise,
                Asker(session, EXERCISES[answer.exercise].function, 60, 120),
                seed=5,
            )
            if not report.passed:
                wrong[answer.name] = str(report)
    assert not wrong, "\n".join(wrong.values())
