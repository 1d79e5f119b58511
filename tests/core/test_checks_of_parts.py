"""check_frozen, check_round_trip, check_model, check_estimator: what they let pass, what they catch, and how often they cry wolf."""

from __future__ import annotations

import math
from functools import partial
from importlib import metadata

import pytest
import torch
from catalogue import ZOO
from oracles import DOUBLE, LIMIT, generator, randn
from pyro import infer
from torch import nn
from torch.distributions import Normal

from course_vi import models
from course_vi.bounds import elbo, iwae, renyi
from course_vi.diagnostics import check_estimator, check_frozen, check_model, check_round_trip
from course_vi.diagnostics.check_estimator import compare
from course_vi.families import Family, Flow, MeanField
from course_vi.families.flow import zuko
from course_vi.gradients import doubly_reparametrized, reparametrized, score_function
from course_vi.graph import BayesNet
from course_vi.models.base import Model
from course_vi.pyro_twins import pyro_estimator, stl_loss


def raw(name: str, dim: int = 2) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(zuko.flows, name)(dim, 0)


class Leaky(MeanField):
    """Freezes the location and forgets the scale."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        return Normal(self.loc.detach(), self.log_scale.exp()).log_prob(z).sum(-1)


class Robbed(MeanField):
    """Gives another parameter back."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        value = super().frozen_log_prob(z, x, distribution)
        self.loc = nn.Parameter(self.loc.detach())
        return value


class Crooked(MeanField):
    """Its log q forgets the Jacobian of the scale."""

    def forward(self, x, z):
        return super().forward(x, z) + self.log_scale.sum()


def test_frozen():
    for name, q in ZOO.items():
        family = q if isinstance(q, Family) else q()
        if (
            isinstance(family, Family)
            and not getattr(family, "context", 0)
            and name in ("MeanField", "FullRank", "Flow", "Planar")
        ):
            check_frozen(family, generator=generator(0)).assert_ok()
    for name in ("MAF", "NSF"):
        check_frozen(raw(name)).assert_ok()
    leak = check_frozen(Leaky(2))
    assert not leak.ok and leak.faults[0].found == "log_scale"
    assert "1 of 2 changed" in str(check_frozen(Robbed(2)))
    with pytest.raises(AssertionError, match="no parameter is reachable from the frozen density"):
        leak.assert_ok()
    with pytest.raises(TypeError, match="expected a Family, or a module"):
        check_frozen(Normal(0.0, 1.0))


def test_closed_over_tensors_are_seen():
    outside = torch.zeros(2, requires_grad=True)

    class Outside(MeanField):
        def frozen_log_prob(self, z, x=None, distribution=None):
            return super().frozen_log_prob(z, x, distribution) + outside.sum()

    assert "a closed-over tensor (2,)" in str(check_frozen(Outside(2)))


@pytest.mark.parametrize("name", ["MAF", "NSF", "NICE"])
def test_round_trip_of_flows_with_an_inverse(name):
    check_round_trip(raw(name)).assert_ok()
    check_round_trip(Flow(raw(name), 2), generator=generator(0)).assert_ok()


@pytest.mark.parametrize("name", ["MeanField", "FullRank"])
def test_round_trip_of_gaussians(name):
    q = {
        "MeanField": MeanField(2, randn(2, seed=0), randn(2, seed=1)),
        "FullRank": ZOO["FullRank"] if "FullRank" in ZOO else MeanField(2),
    }[name]
    check_round_trip(q if isinstance(q, Family) else q(), generator=generator(0)).assert_ok()


def test_round_trip_catches():
    crooked = check_round_trip(Crooked(2, torch.zeros(2), torch.ones(2)), generator=generator(0))
    assert not crooked.ok and "64 of 64 beyond 0.01" in str(crooked)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        flow = check_round_trip(raw("GF"), num_samples=64)
    assert not flow.ok and len(flow.faults) == 2
    assert not check_round_trip(Flow(raw("GF"), 2), num_samples=256, generator=generator(0)).ok


