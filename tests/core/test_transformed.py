"""Families of any torch distribution, constrained latents, and flows that reach far out."""

import math

import pytest
import torch
from catalogue import zuko
from oracles import DOUBLE, generator, randn
from torch.distributions import (
    Categorical,
    Dirichlet,
    Gamma,
    Independent,
    LogNormal,
    Normal,
    StudentT,
)

from course_vi import families, learning
from course_vi.families import (
    Affine,
    Amortized,
    Blocks,
    Cholesky,
    Exp,
    Family,
    Flow,
    FromDistribution,
    MeanField,
    PerDatum,
    Sigmoid,
    Softmax,
    Softplus,
    Transformed,
)
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import ConjugateToy
from course_vi.models.base import Model
from course_vi.nets import mlp

LIMIT = 4.5
TOY, X = ConjugateToy(), torch.tensor([2.0], dtype=DOUBLE)


def student(df: float = 3.0) -> FromDistribution:
    return FromDistribution(
        lambda loc, log_scale: Independent(StudentT(df, loc, log_scale.exp()), 1),
        loc=torch.tensor([0.4], dtype=DOUBLE),
        log_scale=torch.tensor([-0.2], dtype=DOUBLE),
    )


def normal(loc: float = 0.4, log_scale: float = -0.2) -> FromDistribution:
    return FromDistribution(
        lambda loc, log_scale: Independent(Normal(loc, log_scale.exp()), 1),
        loc=torch.tensor([loc], dtype=DOUBLE),
        log_scale=torch.tensor([log_scale], dtype=DOUBLE),
    )


# -- any distribution of torch -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [score_function, reparametrized, sticking_the_landing])
def test_gradients_of_a_student_t_family_are_those_of_quadrature(estimator, evidence):
    q = student()
    grid = torch.linspace(-80, 80, 80_001, dtype=DOUBLE).unsqueeze(-1)
    log_q = q(None, grid)
    bound = (log_q.exp() * (TOY.log_joint(X, grid) - log_q)).sum() * 160 / 80_000
    wanted = torch.cat(torch.autograd.grad(bound, list(q.parameters())))
    found, values, source = [], [], generator(0)
    for _ in range(150):
        value = estimator(TOY, q, X, 50, generator=source)
        found.append(torch.cat(torch.autograd.grad(value, list(q.parameters()))))
        values.append(value.detach())
    gradients, values = torch.stack(found), torch.stack(values)
    z = (gradients.mean(0) - wanted) / (gradients.std(0) / 150**0.5)
    assert z.abs().max() < LIMIT
    assert abs((values.mean() - bound) / (values.std() / 150**0.5)) < LIMIT
    evidence(f"{estimator.__name__} (FromDistribution(StudentT))", "quadrature", z=z.abs().max())


def test_it_sticks_the_landing():
    """At the exact posterior: no variance, for a family that knows nothing of ours."""
    q = normal(1.0, math.log(0.5**0.5))
    for estimator in (sticking_the_landing, doubly_reparametrized):
        value = estimator(TOY, q, X, 5, generator=generator(0))
        slopes = torch.autograd.grad(value, list(q.parameters()))
        assert all(slope.abs() < 1e-12 for slope in slopes)


def test_samples_come_from_the_generator_alone():
    q, state = student(), torch.get_rng_state()
    one, same, other = (q.sample(4, generator=generator(seed)) for seed in (1, 1, 2))
    value = [reparametrized(TOY, q, X, 3, generator=generator(3)).item() for _ in range(2)]
    assert torch.equal(one, same) and not torch.equal(one, other) and value[0] == value[1]
    assert torch.equal(state, torch.get_rng_state())


def test_it_is_amortized_and_fitted_datum_by_datum():
    x = torch.tensor([[2.0], [-1.0]], dtype=DOUBLE)
    amortized = Amortized(normal(), mlp(1, 0, 2, generator(0))).double()
    assert amortized.sample(3, x).shape == (3, 2, 1)
    learning.fit(
        TOY, amortized, x, sticking_the_landing, steps=300, learning_rate=0.05, progress=False
    )
    each = PerDatum(normal(), x)
    learning.fit(TOY, each, x, sticking_the_landing, steps=300, learning_rate=0.05, progress=False)
    for q in (amortized, each):
        mean = q.distribution_parameters(x)["loc"]
        assert (mean - x / 2).abs().max() < 0.05


