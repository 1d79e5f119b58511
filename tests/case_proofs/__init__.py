"""What is right, derived once more and without the autograder: each case of `tests/cases` is held against it.

`PROOFS[exercise](answer)` returns what is wrong with an answer, in a few words, or "". The inputs visit the hard sides on purpose:
arguments are compared after each call, each is varied, and gradients are pulled back with unequal weights.
"""

from case_proofs import unit_00, unit_01, unit_03, unit_06, unit_09, unit_11, unit_13
from case_proofs.tools import Proof

__all__ = ["PROOFS"]

PROOFS: dict[str, Proof] = {}
for unit in (unit_00, unit_01, unit_03, unit_06, unit_09, unit_11, unit_13):
    PROOFS |= unit.PROOFS
