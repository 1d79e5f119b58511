"""The judges of lecture 14: the exact posterior of eight schools, and NUTS beside it."""

from __future__ import annotations

import pytest
import torch
from pyro import poutine

from course_vi.experiments import eight_schools

DOUBLE = torch.float64
Y, SIGMA = (torch.tensor(part, dtype=DOUBLE) for part in (eight_schools.EFFECTS, eight_schools.ERRORS))  # fmt: skip


def test_both_programs_are_one_model() -> None:
    """At the same (mu, tau, theta) the densities differ by the Jacobian of theta = mu + tau eps, tau^8."""
    mu, tau, theta = torch.tensor(4.0, dtype=DOUBLE), torch.tensor(3.0, dtype=DOUBLE), Y / 2
    given = {"mu": mu, "tau": tau}
    values = []
    for model, more in (
        (eight_schools.centred, {"theta": theta}),
        (eight_schools.non_centred, {"eps": (theta - mu) / tau}),
    ):
        program = poutine.condition(model, data=given | more)
        values.append(poutine.trace(program).get_trace(Y, SIGMA).log_prob_sum())
    torch.testing.assert_close(values[1] - values[0], 8 * tau.log())


def test_the_grid_of_log_tau_agrees_with_importance_sampling() -> None:
    log_tau, weight = eight_schools.posterior_of_log_tau(Y, SIGMA)
    source = torch.Generator().manual_seed(0)
    tau = 5.0 * torch.randn(200_000, generator=source, dtype=DOUBLE) / torch.randn(200_000, generator=source, dtype=DOUBLE)  # fmt: skip
    tau = tau.abs()  # a ratio of normals is Cauchy
    mu = 5.0 * torch.randn(200_000, 1, generator=source, dtype=DOUBLE)
    spread = (SIGMA.square() + tau.square().unsqueeze(-1)).sqrt()
    w = torch.distributions.Normal(mu, spread).log_prob(Y).sum(-1).softmax(0)
    mean = w @ tau.log()
    error = (w.square() @ (tau.log() - mean).square()).sqrt()
    assert abs(mean - weight @ log_tau) < 4.5 * error


@pytest.mark.slow
def test_nuts_agrees_with_the_grid_where_it_can() -> None:
    log_tau, weight = eight_schools.posterior_of_log_tau(Y, SIGMA)
    found, _ = eight_schools.run_nuts(eight_schools.non_centred, 0, 200, 300, Y, SIGMA)
    assert abs(found["tau"].log().mean() - weight @ log_tau) < 0.6
