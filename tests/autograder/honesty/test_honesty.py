"""Reports, honest and not: three honest ones in different styles, none refused; every kind of dishonesty caught, and called by its name."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import jupytext
import nbformat
import pytest
from dishonest import COMPARE, DISHONEST, FAILED, OPEN, PLAIN, REPORTS, after, changed

from autograder.commands import honesty as command
from autograder.course import UsageError
from autograder.honesty.page import read_page
from autograder.honesty.rerun import run_report
from autograder.honesty.rules import RULES
from autograder.honesty.verdict import judge


@pytest.fixture(autouse=True)
def own_environment():
    """A dishonest report changes the environment; the tests after it are to know nothing of that."""
    with mock.patch.dict(os.environ):
        yield


@pytest.mark.parametrize("style", ["plain", "classes"])
def test_honest_reports_pass(style):
    verdict = judge(REPORTS / f"{style}.py")
    assert not verdict.faults, str(verdict)
    assert verdict.points == sum(rule.points for rule in RULES.values()) == 50


@pytest.mark.slow
def test_an_honest_report_with_training_passes():
    verdict = judge(REPORTS / "trained.py")
    assert not verdict.faults, str(verdict)
    assert verdict.claims == 3


@pytest.mark.parametrize("said", [True, False])
def test_a_claim_that_failed_costs_nothing_where_the_text_says_so(said, tmp_path):
    words = (
        "A constant does not score better [reverse]." if said else "A constant is simple [reverse]."
    )
    path = tmp_path / "report.py"
    path.write_text(changed(after(COMPARE, FAILED), ("inside.", f"inside.\n#\n# {words}")), "utf-8")
    verdict = judge(path)
    assert {fault.rule for fault in verdict.faults} == (set() if said else {"failed"}), str(verdict)
    assert said == any("failed, and the text says" in note for note in verdict.notes)


def test_a_loader_of_one_s_own_may_open_files_if_it_is_called_in_the_study_alone(tmp_path):
    own = """
def loaded():
    from statsmodels.datasets import engel

    engel.load_pandas()
    return people()
"""
    text = changed(
        ("study = Study(people(), held_out=120)", f"{own}\n\nstudy = Study(loaded(), held_out=120)")
    )
    for more, rules in (("", set()), ("\nmine = loaded()", {"door"})):
        path = tmp_path / "report.py"
        path.write_text(text.replace(OPEN, OPEN + more), "utf-8")
        verdict = judge(path)
        assert {fault.rule for fault in verdict.faults} == rules, str(verdict)


@pytest.mark.parametrize("kind", DISHONEST)
def test_dishonesty_is_caught_and_named(kind, tmp_path):
    text, rules, words = DISHONEST[kind]
    path = tmp_path / "report.py"
    path.write_text(text, "utf-8")
    verdict = judge(path)
    told = str(verdict)
    assert words in told, told
    if "runs" not in rules:
        assert verdict.broken == rules, told  # nothing else is called what it is not
    else:
        assert rules <= verdict.broken
    assert all(RULES[rule].hint in told for rule in rules)
    assert verdict.points < 50


def notebook(text: str, outputs: bool = True) -> nbformat.NotebookNode:
    """The report with the outputs that it gives, each printed line in the last cell that has code before the next text."""
    page = jupytext.reads(text, fmt="py:percent")
    if outputs:
        from autograder.build.smoke import run_cell

        scope: dict = {"__name__": "__main__"}
        for cell in page.cells:
            if cell.cell_type == "code":
                lines: list[str] = []
                with mock.patch(
                    "builtins.print", lambda *a, lines=lines: lines.append(" ".join(map(str, a)))
                ):
                    run_cell(cell.source, scope, "<cell>")
                if lines:
                    cell.outputs = [
                        nbformat.v4.new_output(
                            "stream", name="stdout", text="\n".join(lines) + "\n"
                        )
                    ]
    return page  # fmt: skip


def written(page: nbformat.NotebookNode, path: Path) -> Path:
    nbformat.write(page, path)
    return path


def test_outputs_are_those_of_the_code(tmp_path):
    page = notebook(PLAIN)
    assert not judge(written(page, tmp_path / "honest.ipynb")).faults
    for cell in page.cells:
        for output in cell.get("outputs", []):
            output.text = output.text.replace("difference +0.5928", "difference +0.8928")
    told = judge(written(page, tmp_path / "edited.ipynb"))
    assert told.broken == {"outputs"} and "difference +0.8928" in str(told)
    bare = notebook(PLAIN)
    for cell in bare.cells:
        if "study.open" in cell.source and "rows" in cell.source:
            cell.outputs = []
    assert "no stored output shows the line of [score]" in str(
        judge(written(bare, tmp_path / "bare.ipynb"))
    )


def test_the_command(tmp_path, capsys):
    assert command.main([str(REPORTS / "plain.py"), "--splits", "0", "--fresh", "5"]) == 0
    assert "50 of 50 points" in capsys.readouterr().out
    path = tmp_path / "report.py"
    path.write_text(DISHONEST["a number made up"][0], "utf-8")
    assert command.main([str(path), "--json", "--splits", "0"]) == 1
    assert '"rule": "numbers"' in capsys.readouterr().out
    with pytest.raises(UsageError, match="there is no file"):
        command.main([str(tmp_path / "nowhere.ipynb")])
    path = tmp_path / "no.ipynb"
    path.write_text("{", "utf-8")
    with pytest.raises(UsageError, match="cannot be read as a notebook"):
        command.main([str(path)])


def test_a_notebook_without_a_study_is_no_report(tmp_path):
    path = tmp_path / "report.py"
    path.write_text("# %% [markdown]\n# Better by 3.2 nats.\n\n# %%\nprint(3.2)\n", "utf-8")
    verdict = judge(path)
    assert {"runs", "numbers"} == verdict.broken and "makes no `Study`" in str(verdict)
    assert verdict.points == 0


def test_a_claim_that_misses_its_promise_is_seen_and_one_that_keeps_it_is_not(tmp_path):
    """How often an honest claim of some strength is refused on new seeds: never in 15, at two standard deviations a seed."""
    from autograder.honesty.again_rules import again

    refused = 0
    text = PLAIN.replace(COMPARE, """
def strong(data, seed):
    noise = torch.randn((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return data.y[0] * 0 + data.y[:3].mean() + 2 + noise

START = 0
arms = {"two": strong, "none": lambda data, seed: data.y[:3].mean()}
study.compare("line", "two is more than nothing", arms, range(START, START + 8), anyway="it is chance")
""")  # fmt: skip
    for start in range(0, 300, 20):
        path = tmp_path / "report.py"
        path.write_text(text.replace("START = 0", f"START = {start}").partition("# %%\nstudy.given")[0], "utf-8")  # fmt: skip
        ran = run_report(read_page(path))
        if not ran.error:
            refused += any(fault.rule == "repeats" for fault in again(ran)[0])
    assert refused == 0