def test_a_family_by_hand_returns_a_distribution_of_torch():
    class Own(Family):
        dim = 1

        def __init__(self, path):
            super().__init__()
            self.reparametrized, self.noise_dim = path, int(path)
            self.loc = torch.nn.Parameter(torch.zeros(1, dtype=DOUBLE))

        def distribution(self, x=None):
            return Independent(StudentT(4.0, self.loc, 1.0), 1)

    assert score_function(TOY, Own(False), X, 3).shape == ()
    value = sticking_the_landing(TOY, Own(True), X, 3)
    value.backward()
    with pytest.raises(TypeError, match="Own, which has no z = t"):
        reparametrized(TOY, Own(False), X)


def test_a_family_without_a_path_serves_the_score_function():
    q = FromDistribution(
        lambda logits: Independent(Categorical(logits=logits), 1),
        logits=torch.zeros(2, 3, dtype=DOUBLE),
    )
    assert (q.dim, q.reparametrized, q.noise_dim) == (2, False, 0)
    assert q.sample(5, generator=generator(0)).shape == (5, 2)


def test_refusals():
    with pytest.raises(TypeError, match="build gave a Tensor"):
        FromDistribution(lambda a: a, a=torch.zeros(1))
    with pytest.raises(ValueError, match=r"events of shape \(\); expected \(D,\)"):
        FromDistribution(lambda a: Normal(a, 1.0), a=torch.zeros(1))
    with pytest.raises(ValueError, match=r"batch \(\) for parameters with a batch \(2,\)"):
        FromDistribution(lambda a: Independent(Normal(a.flatten()[:1], 1.0), 1), a=torch.zeros(1))
    with pytest.raises(TypeError, match="maps is empty"):
        Transformed(MeanField(1))
    with pytest.raises(TypeError, match="maps holds a Linear"):
        Transformed(MeanField(1), torch.nn.Linear(1, 1))
    with pytest.raises(ValueError, match="3 entries together; expected 2"):
        Transformed(MeanField(2), Blocks((1, Exp()), (2, None)))


# -- constrained latents -----------------------------------------------------------------------------------------------

MAPS = {
    "Affine": lambda: Affine(3, randn(3, seed=0), 0.3 * randn(3, seed=1)),
    "Exp": Exp,
    "Softplus": Softplus,
    "Sigmoid": Sigmoid,
    "Softmax": Softmax,
    "Cholesky": lambda: Cholesky(2),
    "Blocks": lambda: Blocks((1, Exp()), (2, Softmax())),
}


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_inverted_and_their_determinants_are_those_of_autograd(name, evidence):
    f, u = MAPS[name]().double(), randn(3, seed=5)
    torch.testing.assert_close(f.inverse(f(u)), u)
    rows = [0, 1, 2]
    if name == "Blocks":
        rows = [0, 1, 2]
    jacobian = torch.autograd.functional.jacobian(f, u)[rows]
    wanted = torch.linalg.slogdet(jacobian).logabsdet
    torch.testing.assert_close(f.log_det(u), wanted)
    assert f.log_det(randn(4, 5, 3, seed=6)).shape == (4, 5)
    evidence(f"families.{name}", "autograd: the log-determinant", error=f.log_det(u) - wanted)


def test_densities_are_those_of_torch():
    u = randn(3, seed=0)
    q = Transformed(MeanField(3, u, 0.2 * u), Exp()).double()
    z = q.sample(4, generator=generator(0))
    wanted = LogNormal(u, (0.2 * u).exp()).log_prob(z).sum(-1)
    torch.testing.assert_close(q(None, z).detach(), wanted)
    root = Cholesky(3)
    entries = root(randn(6, seed=1))
    assert bool((root.matrix(entries).diagonal() > 0).all())
    torch.testing.assert_close(root.matrix(entries), torch.tril(root.matrix(entries)))


def test_a_softmax_family_against_a_dirichlet():
    """Evidence of counts under a Dirichlet prior, by importance sampling from a fitted q: log of a ratio of Beta functions."""

    class Counts(Model):
        local, latent_dim, data_dim = False, 3, 3
        concentration = torch.tensor([2.0, 1.5, 3.0], dtype=DOUBLE)

        def log_factors(self, x, z):
            prior = Dirichlet(self.concentration, validate_args=False)
            return {"prior": prior.log_prob(z), "likelihood": (x * z.log()).sum((-1,))}

    p, x = Counts(), torch.tensor([4.0, 1.0, 2.0], dtype=DOUBLE)
    q = Transformed(families.FullRank(2), Softmax()).double()
    learning.fit(
        p, q, x, sticking_the_landing, steps=300, num_samples=8, learning_rate=0.05, progress=False
    )

    def log_beta(a):
        return a.lgamma().sum() - a.sum().lgamma()

    exact = log_beta(p.concentration + x) - log_beta(p.concentration)
    z = q.sample(20_000, generator=generator(0))
    log_w = p.log_joint(x, z) - q(None, z)
    weights = (log_w - exact).exp()
    assert abs((weights.mean() - 1) / (weights.std() / 20_000**0.5)) < LIMIT
    assert weights.std() / 20_000**0.5 < 0.01


