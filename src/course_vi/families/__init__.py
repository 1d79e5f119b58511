"""Families q(z | x): which posteriors can they express?"""

from course_vi.families.amortized import Amortized
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.families.asvi import ASVI
from course_vi.families.base import Family, batch_shape
from course_vi.families.discrete import BernoulliMeanField, CategoricalMeanField
from course_vi.families.draw import DrawNets, draw_posterior
from course_vi.families.flow import Flow
from course_vi.families.from_distribution import FromDistribution
from course_vi.families.gamma import BetaMeanField, GammaMeanField
from course_vi.families.gaussian import FactorCovariance, FullRank, MeanField
from course_vi.families.global_local import GlobalLocal
from course_vi.families.layered import Layered
from course_vi.families.per_datum import PerDatum
from course_vi.families.planar import Planar
from course_vi.families.sequences import MarkovNets, markov_posterior
from course_vi.families.sets import (
    SetPosterior,
    StatisticNets,
    process_posterior,
    statistician_posterior,
)
from course_vi.families.sparse_precision import SparsePrecision
from course_vi.families.transformed import (
    Affine,
    Bijector,
    Blocks,
    Cholesky,
    Exp,
    Sigmoid,
    Softmax,
    Softplus,
    Transformed,
)
from course_vi.graph.sparsity import banded, fill_in, pattern_from_graph
from course_vi.nets import SetEncoder

__all__ = [
    "ASVI",
    "Affine",
    "Amortized",
    "Ancestral",
    "BernoulliMeanField",
    "BetaMeanField",
    "Bijector",
    "Blocks",
    "CategoricalMeanField",
    "Cholesky",
    "Conditionals",
    "DrawNets",
    "Exp",
    "FactorCovariance",
    "Family",
    "Flow",
    "FromDistribution",
    "FullRank",
    "GammaMeanField",
    "GlobalLocal",
    "Layered",
    "MarkovNets",
    "MeanField",
    "PerDatum",
    "Planar",
    "SetEncoder",
    "SetPosterior",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SparsePrecision",
    "StatisticNets",
    "Transformed",
    "banded",
    "batch_shape",
    "fill_in",
    "draw_posterior",
    "markov_posterior",
    "pattern_from_graph",
    "process_posterior",
    "statistician_posterior",
]
