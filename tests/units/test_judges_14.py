"""The judges of lecture 14: the exact posterior of eight schools, NUTS beside it, and what is said of abilities that are known."""

from __future__ import annotations

import pytest
import torch
from pyro import poutine

from course_vi.experiments import eight_schools, rasch

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


def test_learned_difficulties_are_where_the_likelihood_is_flat() -> None:
    asked = rasch.answers(12, 5, seed=1)
    theta = rasch.learned(asked.x).requires_grad_()
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(rasch.LINE)
    value = (rasch.log_likelihood(asked.x, theta, rasch.LINE) + log_prior).logsumexp(-1).sum()
    (slope,) = torch.autograd.grad(value, theta)
    inside = theta.detach().abs() < 5  # a question that all got right has no optimum
    assert inside.any() and slope[inside].abs().max() < 1e-3


def test_what_is_said_of_abilities_at_the_true_difficulties_is_calibrated() -> None:
    """Averaged over data sets made by the model, nine tenths of the abilities lie within the central nine tenths."""
    covered = torch.tensor(
        [
            rasch.ability(asked, asked.theta)["covered"]
            for asked in (rasch.answers(20, 6, seed) for seed in range(100))
        ]
    )
    assert abs(covered.mean() - 0.9) < 4.5 * covered.std() / 10


@pytest.mark.slow
def test_nuts_agrees_with_the_grid_where_it_can() -> None:
    log_tau, weight = eight_schools.posterior_of_log_tau(Y, SIGMA)
    found, _ = eight_schools.run_nuts(eight_schools.non_centred, 0, 200, 300, Y, SIGMA)
    assert abs(found["tau"].log().mean() - weight @ log_tau) < 0.6


def test_the_density_that_chains_walk_on_is_that_of_the_program() -> None:
    asked = rasch.answers(4, 3, seed=2)
    at = torch.randn(2, 7, generator=torch.Generator().manual_seed(3), dtype=DOUBLE)
    for row, found in zip(at, rasch.log_joint(asked.x, at), strict=True):
        given = {"z": row[:4].unsqueeze(-1), "theta": row[4:]}
        program = poutine.condition(rasch.rasch, data=given)
        torch.testing.assert_close(poutine.trace(program).get_trace(asked.x).log_prob_sum(), found)


@pytest.mark.parametrize("around_mu", [True, False])
def test_chains_on_eight_schools_walk_on_the_density_of_the_program(around_mu: bool) -> None:
    at = torch.randn(3, 10, generator=torch.Generator().manual_seed(4), dtype=DOUBLE)
    model = eight_schools.centred if around_mu else eight_schools.non_centred
    for row, found in zip(at, eight_schools.log_posterior(at, Y, SIGMA, around_mu), strict=True):
        given = {"mu": row[0], "tau": row[1].exp(), "theta" if around_mu else "eps": row[2:]}
        trace = poutine.trace(poutine.condition(model, data=given)).get_trace(Y, SIGMA)
        torch.testing.assert_close(trace.log_prob_sum() + row[1], found)
