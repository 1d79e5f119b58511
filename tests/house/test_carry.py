"""A learner's copy survives an update of the course: nothing written is lost, and answers are carried into the new problem set."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import nbformat
import pytest

from scripts.carry import bring_up_to_date, carry_over, trust

ROOT = Path(__file__).resolve().parents[2]
UNIT = "03_elbo"
NAME = f"{UNIT}/{UNIT}.ipynb"
MINE = f"{UNIT}/{UNIT}_problems.ipynb"
LECTURE = f"{UNIT}/{UNIT}.ipynb"


@pytest.fixture
def course(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The folder of releases, the learner's folder, and the learner's copy of a real problem set, just made."""
    released, work = tmp_path / "notebooks", tmp_path / "work"
    (released / UNIT).mkdir(parents=True)
    (released / NAME).write_bytes((ROOT / "notebooks" / NAME).read_bytes())
    (released / UNIT / ".ipynb_checkpoints").mkdir()
    (released / UNIT / ".ipynb_checkpoints" / "x.ipynb").write_text("a checkpoint")
    assert bring_up_to_date(tmp_path, work) == [f"work/{MINE}: copied"]
    return released, work, work / MINE


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def write(path: Path, notebook: Any) -> None:
    path.write_text(json.dumps(notebook), "utf-8")


