"""Latents for all and latents for each in one model, from minibatches: against exact answers."""

import math

import pytest
import torch
from oracles import DOUBLE, generator, randn
from torch import nn
from torch.distributions import Dirichlet, MultivariateNormal, Normal

from course_vi import bounds, learning
from course_vi.families import Amortized, FullRank, GlobalLocal, MeanField, Softmax, Transformed
from course_vi.gradients import reparametrized, score_function, sticking_the_landing
from course_vi.graph import BayesNet
from course_vi.models import GlobalLocalModel
from course_vi.models.base import Model
from course_vi.nets import mlp

N = 60


class Effects(GlobalLocalModel):
    """mu ~ N(0, 2^2) for all; an effect z_n ~ N(mu, 1); a measurement x_n ~ N(z_n, 0.5^2). All Gaussian."""

    def __init__(self) -> None:
        super().__init__(1, 1, 1, N)

    def log_global(self, g):
        return Normal(torch.zeros_like(g), 2.0).log_prob(g).sum(-1)

    def log_local(self, x, g, z):
        return (Normal(g, 1.0).log_prob(z) + Normal(z, 0.5).log_prob(x)).sum(-1)


X = 1.5 + randn(N, 1, seed=0)
COVARIANCE = 4.0 * torch.ones(N, N, dtype=DOUBLE) + 1.25 * torch.eye(N, dtype=DOUBLE)
EVIDENCE = MultivariateNormal(torch.zeros(N, dtype=DOUBLE), COVARIANCE).log_prob(X[:, 0]).item()
PRECISION = 0.25 + N / 1.25
MEAN = (X.sum() / 1.25 / PRECISION).item()


def family(exact: bool = False) -> GlobalLocal:
    """q(z_n | x_n, mu) is affine, with one scale: it holds the exact posterior, in which z_n reads both."""
    each = Amortized(MeanField(1), mlp(2, 0, 2, generator(0)))
    whole = MeanField(1, torch.ones(1), -1.5 * torch.ones(1))
    q = GlobalLocal(whole, each, N).double()
    if exact:
        with torch.no_grad():
            q.whole.loc.fill_(MEAN), q.whole.log_scale.fill_(-0.5 * math.log(PRECISION))
            q.each.encoder[0].weight.copy_(torch.tensor([[0.8, 0.2], [0.0, 0.0]], dtype=DOUBLE))
            q.each.encoder[0].bias.copy_(torch.tensor([0.0, -0.5 * math.log(5.0)], dtype=DOUBLE))
    return q


def test_at_the_exact_posterior_the_bound_is_the_evidence_and_the_landing_sticks(evidence):
    """For every g and every z: the sum over all rows of log w is log p(x)."""
    p, q = Effects(), family(exact=True)
    value = sticking_the_landing(p, q, X, 7, generator=generator(1))
    assert value.shape == (N,)
    assert value.sum().item() == pytest.approx(EVIDENCE, abs=1e-9)
    slopes = torch.autograd.grad(value.sum(), list(q.parameters()))
    assert all(slope.abs().max() < 1e-9 for slope in slopes)
    evidence("GlobalLocal (random effects)", "log p(x), exact", error=value.sum().item() - EVIDENCE)


def test_minibatches_add_up_to_the_whole():
    """At the same noise: the mean over disjoint minibatches of value and gradient is that of all rows."""
    p, q = Effects(), family()
    eps = randn(4, N, 2, seed=3)
    eps[:, :, 0] = eps[:, :1, 0]
    found = []
    for rows in [slice(0, N), *(slice(start, start + 15) for start in range(0, N, 15))]:
        value = reparametrized(p, q, X[rows], 4, noise=eps[:, rows]).mean()
        found.append(
            torch.cat(
                [
                    value.detach().reshape(1),
                    *(g.flatten() for g in torch.autograd.grad(value, list(q.parameters()))),
                ]
            )
        )
    torch.testing.assert_close(torch.stack(found[1:]).mean(0), found[0])


@pytest.mark.slow
def test_subsampled_it_finds_the_exact_posterior(evidence):
    p, q = Effects(), family()
    learning.fit(
        p,
        q,
        X,
        sticking_the_landing,
        steps=400,
        num_samples=4,
        batch_size=15,
        learning_rate=0.05,
        average_from=250,
        progress=False,
    )
    assert abs(q.whole.loc.item() - MEAN) < 0.1
    assert q.whole.log_scale.exp().item() == pytest.approx(PRECISION**-0.5, rel=0.25)
    bound = reparametrized(p, q, X, 400, generator=generator(5)).sum().item()
    assert EVIDENCE - 1.0 < bound < EVIDENCE + 0.05


