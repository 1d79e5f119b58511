"""One experiment: gradients drawn by the estimator that was chosen, beside what is exact, and what they cost."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from course_vi.bounds import elbo
from course_vi.diagnostics.moments import gradient_samples
from course_vi.diagnostics.signal_to_noise import ratio_to_noise
from course_vi.exact import gauss_hermite
from course_vi.families.base import Family
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
    vimco,
)
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator, draw_noise, log_joint
from course_vi.laboratory.problem import ExactAnswer, Problem, exact_answer, problem, theta_name
from course_vi.laboratory.settings import PATHWISE, Settings
from course_vi.models.base import Model

__all__ = ["FINDINGS", "LIMIT", "GradientReport", "Measurement", "exact_moments", "measure"]

ORDERS = {1: (100, 80), 2: (64, 48)}  # of two quadratures that must agree, by the number of noises
AGREE = 1e-4
LIMIT = 4.5  # standard errors: what is further away is called a bias
NOTHING = 1e-12
FINDINGS = (
    "biased",
    "no bias seen, noise above signal",
    "no bias seen, signal above noise",
    "no bias and no noise",
)


@dataclass(frozen=True)
class GradientReport:
    """What R estimates of one entry of the gradient say.

    Attributes:
        samples: the estimates, ``(R,)``.
        exact: the gradient of the expected bound, which an unbiased estimator has for its mean.
        mean, variance, variance_se: over the replicates; the variance is that of one estimate.
        bias, bias_se: mean minus exact, and the standard error of the mean.
        snr, snr_se: signal to noise, the size of the mean over the standard deviation of one estimate.
        exact_mean, exact_variance: of the estimator itself, by quadrature over its noise, where that has at most two dimensions;
            None elsewhere.
    """

    samples: Tensor
    exact: float
    mean: float
    bias: float
    bias_se: float
    variance: float
    variance_se: float
    snr: float
    snr_se: float
    exact_mean: float | None
    exact_variance: float | None

    @property
    def exact_bias(self) -> float | None:
        """Of the estimator itself, where its mean is known; 0 where it is below the error of that quadrature."""
        if self.exact_mean is None or self.exact_variance is None:
            return None
        bias = self.exact_mean - self.exact
        return bias if abs(bias) > AGREE * math.sqrt(self.exact_variance) + NOTHING else 0.0

    @property
    def silent(self) -> bool:
        """Whether every estimate is the same number, up to rounding."""
        return self.variance < NOTHING

    @property
    def finding(self) -> str:
        """One of ``FINDINGS``: a bias is called one from 4.5 standard errors on, and a signal where it exceeds the noise."""
        if abs(self.bias) > LIMIT * self.bias_se + NOTHING:
            return FINDINGS[0]
        if self.silent:
            return FINDINGS[3]
        return FINDINGS[2 if self.snr > 1 else 1]


@dataclass(frozen=True)
class Measurement:
    """The answer of the laboratory.

    Attributes:
        settings: what was asked.
        exact: evidence, bound and gradient.
        bound, bound_se: the mean of the drawn bounds, and its standard error.
        gradients: by parameter: ``"loc"`` and ``"log_scale"`` of q, and one of the model's, ``"p.loc"`` or ``"p.slopes"``; of each the
            first entry, which speaks for all where coordinates are alike.
        evaluations: values of log p(x, z) that one estimate needs.
        model_gradients: gradients of it in z that one estimate needs.
        seconds: processor time of one estimate among R drawn side by side, as this machine took it.
    """

    settings: Settings
    exact: ExactAnswer
    bound: float
    bound_se: float
    gradients: dict[str, GradientReport]
    evaluations: int
    model_gradients: int
    seconds: float

    @property
    def cost(self) -> int:
        """Values and gradients of log p(x, z) together: by the reverse mode a gradient costs about as much as a value."""
        return self.evaluations + self.model_gradients

    def variance_times_cost(self, name: str) -> float:
        """How much work buys a standard error: the variance left after n evaluations is this number over n."""
        return self.gradients[name].variance * self.cost

    def variance_times_seconds(self, name: str) -> float:
        """The same in seconds of this machine."""
        return self.gradients[name].variance * self.seconds


def measure(
    settings: Settings,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Measurement:
    r"""Draw R gradients, and lay them beside the exact one.

    .. math:: \text{bias} = \bar g - \nabla\, \mathbb E \hat L, \qquad \mathrm{se} = \sqrt{v / R}, \qquad
              \mathrm{SNR} = |\bar g| / \sqrt v

    with mean and variance v over the replicates. The exact gradient is that of the exact bound (``exact_bound``), in double precision on
    the CPU whatever the samples are.

    Args:
        settings: the experiment; it refuses by itself what means nothing.
        dtype, device: of model, q and noise; the noise comes from a generator on that device, seeded with ``settings.seed``.

    Returns:
        A ``Measurement``. The bias has the standard error that is named, the variance one of its own; the SNR is biased upwards where the
        signal is weaker than its standard error.

    >>> answer = measure(Settings(num_samples=8, estimator="doubly reparametrized"))
    >>> loc = answer.gradients["loc"]
    >>> abs(loc.bias) < 4.5 * loc.bias_se, answer.evaluations, answer.model_gradients
    (True, 8, 8)
    """
    p, q, x = problem(settings, dtype, device)
    estimator, exact = _estimator(settings), exact_answer(settings)
    generator = torch.Generator(device).manual_seed(settings.seed)
    values: list[Tensor] = []

    def kept(*args: object, **kwargs: object) -> Tensor:
        value: Tensor = estimator(*args, **kwargs)  # type: ignore[arg-type]
        values.append(value.detach())
        return value

    began = time.process_time()
    drawn = gradient_samples(
        kept, p, q, x, settings.num_samples, settings.replicates, settings.bound_function, generator, "batch"
    )  # fmt: skip
    seconds = (time.process_time() - began) / settings.replicates
    bound = torch.cat(values)
    names = ("loc", "log_scale", theta_name(settings))
    first = {name: drawn[name].flatten(1)[:, 0] for name in names}
    moments = exact_moments(settings)
    evaluations, model_gradients = _count(settings)
    return Measurement(
        settings,
        exact,
        float(bound.mean()),
        float(bound.std()) / math.sqrt(settings.replicates),
        _reports(first, exact, moments),
        evaluations,
        model_gradients,
        seconds,
    )


@torch.no_grad()
def _reports(
    first: dict[str, Tensor], exact: ExactAnswer, moments: dict[str, tuple[float, float]]
) -> dict[str, GradientReport]:
    ratio = ratio_to_noise(first)
    reports = {}
    for name, samples in first.items():
        mean, variance = float(samples.mean()), float(samples.var())
        fourth = float((samples - mean).pow(4).mean())
        known = moments.get(name, (None, None))
        reports[name] = GradientReport(
            samples.cpu(),
            exact.gradient[name],
            mean,
            mean - exact.gradient[name],
            math.sqrt(variance / len(samples)),
            variance,
            math.sqrt(max(fourth - variance**2, 0.0) / len(samples)),
            float(ratio.ratio[name]),
            float(ratio.standard_error[name]),
            known[0],
            known[1],
        )
    return reports


def exact_moments(settings: Settings) -> dict[str, tuple[float, float]]:
    """Mean and variance of the estimator itself, ``{name: (mean, variance)}``, by quadrature over its noise; {} if that is too much.

    The estimator of the library is asked at every node, so nothing is derived anew. One or two noises in all (K D <= 2) can be had; and
    for a linear bound any number, if the path is taken: then estimates are means over K, and coordinates do not meet. Two grids must
    agree to four digits; where they do not, as for a q much wider than the posterior, nothing is said.
    """
    if (
        settings.linear
        and settings.estimator in PATHWISE
        and settings.num_samples * settings.dim > 1
    ):
        one = exact_moments(replace(settings, dim=1, num_samples=1))
        return {
            name: (mean, variance / settings.num_samples) for name, (mean, variance) in one.items()
        }
    fine, rough = (
        _by_quadrature(settings, order)
        for order in ORDERS.get(settings.num_samples * settings.dim, (0, 0))
    )
    return {
        name: (mean, variance)
        for name, (mean, variance) in fine.items()
        if abs(mean - rough[name][0]) <= AGREE * (abs(mean) + math.sqrt(variance))
        and abs(variance - rough[name][1]) <= AGREE * variance + AGREE**3
    }


def _by_quadrature(settings: Settings, order: int) -> dict[str, tuple[float, float]]:
    """Mean and variance over a Gauss-Hermite grid of ``order`` nodes in each noise; {} for no nodes."""
    if not order:
        return {}
    count = settings.num_samples * settings.dim
    points, weights = gauss_hermite(order)
    eps = torch.cartesian_prod(*[points] * count).reshape(-1, settings.dim, settings.num_samples)
    weight = torch.cartesian_prod(*[weights] * count).reshape(len(eps), -1).prod(-1)
    estimator = partial(_estimator(settings), noise=eps.permute(2, 0, 1))
    p, q, x = problem(settings)
    drawn = gradient_samples(
        estimator, p, q, x, settings.num_samples, len(eps), settings.bound_function, None, "batch"
    )
    found = {}
    for name in ("loc", "log_scale", theta_name(settings)):
        g = drawn[name].flatten(1)[:, 0]
        mean = (weight * g).sum()
        found[name] = float(mean), float((weight * (g - mean).square()).sum())
    return found


def _estimator(settings: Settings) -> Estimator:
    if settings.estimator == "score function with baseline":
        return partial(score_function, baseline="leave_one_out") if settings.linear else vimco
    named: dict[str, Estimator] = {
        "score function": score_function,
        "reparametrized": reparametrized,
        "naive landing": sticking_the_landing if settings.linear else _dropped_score,
        "doubly reparametrized": doubly_reparametrized,
    }
    return named[settings.estimator]


def _dropped_score(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """What ``sticking_the_landing`` refuses to do to a bound that is not linear: the score term is dropped all the same."""
    eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
    z = q.transport(eps, x)
    return bound(log_joint(p, x, z) - q.frozen_log_prob(z, x))


def _count(settings: Settings) -> tuple[int, int]:
    """Values and gradients in z of log p(x, z) in one estimate, as the model is asked for them."""
    p, q, x = problem(settings)
    asked = [0, 0]
    value = p.log_joint

    def counted(x: Tensor, z: Tensor) -> Tensor:
        number = math.prod(z.shape[:-1])
        asked[0] += number
        asked[1] += number * z.requires_grad
        return value(x, z)

    p.log_joint = counted  # type: ignore[method-assign]
    one: Problem = Problem(p, q, x)
    _estimator(settings)(*one, settings.num_samples, bound=settings.bound_function)
    return asked[0], asked[1]
