"""What a learner chooses in the laboratory: a model, a q at a distance, a bound, and an estimator; and which choices exist."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from course_vi import validate
from course_vi.bounds import elbo, iwae, renyi
from course_vi.gradients.bound_structure import Bound, bound_name, is_iwae, is_linear

__all__ = ["BOUNDS", "ESTIMATORS", "MODELS", "PATHWISE", "Settings", "affordable_replicates"]

MODELS = ("linear Gaussian", "two Bernoullis")
BOUNDS = ("ELBO", "IWAE", "Rényi")
ESTIMATORS = (
    "score function",
    "score function with baseline",
    "reparametrized",
    "naive landing",
    "doubly reparametrized",
)
PATHWISE = ESTIMATORS[2:]
MOST_DIMS, MOST_SAMPLES = 64, 256
NUMBERS = 1_000_000  # log weights and latents that an answer in well under a second can afford


@dataclass(frozen=True)
class Settings:
    r"""One experiment of the laboratory.

    Args:
        model: ``"linear Gaussian"``, z ~ N(theta, I), x | z ~ N(z, I), at theta = 0 and x = (2, ..., 2): the toy of the course, with its
            prior mean to learn; or ``"two Bernoullis"``, whose posterior has no closed form, at x = (1, 1).
        dim: D; the two Bernoullis have one latent.
        shift: how far the mean of q lies from that of the posterior, in posterior standard deviations, in every coordinate.
        scale: the standard deviation of q over that of the posterior, in every coordinate.
        bound: ``"ELBO"``, ``"IWAE"`` or ``"Rényi"``.
        alpha: of the Rényi bound; unused by the others.
        num_samples: K.
        estimator: one of ``ESTIMATORS``. The baseline is leave-one-out for a linear bound, and VIMCO for IWAE; the naive landing drops
            the score term whatever the bound.
        replicates: R, how many independent estimates are drawn.
        seed: of their noise.

    Raises:
        TypeError, ValueError: a choice that does not exist, a number out of range, or a combination that means nothing; the message
            names the argument.

    >>> Settings(num_samples=8, estimator="doubly reparametrized").bound
    'IWAE'
    >>> Settings(num_samples=1, estimator="score function with baseline")
    Traceback (most recent call last):
    ...
    ValueError: num_samples is 1 with estimator 'score function with baseline'; expected 2 or more: the baseline reads the other samples
    """

    model: str = "linear Gaussian"
    dim: int = 1
    shift: float = 0.5
    scale: float = 1.0
    bound: str = "IWAE"
    alpha: float = 0.5
    num_samples: int = 8
    estimator: str = "reparametrized"
    replicates: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("model", MODELS), ("bound", BOUNDS), ("estimator", ESTIMATORS)):
            validate.one_of(name, getattr(self, name), choices)
        for name, most in (
            ("dim", MOST_DIMS),
            ("num_samples", MOST_SAMPLES),
            ("replicates", 10**6),
        ):
            value = getattr(self, name)
            validate.positive_integer(name, value)
            if value > most:
                raise ValueError(f"{name} is {value}; expected {most} or fewer")
        if self.replicates < 2:
            raise ValueError(
                f"replicates is {self.replicates}; expected at least 2 to estimate a variance"
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed is {self.seed!r}; expected a whole number, 0 or more")
        validate.positive_number("scale", self.scale)
        for name, low, high in (("shift", -5.0, 5.0), ("scale", 0.1, 4.0), ("alpha", -4.0, 4.0)):
            _between(name, getattr(self, name), low, high)
        self._refuse_what_means_nothing()

    def _refuse_what_means_nothing(self) -> None:
        if self.model == "two Bernoullis" and self.dim != 1:
            raise ValueError(
                f"dim is {self.dim} with model 'two Bernoullis'; expected 1: it has one latent"
            )
        if self.estimator == "score function with baseline":
            if self.num_samples < 2:
                raise ValueError(
                    f"num_samples is {self.num_samples} with estimator {self.estimator!r}; expected 2 or more: the baseline reads "
                    "the other samples"
                )
            if not (self.linear or is_iwae(self.bound_function, self.num_samples)):
                raise ValueError(
                    f"bound is {bound_name(self.bound_function)} with estimator {self.estimator!r}; expected ELBO or IWAE: "
                    "leave-one-out is for a linear bound and VIMCO for IWAE, and the course has none for another"
                )

    @property
    def bound_function(self) -> Bound:
        """The bound that is climbed, ``(K, *B) -> (*B)``."""
        named: dict[str, Bound] = {"ELBO": elbo, "IWAE": iwae}
        return named.get(self.bound) or partial(renyi, alpha=float(self.alpha))

    @property
    def linear(self) -> bool:
        """Whether the bound is linear in its K log weights: the ELBO, and any bound of one sample."""
        return is_linear(self.bound_function, self.num_samples)

    @property
    def effective_alpha(self) -> float:
        """The bound as a member of Rényi's family: the ELBO is alpha = 1, IWAE alpha = 0."""
        return {"ELBO": 1.0, "IWAE": 0.0}.get(self.bound, float(self.alpha))


def affordable_replicates(dim: int, num_samples: int) -> int:
    """How many replicates an answer in well under a second can afford, from 500 to 4,000 (``benchmarks/laboratory.py`` measures).

    >>> affordable_replicates(1, 8), affordable_replicates(64, 64)
    (4000, 500)
    """
    return max(500, min(4000, NUMBERS // (num_samples * max(dim, num_samples))))


def _between(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}")
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} is {value}; expected a number from {low:g} to {high:g}")
