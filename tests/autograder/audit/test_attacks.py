"""The corpus of attacks: each says what it deserves, and gets that; nobody else is touched, nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from sampled import seldom

from autograder.audit.attack import attacks
from autograder.audit.attack_page import page as page_of
from autograder.audit.attack_run import CLAIMS, SCRIPT, Outcome, grade_attacks
from autograder.execution import levels
from autograder.grading.class_folder import Classroom
from autograder.grading.result import Result


def test_the_corpus_is_large_and_of_every_kind() -> None:
    names = [attack.name for attack in attacks()]
    kinds = {name.split("_")[0] for name in names}
    assert len(names) >= 40 and kinds == {
        "file",
        "ipython",
        "reply",
        "find",
        "write",
        "jail",
        "use",
        "die",
        "page",
        "honest",
    }
    full = max(sum(attack.honest.values()) for attack in attacks())
    for attack in attacks():
        assert len(attack.says) > 10 and 0 <= sum(attack.honest.values()) <= full
        assert attack.name.startswith("honest") <= (sum(attack.honest.values()) == full)


@pytest.mark.parametrize(("text", "fault"), [
    ('"""Says."""\n', "does not begin"),
    ('"""Says.\n\nbase: solved\nhonest: all but 03_nothing\nstock: run\n"""\n# %% top\n1\n', "unknown exercises: 03_nothing"),
    ('"""Says.\n\nbase: solved\nhonest: all\nstock: run\n"""\n1\n', "belongs nowhere"),
    ('"""Says.\n\nbase: solved\nhonest: all\nstock: run\n"""\n# %% nowhere\n1\n', "belongs nowhere"),
])  # fmt: skip
def test_an_attack_that_does_not_say_what_it_should_is_refused(
    tmp_path: Path, text: str, fault: str
) -> None:
    (tmp_path / "one.py").write_text(text)
    with pytest.raises(ValueError, match=fault):
        attacks(tmp_path)


def test_what_is_looked_for_can_be_found() -> None:
    assert CLAIMS.search("x\nGOT THROUGH the wall") and not CLAIMS.search("it held")
    for page in (
        "<script>alert('vi')</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">',
    ):
        assert SCRIPT.search(page)
    assert not SCRIPT.search("&lt;script&gt;alert('vi')&lt;/script&gt; onerror= <b>x</b>")


def test_a_page_keeps_what_stock_gave_and_tells_what_ours_does(tmp_path: Path) -> None:
    chosen = [
        attack for attack in attacks() if attack.name in ("page_png", "jail_vsock", "use_memfd")
    ]
    rows = {attack.name: Result(attack.name, dict(attack.honest)) for attack in chosen}
    path = tmp_path / "attacks.md"
    path.write_text(f"| {chosen[2].says} | 7.5 | 0 | 0 |\n", encoding="utf-8")
    outcome = Outcome(Classroom.__new__(Classroom), rows, [])
    text = page_of(outcome, chosen, {"page_png": "3"}, path)
    assert "3 of 3 their honest score" in text and f"| {chosen[1].says} | 3 | 18 | 18 |" in text
    assert f"| {chosen[0].says} | - | 18 | 18 |" in text  # never shown to it
    rows["page_png"] = Result("page_png", {}, "not graded: why")
    text = page_of(Outcome(outcome.group, rows, ["page_png: lost"]), chosen, {}, path)
    assert "2 of 3" in text and "page_png: lost." in text and "| not graded: why |" in text


@pytest.mark.slow
@pytest.mark.parametrize("one_in", [3, pytest.param(1, marks=pytest.mark.everything)])
def test_every_attack_gets_its_honest_score(class_folder: Path, one_in: int) -> None:
    """A third of them, or all."""
    every = attacks()
    chosen = [attack for attack in every if not seldom(attack.name, one_in)]
    try:
        outcome = grade_attacks(class_folder, chosen)
    except levels.LevelRefused as refused:
        pytest.skip(f"this machine holds no jail: {refused}")
    assert not outcome.faults, "\n".join(outcome.faults)
    assert {attack.name for attack in chosen} <= set(outcome.rows)
    assert len(every) >= 83 + 30 and len(chosen) >= len(every) / one_in - 10
