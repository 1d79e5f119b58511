"""Lossless compression: a stack of bits (asymmetric numeral systems), symbols on it, and latents that pay their bits back."""

from course_vi.coding.ans import AnsStack
from course_vi.coding.binned import (
    Bins,
    binned_elbo,
    equal_mass_bins,
    equal_width_bins,
    log_masses,
)
from course_vi.coding.bits_back import BitsBack
from course_vi.coding.metered import Entry, MeteredStack
from course_vi.coding.symbols import (
    BernoulliCode,
    CategoricalCode,
    DiscretizedNormalCode,
    Stack,
    SymbolCode,
    UniformCode,
)

__all__ = [
    "AnsStack",
    "BernoulliCode",
    "Bins",
    "BitsBack",
    "CategoricalCode",
    "DiscretizedNormalCode",
    "Entry",
    "MeteredStack",
    "Stack",
    "SymbolCode",
    "UniformCode",
    "binned_elbo",
    "equal_mass_bins",
    "equal_width_bins",
    "log_masses",
]
