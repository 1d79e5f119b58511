"""ASVI: exact where the prior's arrows suffice, strictly between the diagonal family and the truth where they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from catalogue import structured
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from scipy.optimize import minimize
from torch import nn
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal
from torch.func import jacrev

from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_samples
from course_vi.families import ASVI, Flow
from course_vi.gradients import doubly_reparametrized, reparametrized, sticking_the_landing
from course_vi.graph import BayesNet, plate

ONE = torch.ones((), dtype=DOUBLE)
SLOPE, MOVE, NOISE, STEPS = 0.8, 0.7, 0.5, 5


def chain():
    """z_1 ~ N(1/2, 1), z_t ~ N(0.8 z_{t-1}, 0.7^2), x_t ~ N(z_t, 0.5^2), with the precision and mean of z given x written out."""
    recipes = {"z0": lambda: Normal(0.5 * ONE, ONE)}
    scope = {"Normal": Normal, "ONE": ONE}
    for t in range(1, STEPS):
        recipes[f"z{t}"] = eval(f"lambda z{t - 1}: Normal({SLOPE} * z{t - 1}, {MOVE} * ONE)", scope)
    for t in range(STEPS):
        recipes[f"x{t}"] = eval(f"lambda z{t}: Normal(z{t}, {NOISE} * ONE)", scope)
    model = BayesNet(**recipes).as_model(
        [f"x{t}" for t in range(STEPS)], [f"z{t}" for t in range(STEPS)]
    )
    x = randn(STEPS, seed=2)
    precision = torch.eye(STEPS, dtype=DOUBLE) / NOISE**2
    precision[0, 0] += 1.0
    for t in range(1, STEPS):
        precision[t, t] += 1 / MOVE**2
        precision[t - 1, t - 1] += SLOPE**2 / MOVE**2
        precision[t, t - 1] = precision[t - 1, t] = -SLOPE / MOVE**2
    shift = x / NOISE**2
    shift[0] += 0.5
    return model, x, torch.linalg.solve(precision, shift), torch.linalg.inv(precision)


def at_the_posterior(model, loc, covariance) -> ASVI:
    """The family's numbers from the forward conditionals of a dense Gaussian."""
    q = ASVI(model).double()
    with torch.no_grad():
        q.spread_trust.fill_(math.log(0.1 / 0.9))  # rho = 1/10 everywhere, lambda_1 = 1/2
        q.loc[0], q.log_scale[0] = (
            2 * (loc[0] - 0.25),
            ((covariance[0, 0].sqrt() - 0.1) / 0.9).log(),
        )
        for t in range(1, STEPS):
            slope = covariance[t, t - 1] / covariance[t - 1, t - 1]
            scale = (covariance[t, t] - slope * covariance[t - 1, t]).sqrt()
            share = slope / SLOPE
            assert 0 < share < 1 and scale > 0.1 * MOVE
            q.trust[t] = torch.logit(share)
            q.loc[t] = (loc[t] - slope * loc[t - 1]) / (1 - share)
            q.log_scale[t] = ((scale - 0.1 * MOVE) / 0.9).log()
    return q


def test_exact_on_a_linear_chain(evidence):
    model, x, loc, covariance = chain()
    q = at_the_posterior(model, loc, covariance)
    z = randn(20, STEPS, seed=5)
    error = (q(x, z) - MultivariateNormal(loc, covariance).log_prob(z)).abs().max()
    assert error < 1e-10
    evidence("families.ASVI", "a linear Gaussian chain: its exact posterior", error=error)
    values = reparametrized(model, q, x, 3, generator=generator(1)).detach()
    joint = model.log_joint(x, loc) - MultivariateNormal(loc, covariance).log_prob(loc)
    assert torch.allclose(values, joint.expand_as(values), atol=1e-9)
    for estimator, bound in ((sticking_the_landing, elbo), (doubly_reparametrized, iwae)):
        found = gradient_samples(
            estimator,
            model,
            q,
            x,
            num_samples=3,
            replicates=10,
            bound=bound,
            generator=generator(0),
            method="loop",
        )
        largest = max(value.abs().max().item() for value in found.values())
        assert set(found) == {"trust", "spread_trust", "loc", "log_scale"} and largest < 1e-9
        evidence(
            f"gradients.{estimator.__name__}, {bound.__name__} (ASVI)",
            "zero at q = posterior: a linear chain",
            error=largest,
        )
    total = gradient_samples(
        reparametrized, model, q, x, replicates=10, generator=generator(0), method="loop"
    )
    assert all(value.var(0).max() > 1e-3 for value in total.values())


