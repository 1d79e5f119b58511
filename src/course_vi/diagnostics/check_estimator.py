r"""Is a gradient estimator unbiased? A test whose false-alarm rate and power are stated, for anybody's estimator."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from scipy.special import stdtrit  # quantiles of Student's t, without all of scipy.stats
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.contracts.report import Finding, Report
from course_vi.families.base import Family
from course_vi.gradients import reparametrized, score_function
from course_vi.gradients.bound_structure import Bound
from course_vi.models.base import Model

__all__ = ["Comparison", "EstimatorReport", "check_estimator", "compare"]


class Comparison(NamedTuple):
    """Two means with an error each, entry by entry: the difference, its error, and the largest error that chance explains."""

    bias: Tensor
    standard_error: Tensor
    threshold: float
    detectable: Tensor


class EstimatorReport(Report):
    """A report with its numbers.

    Attributes:
        bias, standard_error: of the mean gradient, and of the value under the name ``bound``, ``{name: tensor}``.
        variance: of *one* estimate, ``{name: tensor}``.
        detectable: the bias that would be found with the power asked for, ``{name: tensor}``.
        false_alarm: the chance that an unbiased estimator fails, all entries together.
    """

    bias: dict[str, Tensor]
    standard_error: dict[str, Tensor]
    variance: dict[str, Tensor]
    detectable: dict[str, Tensor]
    false_alarm: float


def compare(
    samples: Tensor,
    wanted: Tensor,
    wanted_error: Tensor,
    false_alarm: float,
    power: float,
    dof: int,
) -> Comparison:
    """Student's test for each column of ``samples: (R, n)``, at level ``false_alarm / n`` by Bonferroni."""
    count, size = samples.shape
    mean = samples.mean(0)
    error = torch.hypot(samples.std(0) / math.sqrt(count), wanted_error)
    error = error.clamp(min=1e-6).maximum(
        1e-6 * mean.abs()
    )  # rounding, where nothing is left to chance
    threshold = -float(stdtrit(dof, false_alarm / (2 * size)))
    return Comparison(
        mean - wanted, error, threshold, (threshold + float(stdtrit(dof, power))) * error
    )


