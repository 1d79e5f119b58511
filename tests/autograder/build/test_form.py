"""The form of a unit, as far as a program can hold it: predictions are asked, kept, answered after the fact and counted."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from autograder.build import folding, masters, reading_time
from autograder.build.notebooks import COVER
from autograder.course import this_course

COURSE = this_course()
UNITS = COURSE.units()


def calls(source: str, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def text(node: ast.AST) -> object:
    return ast.literal_eval(node)


def order(unit: str) -> list[tuple[str, int]]:
    """Questions, widgets, truths and answers of a lecture in the order in which they are read."""
    found: list[tuple[str, int]] = []
    for cell in masters.read_master(COURSE.lecture(unit, ".py").read_text("utf-8")).cells:
        if cell.cell_type == "code":
            for name in ("predict", "reveal"):
                for call in calls(cell.source, name):
                    asked = str(text(call.args[0]))
                    assert asked[:3] == f"{unit[:2]}_", asked
                    found.append((name, int(asked[3:])))
        else:
            parts = [(m.start(), ("question", int(m[1]))) for m in folding.QUESTION.finditer(cell.source)]  # fmt: skip
            parts += [(m.start(), ("answer", int(m[1]))) for m in folding.ANSWER.finditer(cell.source)]  # fmt: skip
            found += [what for _, what in sorted(parts)]
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_a_prediction_is_asked_kept_revealed_and_answered_in_that_order(unit: str) -> None:
    found = order(unit)
    count = len(found) // 4
    wanted = [(what, n) for n in range(1, count + 1) for what in ("question", "predict", "reveal", "answer")]  # fmt: skip
    assert count >= 5 and found == wanted


@pytest.mark.parametrize("unit", UNITS)
def test_the_truth_is_one_of_the_choices_and_is_not_always_the_same_one(unit: str) -> None:
    source = "\n".join(
        cell.source
        for cell in masters.read_master(COURSE.lecture(unit, ".py").read_text("utf-8")).cells
        if cell.cell_type == "code"
    )
    truths = {text(call.args[0]): text(call.args[1]) for call in calls(source, "reveal")}
    places = []
    for call in calls(source, "predict"):
        options = {word.arg: text(word.value) for word in call.keywords}
        name = text(call.args[0])
        if "choices" in options:
            choices = options["choices"]
            assert isinstance(choices, list) and truths[name] in choices, (name, truths[name])
            assert len(set(choices)) == len(choices) > 1
            places.append(choices.index(truths[name]))
        else:
            assert options == {"number": True} and isinstance(truths[name], (int, float))
    assert len(set(places)) > 1, "a learner who always picks the same button learns to"


@pytest.mark.parametrize("unit", UNITS)
def test_a_lecture_ends_with_its_tally(unit: str) -> None:
    cells = masters.read_master(COURSE.lecture(unit, ".py").read_text("utf-8")).cells
    assert cells[-1].source == f'tally("{unit[:2]}")'
    assert not any(calls(cell.source, "tally") for cell in cells[:-1] if cell.cell_type == "code")


@pytest.mark.parametrize("unit", UNITS)
def test_a_stored_lecture_gives_no_prediction_away(unit: str) -> None:
    """As built: between a question and its answer every output but the question's own is hidden."""
    asked = False
    for cell in nbformat.read(COURSE.lecture(unit), as_version=4).cells:
        if cell.cell_type != "code":
            for found in re.finditer(r"(\*\*Predict \d+\.\*\*)|(Answer to Predict \d+)", cell.source):  # fmt: skip
                asked = bool(found[1])
        elif asked and cell.outputs and not cell.source.startswith("predict("):
            assert cell.metadata.get("jupyter", {}).get("outputs_hidden"), cell.source[:60]
            assert cell.outputs[0].data["text/plain"] == COVER, (
                "the first line of what is hidden is shown"
            )
        if cell.cell_type == "code" and cell.metadata.get("jupyter", {}).get("source_hidden"):
            first = cell.source.splitlines()[0]  # it is shown
            assert not first.startswith("reveal(") and "alt=" not in first


@pytest.mark.parametrize("unit", UNITS)
def test_a_problem_set_ends_with_where_you_stand(unit: str) -> None:
    for path in (COURSE.source(unit), COURSE.release(unit)):
        last = nbformat.read(path, as_version=4).cells[-1]
        assert last.source.endswith(f'progress("{unit[:2]}")') and not last.get("outputs")


def test_what_is_folded() -> None:
    lecture = """# %% [markdown]
# > **Predict 1.** Which?

# %%
predict("00_1", number=True)

# %%
def f(x):
    return x

# %%
print(f(1))

# %%
figure = f(2)
assert figure
show(figure,
     alt="one")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary> One. </details>

# %%
show(figure, alt="two")

# %%
print(2)
"""
    cells = masters.lecture(lecture, "00_tiny").cells
    hidden = [dict(cell.metadata.get("jupyter", {})) for cell in cells if cell.cell_type == "code"]
    both = {"source_hidden": True, "outputs_hidden": True}
    out = {"outputs_hidden": True}
    assert hidden == [{}, {}, out, {}, both, {"source_hidden": True}, {}]
    assert cells[4].source == "figure = f(2)\nassert figure" and "alt" in cells[5].source


@pytest.mark.parametrize("unit", UNITS)
def test_a_lecture_leads_to_its_problem_set_and_every_link_to_a_file(unit: str) -> None:
    """As it stands, and as ``make lab`` copies it."""
    path = COURSE.lecture(unit)
    links = re.findall(r"\]\(([^)#]*\.ipynb)[)#]", path.read_text("utf-8"))
    assert f"../notebooks/{unit}/{unit}.ipynb" in links
    assert all((path.parent / link).resolve().is_file() for link in links)


@pytest.mark.parametrize("unit", UNITS)
def test_a_problem_set_leads_back_to_its_lecture(unit: str) -> None:
    path = COURSE.root / "notebooks" / unit / f"{unit}.ipynb"
    links = re.findall(r"\]\(([^)#]*\.ipynb)[)#]", path.read_text("utf-8"))
    assert f"../../lectures/{unit}.ipynb" in links
    assert all((path.parent / link).resolve().is_file() for link in links)


@pytest.mark.parametrize("unit", UNITS)
def test_a_lecture_takes_the_minutes_that_it_says(unit: str) -> None:
    """Within five minutes of the rule, on the main line and in asides."""
    notebook = masters.lecture(COURSE.lecture(unit, ".py").read_text("utf-8"), unit)
    words = "\n".join(cell.source for cell in notebook.cells[:3] if cell.cell_type == "markdown")
    main = re.search(r"(\d+) minutes\*{0,2}(?: of reading|, and)", words)
    aside = re.search(r"aside\*[^.]*?takes (\d+) minutes more", words)
    assert main, "the title page says no time"
    rule = reading_time.minutes(notebook)
    said = int(main[1]), int(aside[1]) if aside else 0
    assert all(abs(one - two) <= 5 for one, two in zip(said, rule, strict=True)), (said, rule)