def test_between_the_diagonal_family_and_the_truth(evidence):
    """z3 ~ N(z1 + z2, 1/2), x ~ N(z3, 3/10): the arrows into z3 are kept, the coupling of z1 and z2 that x creates is not.

    Oracle: scipy minimizes KL(q || posterior) over all Gaussians of that shape, with slopes of their own.
    """
    net = BayesNet(
        a=lambda: Normal(0 * ONE, ONE),
        b=lambda: Normal(0 * ONE, ONE),
        c=lambda a, b: Normal(a + b, 0.5**0.5 * ONE),
        x=lambda c: Normal(c, 0.3**0.5 * ONE),
    )
    model, x = net.as_model(["x"], ["a", "b", "c"]), torch.tensor([1.7], dtype=DOUBLE)
    precision = torch.tensor(
        [[3.0, 2.0, -2.0], [2.0, 3.0, -2.0], [-2.0, -2.0, 2.0 + 1 / 0.3]], dtype=DOUBLE
    )
    posterior = MultivariateNormal(
        torch.linalg.solve(precision, torch.tensor([0.0, 0.0, 1.7 / 0.3], dtype=DOUBLE)),
        precision_matrix=precision,
    )
    evidence_ = model.log_joint(x, posterior.loc) - posterior.log_prob(posterior.loc)
    mean_field = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))

    def divergence(numbers):
        (v1, v2, v3), (s1, s2) = np.exp(numbers[:3]), numbers[3:]
        root = np.array([[v1**0.5, 0, 0], [0, v2**0.5, 0], [s1 * v1**0.5, s2 * v2**0.5, v3**0.5]])
        inner = np.trace(precision.numpy() @ root @ root.T)
        return 0.5 * (inner - 3 - np.log(v1 * v2 * v3) - np.linalg.slogdet(precision.numpy())[1])

    wanted = minimize(divergence, np.zeros(5), method="BFGS", options={"gtol": 1e-10}).fun
    q = ASVI(model).double()
    optimizer = torch.optim.LBFGS(
        q.parameters(),
        max_iter=500,
        tolerance_grad=1e-12,
        tolerance_change=1e-15,
        line_search_fn="strong_wolfe",
    )

    def loss():
        optimizer.zero_grad()
        loc = q.transport(torch.zeros(3, dtype=DOUBLE))
        root = jacrev(q.transport)(torch.zeros(3, dtype=DOUBLE))
        value = torch.distributions.kl_divergence(
            MultivariateNormal(loc, root @ root.mT), posterior
        )
        value.backward()
        return value

    optimizer.step(loss)
    found = loss().item()
    assert found == pytest.approx(wanted, abs=1e-7) and 0.02 < found < mean_field.item() - 0.1
    evidence(
        "families.ASVI, two causes of one effect",
        "scipy: the best Gaussian with those arrows",
        error=abs(found - wanted),
    )
    value = reparametrized(model, q, x, 20_000, generator=generator(0)).detach()
    log_w = (
        model.log_joint(x, (z := q.sample(20_000, generator=generator(0)))) - q(None, z).detach()
    )
    z_score = mean_z(log_w, evidence_ - wanted)
    assert z_score < LIMIT and torch.allclose(value, log_w.mean())
    evidence(
        "families.ASVI, two causes of one effect", "log evidence minus that divergence", z=z_score
    )


