"""Mixed models with slopes, nested and crossed factors, ML and REML: against dense Gaussians, and equal to statsmodels."""

from __future__ import annotations

import math
import time

import pytest
import torch
from fixtures import recorded
from oracles import DOUBLE, generator, randn
from torch.distributions import MultivariateNormal

from course_vi.learning import fit_mixed_model
from course_vi.models import LinearMixedModel

THEIRS = recorded("statistics")
DATA, ORACLE = THEIRS["mixed models"], f"= statsmodels {THEIRS['versions']['statsmodels']}"


def covariance(size: int, seed: int) -> torch.Tensor:
    root = randn(size, size, seed=seed)
    return root @ root.mT / size + 0.3 * torch.eye(size)


MODELS = {
    "slopes": lambda: LinearMixedModel([5], randn(3, seed=0), [covariance(3, 1)], 0.5, [(1, 2)]),
    "slopes in the second of two": lambda: LinearMixedModel(
        [6, 4], randn(3, seed=0), [0.7, covariance(2, 2)], 0.5, [(), (2,)]
    ),
    "three that cross": lambda: LinearMixedModel(
        [3, 5, 2], randn(3, seed=0), [covariance(2, 2), 0.7, [0.4, 0.9]], 0.5, [(1,), (), (2,)]
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_against_the_dense_gaussian(name, evidence):
    """Evidence, posterior, errors of fixed and random effects, REML: from the covariance V of all responses."""
    model = MODELS[name]()
    x, z = model.sample(30, generator(0))
    design, start = torch.zeros(30, model.latent_dim, dtype=DOUBLE), 0
    for f, (count, columns) in enumerate(zip(model.levels, model.slopes, strict=True)):
        kinds = torch.nn.functional.one_hot(x[:, 3 + f].long(), count).double()
        own = torch.cat([torch.ones(30, 1), x[:, list(columns)]], -1)
        design[:, start : start + count * own.shape[1]] = (
            kinds.unsqueeze(-1) * own.unsqueeze(1)
        ).flatten(1)
        start += count * own.shape[1]
    blocks = [
        root @ root.mT
        for root, count in zip(model.random_roots(), model.levels, strict=True)
        for _ in range(count)
    ]
    prior = torch.block_diag(*blocks).detach()
    v = design @ prior @ design.mT + 0.25 * torch.eye(30)
    c, y = x[:, :3], x[:, -1]
    information = c.mT @ torch.linalg.solve(v, c)
    best = torch.linalg.solve(information, c.mT @ torch.linalg.solve(v, y))
    normal = MultivariateNormal(torch.zeros(30, dtype=DOUBLE), v)
    gain = torch.linalg.solve(v, design @ prior).mT
    spread = prior - gain @ design @ prior
    found, posterior = model.effects(x), model.posterior(x)
    draws = randn(2, 3, model.latent_dim, seed=3)
    flat = math.log(2 * math.pi) * 1.5 - 0.5 * information.logdet()
    errors = [
        model.log_evidence(x) - normal.log_prob(y - c @ model.fixed),
        model.profile(model.sums(x)).log_evidence - normal.log_prob(y - c @ best),
        model.restricted_log_evidence(x) - normal.log_prob(y - c @ best) - flat,
        posterior.mean - gain @ (y - c @ model.fixed),
        posterior.covariance_matrix - spread,
        found.fixed - best,
        found.fixed_errors - torch.linalg.inv(information).diagonal().sqrt(),
        found.random - gain @ (y - c @ best),
        found.random_errors - spread.diagonal().sqrt(),
        model.log_joint(x, draws) - posterior.log_prob(draws) - model.log_evidence(x),
        model.prior().log_prob(draws) - model.log_prior(draws),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-10 and z.shape == (model.latent_dim,)
    evidence(
        "models.LinearMixedModel, random slopes, crossed: ML, REML, errors",
        "dense Gaussian of all responses",
        error=worst,
    )


def rows(*factors: str) -> torch.Tensor:
    columns = [torch.ones_like(DATA["y"]), DATA["c"], *(DATA[f] for f in factors), DATA["y"]]
    return torch.stack(columns, -1)


CASES = {
    "slopes": (("g",), [12], [(1,)]),
    "nested": (("g", "inner"), [12, 24], None),
    "crossed": (("g", "item"), [12, 8], None),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("criterion", ["ml", "reml"])
def test_statsmodels(name, criterion, evidence):
    """At the parameters of their fit: the likelihood and the errors of the fixed effects; and our own fit is no lower."""
    factors, levels, slopes = CASES[name]
    x, o = rows(*factors), DATA[f"{name}, {criterion}"]
    parts = {
        "slopes": lambda: [o["covariance"]],
        "nested": lambda: [
            o["covariance"].flatten().sqrt()[0].item(),
            o["components"].sqrt()[0].item(),
        ],
        "crossed": lambda: [max(v, 1e-12) ** 0.5 for v in o["components"].tolist()],
    }[name]()
    model = LinearMixedModel(levels, o["fixed"], parts, o["noise_variance"].sqrt().item(), slopes)
    restricted = criterion == "reml"
    value = model.restricted_log_evidence(x) if restricted else model.log_evidence(x)
    error = abs(value.item() - o["log_likelihood"].item())
    estimates = model.effects(x)
    error = max(error, (estimates.fixed - o["fixed"]).abs().max().item())
    if name == "slopes":
        error = max(error, (estimates.random.view(12, 2) - o["effects"]).abs().max().item())
    assert error < 1e-6
    ratio = estimates.fixed_errors / o["standard_errors"]
    room = (
        2e-3 if name == "slopes" else 0.03
    )  # theirs come from the Hessian, with components of the whole of it
    assert bool(((ratio - 1).abs() < room).all())
    ours = LinearMixedModel(levels, torch.zeros(2, dtype=DOUBLE), [1.0] * len(levels), 1.0, slopes)
    fitted = fit_mixed_model(ours, x, restricted)
    assert fitted.value > o["log_likelihood"] - 1e-6 and fitted.slope < 1e-3
    evidence(f"models.LinearMixedModel, {name}, {criterion.upper()}", ORACLE, error=error)


def test_the_slope_of_reml():
    """By differences, in every parameter but the fixed effects, which play no part."""
    model = MODELS["three that cross"]()
    x, _ = model.sample(40, generator(1))
    named = {name: part for name, part in model.named_parameters() if name != "fixed"}
    slopes = torch.autograd.grad(model.restricted_log_evidence(x), list(named.values()))
    for part, slope in zip(named.values(), slopes, strict=True):
        with torch.no_grad():
            flat = part.view(-1)
            flat[-1] += 1e-5
            above = model.restricted_log_evidence(x)
            flat[-1] -= 2e-5
            below = model.restricted_log_evidence(x)
            flat[-1] += 1e-5
        assert slope.flatten()[-1].item() == pytest.approx(
            ((above - below) / 2e-5).item(), abs=1e-6
        )


def test_many_rows_and_levels():
    """20,000 rows, 1,000 levels: a dense table of rows by levels would take seconds and 160 MB."""
    model = LinearMixedModel([1000], randn(2, seed=0), [0.8], 0.5)
    x, _ = model.sample(20_000, generator(0))
    begin = time.process_time()
    model.log_evidence(x).backward()
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(
    "change, message",
    [
        ({"slopes": [(2,)]}, "slopes is"),
        ({"slopes": [(1,), ()]}, "slopes is"),
        ({"random_scales": [[1.0]]}, "expected 2 positive numbers"),
        ({"random_scales": [-torch.eye(2)]}, r"expected a covariance \(2, 2\)"),
    ],
)
def test_refusals(change, message):
    right = {"levels": [3], "fixed": torch.zeros(2), "random_scales": [1.0], "slopes": [(1,)]}
    with pytest.raises(ValueError, match=message):
        LinearMixedModel(**{**right, **change})
    with pytest.raises(TypeError, match="p is a Linear; expected a LinearMixedModel"):
        fit_mixed_model(torch.nn.Linear(1, 1), torch.zeros(1, 1))
