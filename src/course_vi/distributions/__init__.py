"""Every density of the course: what families, models and outputs are made of."""

from course_vi.distributions.chains import BackwardChain, DiscreteChain
from course_vi.distributions.conjugate import NormalWishart
from course_vi.distributions.density import (
    HALF_LOG_TWO_PI,
    Conditional,
    Density,
    Drawn,
    Freezable,
    HasMean,
    Printed,
    Reparametrized,
    Seeded,
    Transported,
    broadcast,
    is_freezable,
)
from course_vi.distributions.discrete import BernoulliVector, Enumerated, OneHotVector
from course_vi.distributions.from_torch import BuiltDensity, TorchDensity
from course_vi.distributions.normal import CholeskyNormal, DiagonalNormal, FactorNormal, as_density
from course_vi.distributions.planar import PlanarNormal
from course_vi.distributions.positive import BetaVector, GammaVector
from course_vi.distributions.sampling import choose, draw, stream
from course_vi.distributions.sparse_normal import SparseNormal

__all__ = [
    "BackwardChain",
    "BernoulliVector",
    "BetaVector",
    "BuiltDensity",
    "CholeskyNormal",
    "Conditional",
    "Density",
    "DiagonalNormal",
    "DiscreteChain",
    "Drawn",
    "Enumerated",
    "FactorNormal",
    "Freezable",
    "GammaVector",
    "HALF_LOG_TWO_PI",
    "HasMean",
    "NormalWishart",
    "OneHotVector",
    "PlanarNormal",
    "Printed",
    "Reparametrized",
    "Seeded",
    "SparseNormal",
    "TorchDensity",
    "Transported",
    "as_density",
    "broadcast",
    "choose",
    "draw",
    "is_freezable",
    "stream",
]
