"""The page of evidence: a run of some tests replaces their rows alone."""

from __future__ import annotations

from evidence_page import HEAD, PAGE, written


def test_rows_are_read_as_they_are_written():
    """Also where a name holds a bar, as KL(q | p) does."""
    rows = "| gap | toy: KL(q | posterior) |  | 1.7 |  |\n| renyi | by hand | 9e-16 |  | 1.04 +- 0.06 |\n"
    found = written(HEAD + rows)
    assert found["| gap | toy: KL(q | posterior) |"] == "  | 1.7 |  |"
    assert "".join(f"{name}{numbers}\n" for name, numbers in found.items()) == rows


def test_the_page_survives_being_read():
    page = PAGE.read_text()
    found = written(page)
    assert page == page.split("|---|---|---|---|---|\n")[0] + "|---|---|---|---|---|\n" + "".join(
        f"{name}{found[name]}\n" for name in found
    )
