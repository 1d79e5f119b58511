"""Gradient estimators: which way is up, and how noisily?

All are called as ``estimator(p, q, x, num_samples, bound=..., generator=None, noise=None)`` and return ``(*B)``: a tensor whose
value is the bound and whose gradient is the estimate.
"""

from course_vi.gradients.analytic import analytic_kl
from course_vi.gradients.baselines import LearnedBaseline, RunningMean
from course_vi.gradients.disarm import disarm
from course_vi.gradients.path import doubly_reparametrized, reparametrized, sticking_the_landing
from course_vi.gradients.rao_blackwell import rao_blackwellized
from course_vi.gradients.rebar import Rebar, Relax
from course_vi.gradients.relaxations import gumbel_softmax, straight_through
from course_vi.gradients.score import score_function, vimco

__all__ = [
    "LearnedBaseline",
    "Rebar",
    "Relax",
    "RunningMean",
    "analytic_kl",
    "disarm",
    "doubly_reparametrized",
    "gumbel_softmax",
    "rao_blackwellized",
    "reparametrized",
    "score_function",
    "sticking_the_landing",
    "straight_through",
    "vimco",
]