class Scales(GlobalLocalModel):
    """A mixed model with hyperpriors: mean and log scale of the effects are latent too."""

    def log_global(self, g):
        return Normal(0.0, 2.0).log_prob(g[..., 0]) + Normal(0.0, 0.7).log_prob(g[..., 1])

    def log_local(self, x, g, z):
        effects = Normal(g[..., :1], g[..., 1:].exp())
        return (effects.log_prob(z) + Normal(z, 0.5).log_prob(x)).sum(-1)


@pytest.mark.slow
def test_hyperpriors_against_quadrature(evidence):
    """Posterior means and the evidence by a grid over (mu, log tau), the effects summed out."""
    axes = torch.linspace(0.0, 3.0, 301, dtype=DOUBLE), torch.linspace(-1.5, 1.5, 301, dtype=DOUBLE)
    mu, log_tau = torch.meshgrid(*axes, indexing="ij")
    scale = ((2 * log_tau).exp() + 0.25).sqrt().unsqueeze(-1)
    log_p = Normal(mu.unsqueeze(-1), scale).log_prob(X[:, 0]).sum(-1)
    log_p = log_p + Normal(0.0, 2.0).log_prob(mu) + Normal(0.0, 0.7).log_prob(log_tau)
    log_evidence = log_p.flatten().logsumexp(0) + 2 * math.log(0.01)
    weights = log_p.flatten().softmax(0)
    wanted = torch.stack([(weights * mu.flatten()).sum(), (weights * log_tau.flatten()).sum()])
    deviation = ((weights * mu.flatten().square()).sum() - wanted[0].square()).sqrt()

    p = Scales(2, 1, 1, N)
    whole = FullRank(2, torch.tensor([1.0, 0.0]), torch.tensor([-1.5, -1.5]))
    q = GlobalLocal(whole, Amortized(MeanField(1), mlp(3, 8, 2, generator(0))), N).double()
    learning.fit(
        p,
        q,
        X,
        sticking_the_landing,
        steps=500,
        num_samples=4,
        batch_size=20,
        learning_rate=0.03,
        average_from=300,
        progress=False,
    )
    assert (q.whole.loc - wanted).abs().max() < deviation
    value = reparametrized(p, q, X, 400, generator=generator(5)).sum().item()
    assert log_evidence - 1.5 < value < log_evidence + 0.05


class Topics(GlobalLocalModel):
    """Small LDA: two topics over four words; the words of a document are summed over their topics."""

    def __init__(self, num_data: int) -> None:
        super().__init__(8, 2, 4, num_data)

    def log_global(self, g):
        return (
            Dirichlet(torch.full((4,), 0.8, dtype=DOUBLE), validate_args=False)
            .log_prob(g.unflatten(-1, (2, 4)))
            .sum(-1)
        )

    def log_local(self, x, g, z):
        prior = Dirichlet(torch.full((2,), 0.5, dtype=DOUBLE), validate_args=False).log_prob(z)
        words = (z.unsqueeze(-2) @ g.unflatten(-1, (2, 4))).squeeze(-2)
        return prior + (x * words.log()).sum(-1)


class TwoSoftmaxes(Softmax):
    """Two topics side by side."""

    def forward(self, u):
        return super().forward(u.unflatten(-1, (2, 3))).flatten(-2)

    def inverse(self, z):
        return super().inverse(z.unflatten(-1, (2, 4))).flatten(-2)

    def log_det(self, u):
        return super().log_det(u.unflatten(-1, (2, 3))).sum(-1)

    def output_dim(self, dim):
        return dim + 2


@pytest.mark.slow
def test_small_lda_from_minibatches_finds_the_topics(evidence):
    """Documents of fifty words, forty of them; the topics that made them are far apart."""
    topics = torch.tensor([[0.6, 0.3, 0.05, 0.05], [0.05, 0.05, 0.5, 0.4]], dtype=DOUBLE)
    share = randn(40, 1, seed=0).mul(2).sigmoid()
    words = torch.cat([share, 1 - share], -1) @ topics
    draws = torch.multinomial(words, 50, replacement=True, generator=generator(1))
    x = torch.nn.functional.one_hot(draws, 4).sum(1).to(DOUBLE)
    p = Topics(40)
    whole = Transformed(MeanField(6, loc=torch.tensor([1.0, 1, 0, -1, -1, 0])), TwoSoftmaxes())
    each = Transformed(Amortized(MeanField(1), mlp(4, 8, 2, generator(2))), Softmax())
    q = GlobalLocal(whole, each, 40, reads_globals=False).double()
    learning.fit(
        p,
        q,
        x,
        sticking_the_landing,
        steps=500,
        num_samples=2,
        batch_size=10,
        learning_rate=0.03,
        progress=False,
    )
    g = q.whole.sample(500, generator=generator(3)).mean(0).unflatten(-1, (2, 4))
    assert (g - topics).abs().max() < 0.1
    shares = q.sample(200, x, generator(4))[..., 8].mean(0)
    assert torch.corrcoef(torch.stack([shares, share[:, 0]]))[0, 1] > 0.9
    grid = torch.linspace(
        0.0005, 0.9995, 1000, dtype=DOUBLE
    )  # given the topics, each share alone, exactly
    z = torch.stack([grid, 1 - grid], -1).unsqueeze(1).expand(1000, 40, 2)
    weights = p.log_local(x, g.flatten().expand(1000, 40, 8), z).softmax(0)
    exact = (weights * grid.unsqueeze(-1)).sum(0)
    assert (shares - exact).abs().mean() < 0.07  # a small encoder, hence not less
    evidence(
        "GlobalLocal, LDA: shares of topics",
        "quadrature at the mean topics",
        error=(shares - exact).abs().mean(),
    )


