"""Closed book: the edition of ``course_vi`` that a kernel gets, made per problem set.

In it the bodies of the functions asked for raise "you are asked to write this one". Everything else is there: honest imports work, the
answer is not to be had. Beside it lies an ``autograder`` without checks: what answers requests, the problems, and a ``check`` that does
nothing. Figures to aim for are not made at all while a class is graded, unless they are asked for: they took longer than most answers.
"""

from __future__ import annotations

import ast
import compileall
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["AWAY", "FIGURES", "blanked", "room", "write"]

HERE = Path(__file__).resolve().parent
CORE = HERE.parent / "src" / "course_vi"

# What is taken out of the book while a unit is graded, by exercise: "module:function" or "module:Class.method". What a right answer
# of the corpus uses stays in: for some exercises a call of the library is an answer. Units 00, 11 and 13 ask for nothing that the
# package has under another name, but for ``active_units``, which is such a call.
AWAY: dict[str, list[str]] = {
    "01_blanket": ["graph.bayes_net:BayesNet.markov_blanket"],
    "01_correlation": ["models.tractable.two_bernoullis:TwoBernoullis.log_evidence"],
    "01_mixed": ["models.tractable.linear_mixed_model:LinearMixedModel.log_evidence"],
    "01_kalman": ["models.tractable.linear_gaussian_ssm:LinearGaussianSSM.filter"],
    "01_grid": ["models.undirected.pairwise_energy:PairwiseEnergy.log_partition"],
    "03_gaussian_kl": ["distributions.normal:_kl_diagonal"],
    "03_gap": ["distributions.normal:_kl_diagonal"],
    "03_mixture_kls": ["plots.targets_03:_both_kls"],
    "06_implicit_gamma": ["distributions.positive:_cdf_slope"],
    "09_gaussian_path_derivative": ["gradients.path:sticking_the_landing", "gradients.path:doubly_reparametrized"],
    "09_frozen_family": ["pyro_twins.stl:stl_loss"],  # q.frozen_log_prob, which later exercises may use, is switched off by its problem
    "09_score_coefficient": ["gradients.path:sticking_the_landing"],
}
# Figures to aim for that are drawn from those answers: an empty one takes their place, so that the cells that show them still run.
FIGURES: dict[str, list[str]] = {
    "01_correlation": ["plots.targets_01:common_cause"],
    "01_mixed": ["plots.targets_01:panel_profile"],
    "01_kalman": ["plots.targets_01:track"],
    "01_grid": ["plots.targets_01:grid_curve"],
    "03_gap": ["plots.targets_03:gap_curve"],
    "03_mixture_kls": ["plots.targets_03:kl_curves"],
}
RAISE = 'raise NotImplementedError("you are asked to write this one")'
FIGURE = "return __import__('course_vi.plots', fromlist=['new_figure']).new_figure()[0]"
NO_FIGURE = "return __import__('matplotlib.figure', fromlist=['Figure']).Figure()"
BESIDE = ("agent", "discover", "exercises", "problems", "wire")  # modules, or packages
FRONT = '''"""Inside a grading kernel: what answers the grader's requests. The checks are elsewhere."""

__all__ = ["check"]


class Later:
    """What ``check`` returns here: the real one runs outside, after your cells."""

    points = 0.0
    passed = True
    parts = diagnoses = ()
    seed = 0

    def __repr__(self):
        return "the check runs outside, after your cells"


def check(exercise, learner=None, seed=None):
    """Does nothing here, whatever it is given."""
    return Later()
'''


def blanked(source: str, names: Iterable[str], body: str = RAISE) -> str:
    """The source with the bodies of these functions replaced; signatures and docstrings stay. ``LookupError`` if one is not there.

    >>> print(blanked('def f(x):\\n    "Twice."\\n    return 2 * x\\n', ["f"], "raise TypeError"))
    def f(x):
        "Twice."
        raise TypeError
    """
    lines = source.splitlines()
    found = [(_find(ast.parse(source), name), name) for name in names]
    for function, _ in sorted(found, key=lambda pair: -pair[0].lineno):
        first = function.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
        start = (first.end_lineno or first.lineno) if documented else first.lineno - 1
        lines[start : function.end_lineno] = [" " * first.col_offset + body]
    return "\n".join(lines)


def _find(tree: ast.AST, name: str) -> ast.FunctionDef:
    here = tree
    for part in name.split("."):
        inside = [node for node in ast.iter_child_nodes(here) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == part]
        if not inside:
            raise LookupError(f"there is no {name} to take out of the book")
        here = inside[-1]
    if not isinstance(here, ast.FunctionDef):
        raise LookupError(f"{name} is no function")
    return here


def write(folder: Path, unit: str, figures: bool = False) -> None:
    """Write the edition of a unit, and the ``autograder`` that goes with it, into ``folder``; with or without its figures to aim for."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(CORE, folder / "course_vi", ignore=ignore)
    shown = (_by_module(FIGURES, unit), FIGURE) if figures else (_aims(unit), NO_FIGURE)
    for names_of, body in ((_by_module(AWAY, unit), RAISE), shown):
        for module, names in names_of.items():
            path = folder / "course_vi" / (module.replace(".", "/") + ".py")
            path.write_text(blanked(path.read_text(encoding="utf-8"), names, body) + "\n", encoding="utf-8")
    beside = folder / "autograder"
    beside.mkdir()
    (beside / "__init__.py").write_text(FRONT, encoding="utf-8")
    for name in BESIDE:
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, beside / name, ignore=ignore)
        else:
            shutil.copy(HERE / f"{name}.py", beside)
    compileall.compile_dir(folder, quiet=2)


def _aims(unit: str) -> dict[str, list[str]]:
    """All figures to aim for: the functions of the unit's targets that return a ``Figure``. Those of ``FIGURES`` are among them."""
    path = CORE / "plots" / f"targets_{unit[:2]}.py"
    if not path.exists():
        return {}
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    return {f"plots.{path.stem}": [one.name for one in functions if isinstance(one.returns, ast.Name) and one.returns.id == "Figure"]}


def _by_module(table: dict[str, list[str]], unit: str) -> dict[str, list[str]]:
    """Module to names, each once, of the exercises of a unit (their names begin with its number)."""
    found: dict[str, list[str]] = {}
    for exercise, places in table.items():
        if exercise.startswith(f"{unit[:2]}_"):
            for place in places:
                module, name = place.split(":")
                if name not in found.setdefault(module, []):
                    found[module].append(name)
    return found


def room(unit: str, folder: Path, figures: bool = False) -> Path:
    """The edition of a unit below ``folder``, written if it is not there yet: whole or not at all."""
    target = folder / f"room-{hashlib.sha256(f'{unit} {figures}'.encode()).hexdigest()[:8]}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(prefix="room-", dir=folder))
        try:
            write(scratch, unit, figures)
            scratch.chmod(0o755)
            os.rename(scratch, target)
        except OSError:
            shutil.rmtree(scratch, ignore_errors=True)
            if not target.exists():
                raise
    return target