def test_round_trip_of_torch():
    from torch.distributions import AffineTransform, ExpTransform, TransformedDistribution

    normal = (
        Normal(torch.zeros(2), 1.0).to_event(1)
        if hasattr(Normal, "to_event")
        else torch.distributions.Independent(Normal(torch.zeros(2), 1.0), 1)
    )
    check_round_trip(
        TransformedDistribution(normal, [AffineTransform(1.0, 2.0, event_dim=1), ExpTransform()])
    ).assert_ok()


class Mean(Model):
    """z ~ N(0, 10^2), x_n ~ N(z, 1), shared by all rows."""

    latent_dim, data_dim, local = 1, 1, False

    def __init__(self, num_data=None, scaled=False):
        super().__init__()
        self.num_data, self.scaled = num_data, scaled

    def likelihood_scale(self, x):
        return self.num_data / len(x) if self.scaled else 1.0

    def log_factors(self, x, z):
        likelihood = Normal(z, 1.0).log_prob(x[:, 0]).sum(-1)
        return {
            "prior": Normal(0.0, 10.0).log_prob(z).sum(-1),
            "likelihood": self.likelihood_scale(x) * likelihood,
        }


class Forgot(Mean):
    """The same, with local = False forgotten."""

    local = True

    def log_factors(self, x, z):
        return {
            "prior": Normal(0.0, 10.0).log_prob(z).sum(-1),
            "likelihood": Normal(z, 1.0).log_prob(x[:, 0]).sum(-1),
        }


def test_models():
    x = randn(6, 1, seed=0)
    for p in (models.ConjugateToy(), Mean(6, scaled=True), Mean()):
        check_model(p.double(), x).assert_ok()
    assert "Bayes' rule" in str(check_model(models.ConjugateToy().double(), x))
    rows, _ = models.BayesianLogisticRegression(2).sample(6, generator(0))
    for p in (
        models.BayesianLogisticRegression(2),
        models.BayesianLogisticRegression(2, num_data=6),
    ):
        check_model(p, rows).assert_ok()
    for p, fault in ((Mean(6), "minibatches are scaled"), (Forgot(), "do not see each other")):
        report = check_model(p.double(), x)
        assert [f.asked for f in report.faults] and fault in report.faults[0].asked, str(report)
    assert "other than 0 and 1" in str(check_model(models.VAE(1, 1, 0), x.float()))


def test_a_closed_over_parameter_is_named():
    weight = torch.ones(3, requires_grad=True)
    p = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z * weight.sum(), 1.0)).as_model(
        ["x"], ["z"]
    )
    assert "reads a parameter that no module of the net owns" in str(
        check_model(p, torch.zeros(2, 1))
    )


def test_false_alarms_and_power_are_as_stated(evidence):
    """2,000 tests of unbiased means, 4 entries, 40 replicates, against an answer with an error; then with a bias of ``detectable``."""
    source, tests, level, power = generator(0), 2000, 0.05, 0.9
    alarms = found = 0
    for _ in range(tests):
        noise = torch.randn(40, 4, generator=source, dtype=DOUBLE)
        told = compare(
            noise, torch.zeros(4, dtype=DOUBLE), torch.zeros(4, dtype=DOUBLE), level, power, 39
        )
        alarms += bool(((told.bias / told.standard_error).abs() > told.threshold).any())
        bias = torch.tensor([(told.threshold + 1.304) / math.sqrt(40), 0, 0, 0], dtype=DOUBLE)
        moved = compare(
            noise + bias,
            torch.zeros(4, dtype=DOUBLE),
            torch.zeros(4, dtype=DOUBLE),
            level,
            power,
            39,
        )
        found += bool(((moved.bias / moved.standard_error).abs() > moved.threshold)[0])
    rate, hits = alarms / tests, found / tests
    error = math.sqrt(level * (1 - level) / tests)
    assert abs(rate - level) < LIMIT * error and hits > power - LIMIT * math.sqrt(0.09 / tests)
    evidence(
        "diagnostics.check_estimator: false alarms",
        "the stated 5%, 2,000 checks",
        z=(rate - level) / error,
    )
    evidence(
        "diagnostics.check_estimator: power", "the stated 90%, 2,000 checks", ratio=hits / power
    )