class Scale(Model):
    """A positive latent with a log-normal posterior: log z ~ N(0, 1), x | z ~ N(log z, 1)."""

    latent_dim = data_dim = 1

    def log_factors(self, x, z):
        return {
            "prior": LogNormal(0.0, 1.0).log_prob(z).sum(-1),
            "likelihood": Normal(z.log(), 1.0).log_prob(x).sum(-1),
        }


def test_a_positive_latent_lands_on_its_log_normal_posterior():
    q = Transformed(MeanField(1), Exp()).double()
    learning.fit(Scale(), q, X, sticking_the_landing, steps=600, learning_rate=0.03, progress=False)
    assert abs(q.base.loc.item() - 1) < 1e-3
    assert abs(q.base.log_scale.exp().item() - 0.5**0.5) < 1e-3
    slopes = torch.autograd.grad(
        sticking_the_landing(Scale(), q, X, 5, generator=generator(0)), list(q.parameters())
    )
    assert all(slope.abs() < 0.01 for slope in slopes)


def test_a_positive_latent_of_a_gamma_agrees_with_its_transform():
    """The same density twice: Gamma by torch, and a transformed FromDistribution under two maps that undo each other."""
    q = FromDistribution(
        lambda a: Independent(Gamma(a.exp(), 1.0), 1), a=torch.tensor([0.3], dtype=DOUBLE)
    )
    there = Transformed(q, Affine(1, torch.ones(1), torch.ones(1))).double()
    back = Transformed(there, Affine(1, -torch.ones(1) * (-torch.ones(1)).exp(), -torch.ones(1)))
    z = q.sample(5, generator=generator(1))
    torch.testing.assert_close(back.double()(None, z), q(None, z))


# -- flows -------------------------------------------------------------------------------------------------------------


def test_a_spline_flow_with_an_affine_layer_reaches_a_posterior_far_out(evidence):
    """N(6, 1/2): the spline alone is the identity beyond 5, and its estimate of log p(x) is 188 standard errors off."""
    x = torch.tensor([12.0])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = zuko.flows.NSF(1, 0, transforms=1, hidden_features=(8,))
    q = Flow(net, 1, affine=True)
    learning.fit(
        ConjugateToy(),
        q,
        x,
        sticking_the_landing,
        steps=250,
        num_samples=16,
        learning_rate=0.05,
        progress=False,
    )
    found = learning.importance_log_evidence(ConjugateToy(), q, x, 20_000, generator(2))
    z = (found.value - ConjugateToy().log_evidence(x)) / found.standard_error
    assert abs(z) < LIMIT and found.standard_error < 0.02
    evidence("Flow(NSF, affine): importance sampling", "posterior N(6, 1/2)", z=z)


def test_the_affine_layer_is_the_change_of_variables():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = zuko.flows.MAF(2, 3, transforms=1, hidden_features=(8,)).double()
    x = randn(3, seed=4)
    bare, shifted = Flow(net, 2, 3), Flow(net, 2, 3, affine=True).double()
    with torch.no_grad():
        shifted.loc.copy_(randn(2, seed=0)), shifted.log_scale.copy_(randn(2, seed=1))
    z = shifted.transport(randn(5, 2, seed=2), x)
    u = (z - shifted.loc) / shifted.log_scale.exp()
    torch.testing.assert_close(shifted(x, z), bare(x, u) - shifted.log_scale.sum())
    torch.testing.assert_close(bare.transport(randn(5, 2, seed=2), x), u)
    found = torch.autograd.grad(
        shifted.frozen_log_prob(z, x).sum(), list(shifted.parameters()), allow_unused=True
    )
    assert any(slope is not None for slope in found)  # through z alone
    frozen = torch.autograd.grad(
        shifted.frozen_log_prob(z.detach().requires_grad_(), x).sum(),
        list(shifted.parameters()),
        allow_unused=True,
    )
    assert all(slope is None for slope in frozen)
