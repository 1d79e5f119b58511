"""Lossless compression: a stack of bits (asymmetric numeral systems), symbols on it, and latents that pay their bits back."""

from course_vi.coding.bits_back import BitsBack
from course_vi.coding.symbols import (
    BernoulliCode,
    CategoricalCode,
    DiscretizedNormalCode,
    Stack,
    SymbolCode,
    UniformCode,
)

__all__ = [
    "BernoulliCode",
    "BitsBack",
    "CategoricalCode",
    "DiscretizedNormalCode",
    "Stack",
    "SymbolCode",
    "UniformCode",
]