def halved(p, q, x, num_samples=1, bound=None, generator=None, noise=None):
    """A value that is right and a gradient that is half."""
    value = reparametrized(p, q, x, num_samples, bound=bound, generator=generator)
    return value.detach() + 0.5 * (value - value.detach())


def test_estimators():
    p, x = models.ConjugateToy().double(), torch.tensor([2.0], dtype=DOUBLE)
    q = MeanField(1, torch.tensor([0.3], dtype=DOUBLE), torch.tensor([-0.5], dtype=DOUBLE))
    check_estimator(score_function, p, q, x, 8, replicates=100).assert_ok()
    check_estimator(doubly_reparametrized, p, q, x, 3, iwae, replicates=100).assert_ok()
    bad = check_estimator(halved, p, q, x, 8, replicates=100)
    assert not bad.ok and {f.asked.split()[0] for f in bad.faults} == {"loc", "log_scale"}
    exact = {"loc": x - 2 * q.loc.detach(), "log_scale": 1 - 2 * (2 * q.log_scale.detach()).exp()}
    report = check_estimator(reparametrized, p, q, x, 8, exact=exact, replicates=100)
    report.assert_ok()
    assert set(report.bias) == {"loc", "log_scale"} and (report.detectable["loc"] > 0).all()
    assert abs(report.variance["loc"].item() - 4 * math.exp(-1.0) / 8) < 0.1
    with pytest.raises(
        ValueError, match="exact names scale; expected some of bound, loc, log_scale"
    ):
        check_estimator(reparametrized, p, q, x, exact={"scale": x})


FLOWS = {"NICE": True, "MAF": True, "NSF": True, "SOSPF": False, "GF": False}


@pytest.mark.parametrize("name", FLOWS)
def test_the_flows_of_zuko_as_they_come(name, evidence):
    """Untrained, 256 draws: two kinds saturate already. (NAF and UNAF do once they are trained to be wide.)"""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        report = check_round_trip(raw(name), num_samples=256)
    assert report.ok == FLOWS[name], str(report)
    worst = float(report.findings[-1].found.split()[1])
    flow = f"zuko {metadata.version('zuko')}, {name}{'' if FLOWS[name] else ' (a fault of its, refused)'}"
    evidence(
        f"{flow}, untrained: log q less the change of variables, worst of 256",
        "diagnostics.check_round_trip",
        error=worst,
    )


PYRO = {
    "Trace_ELBO": (lambda: infer.Trace_ELBO(), 1, elbo),
    "TraceGraph_ELBO": (lambda: infer.TraceGraph_ELBO(), 1, elbo),
    "TraceMeanField_ELBO": (lambda: infer.TraceMeanField_ELBO(), 1, elbo),
    "RenyiELBO(0.5)": (
        lambda: infer.RenyiELBO(alpha=0.5, num_particles=3),
        3,
        partial(renyi, alpha=0.5),
    ),
    "stl_loss (ours)": (lambda: stl_loss, 1, elbo),
}


@pytest.mark.parametrize("name", PYRO)
def test_the_losses_of_pyro(name, evidence):
    """All unbiased; only ours has variance zero at the posterior."""
    make, count, bound = PYRO[name]
    p, x = models.ConjugateToy().double(), torch.tensor([[2.0]], dtype=DOUBLE)
    q = MeanField(1, torch.tensor([0.3], dtype=DOUBLE), torch.tensor([-0.5], dtype=DOUBLE))
    report = check_estimator(pyro_estimator(make()), p, q, x, count, bound, replicates=60)
    report.assert_ok()
    worst = max(
        (b / s).abs().max()
        for b, s in zip(report.bias.values(), report.standard_error.values(), strict=True)
    )
    evidence(
        f"Pyro {metadata.version('pyro-ppl')}, {name}: value and gradient",
        "diagnostics.check_estimator",
        z=worst,
    )
    best = p.posterior(x[0])
    landed = check_estimator(
        pyro_estimator(make()),
        p,
        MeanField(1, best.loc, best.log_scale),
        x,
        count,
        bound,
        replicates=40,
    )
    landed.assert_ok()
    assert (landed.variance["loc"].item() < 1e-20) == (name == "stl_loss (ours)")