def cell(notebook: Any, name: str) -> Any:
    return next(
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def answer(path: Path) -> None:
    """What a learner does: write one answer, one text with a photograph, add a cell of their own."""
    mine = read(path)
    cell(mine, "03_gap_answer")["source"] = (
        "def elbo_and_gap(loc, log_scale, x):\n    return my, answer"
    )
    cell(mine, "03_written")["source"] = "My answer: ![](attachment:photo.png)"
    cell(mine, "03_written")["attachments"] = {"photo.png": {"image/png": "aGVsbG8="}}
    own = {
        "cell_type": "code",
        "id": "mine",
        "metadata": {},
        "source": "print('tried it')",
        "outputs": [],
        "execution_count": 3,
    }
    mine["cells"].insert(5, own)
    write(path, mine)


def change(path: Path) -> None:
    """What an update of the course does: one check points elsewhere, one exercise is renamed, one is new."""
    new = read(path)
    cell(new, "03_gap")["source"] = 'check("03_gap", elbo_and_gap)  # clearer'
    extra = copy.deepcopy(cell(new, "03_gap_answer"))
    extra["metadata"]["nbgrader"]["grade_id"], extra["id"] = "03_new_answer", "new"
    new["cells"].append(extra)
    write(path, new)


def test_twice_the_same_does_nothing(course: tuple[Path, Path, Path]) -> None:
    released, work, mine = course
    before = mine.read_bytes()
    assert bring_up_to_date(released.parent, work) == [] and mine.read_bytes() == before
    assert sorted(path.name for path in work.rglob("*") if path.is_file()) == [
        ".released.json",
        f"{UNIT}_problems.ipynb",
    ]


def copied(released: Path) -> bytes:
    """The released file as it is copied: its link leads to the copy of the lecture."""
    data = released.read_bytes()
    here, there = (
        f"]({folder}/{UNIT}.ipynb".encode() for folder in ("../../lectures", f"../{UNIT}")
    )
    assert data.count(here) == 1
    return data.replace(here, there)


def test_an_untouched_copy_follows_the_course(course: tuple[Path, Path, Path]) -> None:
    released, work, mine = course
    change(released / NAME)
    assert "had not changed it" in bring_up_to_date(released.parent, work)[0]
    assert mine.read_bytes() == copied(released / NAME) and len(list(mine.parent.iterdir())) == 1


def test_answers_are_never_overwritten_and_carried_over(course: tuple[Path, Path, Path]) -> None:
    released, work, mine = course
    answer(mine)
    before = mine.read_bytes()
    change(released / NAME)
    (line,) = bring_up_to_date(released.parent, work)
    assert f"{UNIT}_problems.updated.ipynb" in line and mine.read_bytes() == before
    updated = read(mine.with_name(f"{UNIT}_problems.updated.ipynb"))
    nbformat.validate(nbformat.from_dict(updated))
    assert (
        "my, answer" in cell(updated, "03_gap_answer")["source"]
        and "# clearer" in cell(updated, "03_gap")["source"]
    )
    assert (
        cell(updated, "03_written")["attachments"]
        and "My answer" in cell(updated, "03_written")["source"]
    )
    assert "NotImplementedError" in "".join(cell(updated, "03_three_forms_answer")["source"]), (
        "a stub is not an answer"
    )
    assert "NotImplementedError" in "".join(cell(updated, "03_new_answer")["source"])
    assert (
        updated["cells"][-1]["source"] == "print('tried it')"
        and "earlier copy" in updated["cells"][-2]["source"]
    )
    assert bring_up_to_date(released.parent, work) == [], "offered once"


def test_each_change_is_offered_beside_the_last(course: tuple[Path, Path, Path]) -> None:
    released, work, mine = course
    answer(mine)
    change(released / NAME)
    bring_up_to_date(released.parent, work)
    new = read(released / NAME)
    cell(new, "03_gap")["source"] = 'check("03_gap", elbo_and_gap)  # clearer still'
    write(released / NAME, new)
    (line,) = bring_up_to_date(released.parent, work)
    assert f"{UNIT}_problems.updated-2.ipynb" in line and len(list(mine.parent.iterdir())) == 3


def test_new_words_between_exercises_leave_a_half_done_copy_alone(
    course: tuple[Path, Path, Path],
) -> None:
    released, work, mine = course
    answer(mine)
    new = read(released / NAME)
    new["cells"].insert(
        3, {"cell_type": "markdown", "id": "words", "metadata": {}, "source": "A better hint."}
    )
    write(released / NAME, new)
    assert bring_up_to_date(released.parent, work) == [] and len(list(mine.parent.iterdir())) == 1


def test_a_copy_from_before_there_was_a_memory(course: tuple[Path, Path, Path]) -> None:
    released, work, mine = course
    answer(mine)
    (work / ".released.json").unlink()
    before = mine.read_bytes()
    assert bring_up_to_date(released.parent, work) == [] and mine.read_bytes() == before


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"cells": 3}', '{"cells": [{"metadata": {"nbgrader": 7}}]}']
)
def test_a_damaged_copy_is_kept_and_the_new_one_laid_beside_it(
    course: tuple[Path, Path, Path], damage: str
) -> None:
    released, work, mine = course
    mine.write_text(damage)
    change(released / NAME)
    bring_up_to_date(released.parent, work)
    assert mine.read_text() == damage
    assert mine.with_name(f"{UNIT}_problems.updated.ipynb").read_bytes() == copied(released / NAME)


def test_carrying_over_an_untouched_copy_changes_nothing(course: tuple[Path, Path, Path]) -> None:
    notebook = read(course[2])
    assert carry_over(copy.deepcopy(notebook), copy.deepcopy(notebook)) == notebook


def test_any_half_done_copy_keeps_every_answer(course: tuple[Path, Path, Path]) -> None:
    """Whichever exercises were answered: each answer is in the new notebook, letter for letter."""
    rng = random.Random(0)
    base = read(course[2])
    names = [
        c["metadata"]["nbgrader"]["grade_id"]
        for c in base["cells"]
        if c["metadata"].get("nbgrader", {}).get("solution")
    ]
    for _ in range(20):
        mine = copy.deepcopy(base)
        chosen = rng.sample(names, rng.randint(1, len(names)))
        for name in chosen:
            cell(mine, name)["source"] = f"# answer {rng.random()}"
        new = carry_over(copy.deepcopy(base), copy.deepcopy(mine))
        assert all(cell(new, name)["source"] == cell(mine, name)["source"] for name in chosen)
        assert len(new["cells"]) == len(base["cells"])