class Mixture(Model):
    """Global means of a mixture whose labels are summed out: a minibatch is scaled by the base class."""

    local, latent_dim, data_dim = False, 2, 1

    def __init__(self, num_data: int) -> None:
        super().__init__()
        self.num_data = num_data

    def log_factors(self, x, z):
        each = Normal(z.unsqueeze(-2), 0.5).log_prob(x) + torch.tensor([0.3, 0.7]).log()
        return {
            "prior": Normal(0.0, 3.0).log_prob(z).sum(-1),
            "likelihood": self.likelihood_scale(x) * each.logsumexp(-1).sum(-1),
        }


@pytest.mark.slow
def test_a_mixture_with_global_means_against_quadrature():
    label = (torch.rand(100, generator=generator(0)) < 0.3).to(DOUBLE)
    x = (torch.where(label > 0, -1.0, 1.5) + 0.5 * randn(100, seed=1)).unsqueeze(-1)
    one = torch.linspace(-1.6, -0.2, 141, dtype=DOUBLE)
    other = torch.linspace(1.1, 1.9, 81, dtype=DOUBLE)
    z = torch.cartesian_prod(one, other)
    weights = Mixture(100).log_joint(x, z).softmax(0).unsqueeze(-1)
    wanted = (weights * z).sum(0)
    deviation = ((weights * z.square()).sum(0) - wanted.square()).sqrt()
    q = FullRank(2, torch.tensor([-0.5, 1.0]), torch.tensor([-2.0, -2.0])).double()
    learning.fit(
        Mixture(100),
        q,
        x,
        sticking_the_landing,
        steps=500,
        num_samples=4,
        batch_size=20,
        learning_rate=0.02,
        average_from=200,
        progress=False,
    )
    assert ((q.loc - wanted).abs() / deviation).max() < 0.5
    spread = q.sample(5000, generator=generator(2)).std(0)
    assert (spread / deviation - 1).abs().max() < 0.3


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_what_is_not_right_for_shared_latents_is_refused():
    p, q = Effects(), family()
    with pytest.raises(TypeError, match="GlobalLocal, whose rows share latents"):
        score_function(p, q, X, 3)
    with pytest.raises(ValueError, match="bound is iwae and p scales a minibatch"):
        reparametrized(p, q, X, 3, bound=bounds.iwae)
    with pytest.raises(ValueError, match=r"x is of shape \(1,\); expected a batch of data"):
        reparametrized(p, q, X[0], 3)
    with pytest.raises(TypeError, match="each is a BernoulliMeanField, which has no z"):
        from course_vi.families import BernoulliMeanField

        GlobalLocal(MeanField(1), BernoulliMeanField(1), N)


def test_a_parameter_that_a_recipe_closes_over_is_refused_where_it_would_be_learned():
    loose, x = nn.Parameter(torch.zeros(())), torch.zeros(5, 1)
    net = BayesNet(z=lambda: Normal(loose, 1.0), x=lambda z: Normal(z, 1.0)).as_model(["x"], ["z"])
    with pytest.raises(ValueError, match="node z reads a parameter that no module of the net owns"):
        learning.fit(net, MeanField(1), x, progress=False)

    class Recipe(nn.Module):
        def __init__(self):
            super().__init__()
            self.loc = nn.Parameter(torch.zeros(()))

        def forward(self):
            return Normal(self.loc, 1.0)

    recipe = Recipe()
    owned = BayesNet(z=recipe, x=lambda z: Normal(z, 1.0)).as_model(["x"], ["z"])
    learning.fit(owned, MeanField(1), x + 2, steps=30, progress=False)
    assert recipe.loc.item() != 0
