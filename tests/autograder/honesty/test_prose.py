"""Numbers in prose: which need a record, and which are none."""

from __future__ import annotations

import pytest

from autograder.honesty.page import Cell
from autograder.honesty.prose import blocks, quoted, supports


def needs(text: str) -> list[str]:
    return [
        one.text
        for block in blocks([Cell(1, False, text)], ["gamma", "rate"])
        for one in quoted(block.text)
    ]


@pytest.mark.parametrize(
    "text, found",
    [
        ("Better by 0.21 ± 0.02 nats.", ["0.21", "0.02"]),
        ("In 12% or 3 per cent of 3,101 cases.", ["12%", "3 per cent", "3,101"]),
        ("It fell from −6.31 to -5.9, by 1.2e-3.", ["6.31", "5.9", "1.2e-3"]),
        ("$0.5 \\pm 0.1$ and $\\tau = 0.9$, $3 \\times 10^{-4}$.", ["0.5", "0.1", "0.9", "3e-4"]),
        ("Ten times better, twice as fast, a tenth of the noise.", ["Ten times", "a tenth of", "twice as"]),
        ("| a | 0.3 |\n|---|---|\n| b | 0.4 |", ["0.3", "0.4"]),
        # ... and what needs none
        ("$z_i \\sim N(0, \\tau^2)$, $\\sum_{i=1}^{20} x_i^2$ and $\\mathbb{R}^{10}$.", []),
        ("See section 3 and units 05 to 09, figure 2, page 17.", []),
        ("Cameron and Trivedi (2005) found it in 1986.", []),
        ("`steps = 400` and\n```\nx = 12.5\n```\n", []),
        ("## 4. Results\n\n1. first\n2. second", []),
        ("[a link](https://somewhere/12.5/x) and a 2-D grid, the 3rd time, 0 or 1.", []),
        ("Twice the steps, twice the 60 steps? Half-width and three seeds.", ["60"]),
        ("# References\n\nA book, 566 pages, 4.5 stars.\n\n## More\n\n7.5 stars.", []),
        ("# References\n\nA book, 566 pages.\n\n# Results\n\n7.5 stars.", ["7.5"]),
    ],
)  # fmt: skip
def test_numbers_that_need_a_record(text, found):
    assert needs(text) == found


def test_a_paragraph_names_its_statements():
    text = "By 0.2 [gamma].\n\nBy 0.3 [gamma, rate], or [see](x) [nobody].\n\nBy 0.4."
    assert [block.names for block in blocks([Cell(1, False, text)], ["gamma", "rate"])] == [
        ("gamma",),
        ("gamma", "rate"),
        (),
    ]


@pytest.mark.parametrize(
    "number, text, held",
    [
        (0.2149, "0.21", True),
        (0.2151, "0.21", False),
        (-0.2149, "by 0.21", True),
        (0.12, "12%", True),
        (0.126, "12%", False),
        (5.9, "6", False),
        (5.9, "about 6", True),
        (4.9, "about 6", False),
        (0.1, "a tenth of", True),
        (0.2, "a tenth of", False),
        (2.3, "twice as", True),
        (3.1, "twice as", False),
        (0.95, "0.95", True),
        (3.04e-4, "3e-4", True),
        (3.6e-4, "3e-4", False),
    ],
)
def test_a_record_holds_a_number_to_the_digits_quoted(number, text, held):
    (one,) = quoted(text)
    assert supports([number], one) is held