def check_estimator(
    estimator: Any,
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    *,
    exact: dict[str, Tensor] | None = None,
    replicates: int = 400,
    false_alarm: float = 1e-3,
    power: float = 0.9,
    seed: int = 0,
) -> EstimatorReport:
    r"""Bias and variance of an estimator's gradient and value, against exact answers or an estimator that is unbiased by construction.

    Without ``exact`` the reference is ``gradients.reparametrized`` (the total derivative), or ``score_function`` where z has no path, with
    four times the replicates.

    **False alarms**: Student's t for each of the n entries at level ``false_alarm / n``: an unbiased estimator fails with probability
    ``false_alarm`` or less, over the seeds; at one seed the answer does not change. The level is that of normal means: at a few
    hundred replicates it holds for gradients with finite variance and moderate skewness. **Power**: a bias of ``detectable``, in any
    entry, is found with probability ``power`` or more; the report says how large that is. What is smaller may pass.

    Args:
        estimator: any callable with the signature of ``gradients.reparametrized`` that returns a value with a gradient: a surrogate. Its
            randomness may come from ``generator`` or from torch's global one, which is seeded, and left as it was.
        p, q, x, num_samples, bound: what it is asked about. Batches are summed.
        exact: gradients by name, as in ``q.named_parameters()``, with ``p.`` in front for the model's; ``bound`` for the value. Only these
            are compared.

    >>> from course_vi.families import MeanField
    >>> from course_vi.gradients import sticking_the_landing
    >>> from course_vi.models import ConjugateToy
    >>> check_estimator(sticking_the_landing, ConjugateToy(), MeanField(1), torch.tensor([2.0]), replicates=100).ok
    True
    """
    validate.positive_integer("replicates", replicates)
    if replicates < 20:
        raise ValueError(f"replicates is {replicates}; expected 20 or more, to know a variance")
    if not 0 < false_alarm < 1 or not 0 < power < 1:
        raise ValueError(
            f"false_alarm is {false_alarm} and power is {power}; expected numbers between 0 and 1"
        )
    parameters = {
        **{name: v for name, v in q.named_parameters() if v.requires_grad},
        **{f"p.{name}": v for name, v in p.named_parameters() if v.requires_grad},
    }
    before = {name: id(value) for name, value in parameters.items()}
    asked = (p, q, x, num_samples, bound)
    samples = _gradients(estimator, parameters, asked, replicates, seed)
    names, sizes = ["bound", *parameters], [1, *(v.numel() for v in parameters.values())]
    if exact is None:
        trusted = reparametrized if q.reparametrized else score_function
        reference = _gradients(trusted, parameters, asked, 4 * replicates, seed + 1)
        wanted, error = reference.mean(0), reference.std(0) / math.sqrt(len(reference))
        kept, against = names, f"{trusted.__name__}, {4 * replicates} replicates"
    else:
        if unknown := sorted(set(exact) - set(names)):
            raise ValueError(
                f"exact names {', '.join(unknown)}; expected some of {', '.join(names)}"
            )
        kept, against = [name for name in names if name in exact], "the exact answer"
        wanted = torch.cat([exact[name].detach().double().reshape(-1) for name in kept])
        chosen = [
            name in exact for name, size in zip(names, sizes, strict=True) for _ in range(size)
        ]
        samples, error = samples[:, torch.tensor(chosen)], torch.zeros_like(wanted)
    told = compare(samples, wanted, error, false_alarm, power, replicates - 1)
    score = (told.bias / told.standard_error).abs()
    finite = bool(samples.isfinite().all())
    lengths = [sizes[names.index(name)] for name in kept]

    def by_name(values: Tensor) -> dict[str, Tensor]:
        return dict(zip(kept, values.split(lengths), strict=True))

    findings = [Finding("finite", finite, f"{replicates} replicates")]
    for name, part, bias, errors, least in zip(
        kept,
        by_name(score).values(),
        by_name(told.bias).values(),
        by_name(told.standard_error).values(),
        by_name(told.detectable).values(),
        strict=True,
    ):
        worst = int(part.argmax())
        findings.append(
            Finding(
                f"{name} unbiased, against {against}",
                bool((part <= told.threshold).all()),
                f"off by {bias[worst].item():.3g} +- {errors[worst].item():.2g} (|t| {part[worst].item():.1f}, refused beyond "
                f"{told.threshold:.1f}; {least[worst].item():.2g} would be found with probability {power:g})",
            )
        )
    same = all(id(value) == before[name] for name, value in q.named_parameters() if name in before)
    findings.append(Finding("the same parameters before and after", same, f"{len(before)} of them"))
    report = EstimatorReport(getattr(estimator, "__name__", type(estimator).__name__), findings)
    report.bias, report.standard_error = by_name(told.bias), by_name(told.standard_error)
    report.variance, report.detectable = by_name(samples.var(0)), by_name(told.detectable)
    report.false_alarm = false_alarm
    return report


def _gradients(
    estimator: Any, parameters: dict[str, Any], asked: tuple[Any, ...], replicates: int, seed: int
) -> Tensor:
    """Value and gradient of each replicate, ``(R, 1 + n)``, in double precision."""
    p, q, x, num_samples, bound = asked
    rows, values = [], list(parameters.values())
    source = torch.Generator(device=x.device).manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        for _ in range(replicates):
            value = estimator(p, q, x, num_samples, bound=bound, generator=source).sum()
            found = (
                torch.autograd.grad(value, values, allow_unused=True)
                if value.requires_grad
                else [None] * len(values)
            )
            parts = [
                torch.zeros_like(v) if g is None else g for v, g in zip(values, found, strict=True)
            ]
            rows.append(
                torch.cat([value.detach().reshape(1), *(part.reshape(-1) for part in parts)])
            )
    return torch.stack(rows).double()