# -- lectures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lecture(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The course, the learner's folder, and the learner's copy of a lecture with links."""
    links = "[set](../notebooks/03_elbo/03_elbo.ipynb), [next](06_reparametrization.ipynb#heading=1.-Why)"
    cells = [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": links}]
    cells += [{"cell_type": "code", "id": "b", "metadata": {}, "source": "1 + 1", "outputs": [], "execution_count": None}]  # fmt: skip
    (tmp_path / "lectures").mkdir()
    write(tmp_path / "lectures" / f"{UNIT}.ipynb", {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})  # fmt: skip
    work = tmp_path / "work"
    assert bring_up_to_date(tmp_path, work) == [f"work/{LECTURE}: copied"]
    return tmp_path, work, work / LECTURE


def update(root: Path) -> None:
    new = read(root / "lectures" / f"{UNIT}.ipynb")
    new["cells"][1]["source"] = "2 + 2"
    write(root / "lectures" / f"{UNIT}.ipynb", new)


def test_links_of_a_copied_lecture_lead_to_copies(lecture: tuple[Path, Path, Path]) -> None:
    source = read(lecture[2])["cells"][0]["source"]
    assert "](../03_elbo/03_elbo_problems.ipynb)" in source
    assert "](../06_reparametrization/06_reparametrization.ipynb#heading=1.-Why)" in source


def test_a_lecture_that_was_only_run_follows_the_course(lecture: tuple[Path, Path, Path]) -> None:
    root, work, mine = lecture
    ran = read(mine)
    ran["cells"][1]["execution_count"] = 7
    ran["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    write(mine, ran)
    before = mine.read_bytes()
    assert bring_up_to_date(root, work) == [] and mine.read_bytes() == before
    update(root)
    (line,) = bring_up_to_date(root, work)
    assert "had not changed it" in line and read(mine)["cells"][1]["source"] == "2 + 2"


def test_a_lecture_that_was_written_in_is_kept_and_the_new_one_laid_beside_it(
    lecture: tuple[Path, Path, Path],
) -> None:
    root, work, mine = lecture
    own = read(mine)
    own["cells"][1]["source"] = "1 + 1  # my note"
    write(mine, own)
    update(root)
    before = mine.read_bytes()
    (line,) = bring_up_to_date(root, work)
    assert f"{UNIT}.updated.ipynb" in line and "answers" not in line
    assert mine.read_bytes() == before
    assert read(mine.with_name(f"{UNIT}.updated.ipynb"))["cells"][1]["source"] == "2 + 2"
    assert bring_up_to_date(root, work) == [], "said once"


def test_a_problem_set_under_its_earlier_name_is_renamed_with_what_is_written_in_it(
    course: tuple[Path, Path, Path],
) -> None:
    released, work, mine = course
    answer(mine)
    old = mine.with_name(f"{UNIT}.ipynb")
    mine.rename(old)
    memory = read(work / ".released.json")
    write(work / ".released.json", {NAME: memory[MINE]})
    before = old.read_bytes()
    (released.parent / "lectures").mkdir()
    write(released.parent / "lectures" / f"{UNIT}.ipynb", {"cells": []})
    told = bring_up_to_date(released.parent, work)
    assert f"is now called {UNIT}_problems.ipynb" in told[0] and f"work/{LECTURE}: copied" in told
    assert mine.read_bytes() == before and read(old) == {"cells": []}


def test_copies_as_they_were_made_are_signed_and_changed_ones_are_not(
    lecture: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed: list[str] = []
    monkeypatch.setattr("nbformat.sign.NotebookNotary.sign", lambda self, nb: signed.append(nb.cells[1].source))  # fmt: skip
    root, work, mine = lecture
    trust(work)
    trust(work)
    assert signed == ["1 + 1"]
    own = read(mine)
    own["cells"][1]["source"] = "strange()"
    write(mine, own)
    update(root)
    bring_up_to_date(root, work)
    trust(work)
    assert signed == ["1 + 1"]