def test_with_all_trust_it_is_the_prior_and_with_none_the_diagonal():
    q = structured()
    with torch.no_grad():
        q.trust.fill_(40.0)
        q.spread_trust.fill_(40.0)
    z = q.sample(6, generator=generator(0))
    model = q.model
    prior = sum(
        value
        for name, value in model.net.log_factors(
            x=torch.zeros(6, dtype=DOUBLE), **model.unpack(z, model.latent)
        ).items()
        if name != "x"
    )
    assert torch.allclose(q(None, z), prior, atol=1e-6)
    with torch.no_grad():
        q.trust.fill_(-40.0)
        q.spread_trust.fill_(-40.0)
    z = q.sample(6, generator=generator(0))
    y = torch.cat([z[:, :2], z[:, 2:3].log(), z[:, 3:]], -1)  # c, c, d > 0, a, b
    wanted = Normal(q.loc, q.log_scale.exp()).log_prob(y).sum(-1) - y[:, 2]
    assert torch.allclose(q(None, z), wanted, atol=1e-9)


def test_data_as_parents_of_latents():
    """A covariate that the prior reads: q is conditional, and one row of a batch is the family of that row."""
    net = BayesNet(
        u=lambda: Normal(torch.zeros(2, dtype=DOUBLE), 1.0),
        z=lambda u: Normal(u.sum(-1), ONE),
        x=lambda z: Normal(z, ONE),
    )
    model = net.as_model(observed=["x", "u"], latent=["z"])
    q, x = ASVI(model).double(), randn(4, 3, seed=0)
    z = q.sample(3, x, generator(0))
    assert z.shape == (3, 4, 1)
    for i in range(4):
        wanted = Normal(0.5 * x[i, 1:].sum(), 1.0).log_prob(z[:, i, 0])
        assert torch.allclose(q(x, z)[:, i], wanted) and torch.allclose(q(x[i], z[:, i]), wanted)
    assert sticking_the_landing(model, q, x, 2, generator=generator(0)).shape == (4,)
    with pytest.raises(
        ValueError, match="x is None; expected the data, because u are parents of latents"
    ):
        q.sample(3)


def test_learned_parameters_of_the_prior_are_constants():
    class Move(nn.Module):
        def __init__(self):
            super().__init__()
            self.slope = nn.Parameter(torch.tensor(0.7, dtype=DOUBLE))

        def forward(self, a):
            return Independent(Normal(self.slope * a.unsqueeze(-1).expand(*a.shape, 2), ONE), 1)

    model = BayesNet(
        a=lambda: Normal(0 * ONE, ONE), b=Move(), x=lambda b: Normal(b.sum(-1), ONE)
    ).as_model(["x"], ["b", "a"])
    q = ASVI(model).double()
    value = reparametrized(model, q, torch.zeros(1, dtype=DOUBLE), 4, generator=generator(0))
    value.backward()
    assert model.net.recipes["b"].slope.grad is not None
    assert {name for name, parameter in q.named_parameters() if parameter.requires_grad} == {
        "loc",
        "log_scale",
        "trust",
        "spread_trust",
    }
    assert all(
        parameter.grad is None
        for name, parameter in q.named_parameters()
        if name.startswith("model.")
    )


def test_refusals():
    with pytest.raises(TypeError, match="model is a Flow; expected a net as a model"):
        ASVI(Flow.__new__(Flow))
    net = BayesNet(a=lambda: Bernoulli(0.5 * ONE), x=lambda a: Normal(a, ONE))
    with pytest.raises(
        TypeError, match="latent a is Bernoulli given its parents; expected Normal or LogNormal"
    ):
        ASVI(net.as_model(["x"], ["a"]))
    free = torch.ones((), dtype=DOUBLE, requires_grad=True)
    net = BayesNet(a=lambda: Normal(free, ONE), x=plate("n", 3)(lambda a: Normal(a, ONE)))
    with pytest.raises(ValueError, match="node a reads a parameter that no module of the net owns"):
        ASVI(net.as_model(["x"], ["a"]))
