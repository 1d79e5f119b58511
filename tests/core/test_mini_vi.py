"""The page with the whole idea is short, stands alone, and is the library, number for number."""

import ast
import inspect
import math

import pytest
import torch
from torch import nn

from course_vi import bounds, families, gradients, learning, mini_vi, models

ESTIMATORS = {
    "total_derivative": gradients.reparametrized,
    "sticking_the_landing": gradients.sticking_the_landing,
    "score_function": gradients.score_function,
}


class Counts(models.Model):
    """The same model, written against the library."""

    latent_dim = data_dim = 1

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.zeros(()))

    def prior(self):
        return torch.distributions.Independent(
            torch.distributions.Normal(self.unit.new_zeros(1), self.unit), 1
        )

    def likelihood(self, z):
        return torch.distributions.Independent(torch.distributions.Poisson((self.a + z).exp()), 1)


def pair(name, batch=(3,), dim=1, dtype=torch.float64):
    """(model, family) of the page, (model, family) of the library, data: the same numbers twice."""
    generator = torch.Generator().manual_seed(len(batch) + dim)
    loc, log_scale = (
        0.5 * torch.randn(*batch, dim, generator=generator, dtype=dtype) for _ in range(2)
    )
    if name == "toy":
        small, large = mini_vi.ConjugateToy(), models.ConjugateToy(dim)
        x = torch.randn(*batch, dim, generator=generator, dtype=dtype)
    else:
        small, large = mini_vi.Counts(), Counts()
        x = torch.poisson(torch.full((*batch, dim), 2.0, dtype=dtype), generator=generator)
    return (
        (small.to(dtype), mini_vi.MeanField(loc, log_scale)),
        (large.to(dtype), families.MeanField(dim, loc, log_scale)),
        x,
    )


def gradient(value, p, q):
    """Pulled back with unequal weights, so that a row with another row's gradient shows."""
    weights = torch.linspace(0.5, 2.0, value.numel(), dtype=value.dtype).reshape(value.shape)
    return torch.autograd.grad(value, [*p.parameters(), *q.parameters()], grad_outputs=weights)


def test_it_is_one_page_and_imports_nothing_of_ours():
    source = inspect.getsource(mini_vi)
    assert len(source.splitlines()) < 170 and max(map(len, source.splitlines())) <= 100
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
    assert imported == {"math", "collections", "torch"}


@pytest.mark.parametrize("bound", ["elbo", "iwae"])
def test_its_bounds_are_the_library_s(bound):
    log_w = 5 * torch.randn(
        7, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    assert torch.equal(getattr(mini_vi, bound)(log_w), getattr(bounds, bound)(log_w))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("bound", ["elbo", "iwae"])
@pytest.mark.parametrize(
    "model,batch,dim", [("toy", (), 1), ("toy", (2, 3), 4), ("counts", (5,), 1)]
)
def test_values_and_gradients_equal_the_library_s_at_the_same_noise(
    model, batch, dim, bound, estimator
):
    (p, q), (large_p, large_q), x = pair(model, batch, dim)
    for num_samples in (1, 6):
        eps = q.noise(num_samples, torch.Generator().manual_seed(3))
        assert torch.equal(
            eps, large_q.noise((num_samples, *batch), torch.Generator().manual_seed(3))
        )
        if (estimator, bound) == ("sticking_the_landing", "iwae"):
            with pytest.raises(ValueError, match="biased"):
                mini_vi.sticking_the_landing(p, q, x, eps, mini_vi.iwae)
            continue
        small = getattr(mini_vi, estimator)(p, q, x, eps, getattr(mini_vi, bound))
        large = ESTIMATORS[estimator](
            large_p, large_q, x, num_samples, getattr(bounds, bound), noise=eps
        )
        assert small.shape == large.shape == torch.Size(batch)
        torch.testing.assert_close(small, large, rtol=1e-12, atol=1e-12)
        if (estimator, bound, num_samples) == ("score_function", "iwae", 1):
            continue  # the library sees that one sample is the ELBO: the next test
        small, large = gradient(small, p, q), gradient(large, large_p, large_q)
        for ours, theirs in zip(small, large, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_with_one_sample_the_score_function_of_iwae_is_that_of_the_elbo_less_a_score():
    """There the library drops a term of mean zero, since the bound is linear; the page does not."""
    (p, q), _, x = pair("toy", (4,), 2)
    eps = q.noise(1, torch.Generator().manual_seed(5))
    general, linear = (
        gradient(mini_vi.score_function(p, q, x, eps, bound), p, q)
        for bound in (mini_vi.iwae, mini_vi.elbo)
    )
    score = gradient(q.log_prob(q.transport(eps).detach()).sum(0), p, q)
    for ours, theirs, term in zip(general, linear, score, strict=True):
        torch.testing.assert_close(ours, theirs - term, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "estimator,bound",
    [
        ("total_derivative", "elbo"),
        ("total_derivative", "iwae"),
        ("sticking_the_landing", "elbo"),
        ("score_function", "elbo"),
        ("score_function", "iwae"),
    ],
)
@pytest.mark.parametrize("model", ["toy", "counts"])
def test_fit_takes_the_library_s_steps_at_the_same_seed(model, estimator, bound):
    (p, q), (large_p, large_q), x = pair(model)
    options = {"steps": 20, "num_samples": 4, "learning_rate": 0.03, "seed": 8}
    history = mini_vi.fit(p, q, x, getattr(mini_vi, estimator), getattr(mini_vi, bound), **options)
    reference = learning.fit(
        large_p,
        large_q,
        x,
        ESTIMATORS[estimator],
        bound=getattr(bounds, bound),
        progress=False,
        **options,
    )
    torch.testing.assert_close(history, reference.bound, rtol=1e-9, atol=1e-9)
    assert history.std() > 0.01  # it moved: twenty equal numbers would prove nothing
    for ours, theirs in zip(
        [*p.parameters(), *q.parameters()],
        [*large_p.parameters(), *large_q.parameters()],
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_the_bounds_of_the_reader_s_own_model_lie_below_its_evidence_and_iwae_lies_between():
    """Against quadrature on a grid, which no line of the page uses."""
    p, x = mini_vi.Counts().double(), torch.tensor([[3.0]], dtype=torch.float64)
    z = torch.linspace(-9, 9, 4001, dtype=torch.float64).reshape(-1, 1, 1)
    evidence = torch.logsumexp(p.log_joint(x, z), 0) + math.log(18 / 4000)
    q = mini_vi.MeanField(
        torch.full((1, 1), 0.7, dtype=torch.float64), torch.full((1, 1), -0.6, dtype=torch.float64)
    )
    eps = torch.randn(
        10, 20_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    log_w = p.log_joint(x, q.transport(eps)) - q.log_prob(q.transport(eps))
    elbo, iwae = (bound(log_w).mean().item() for bound in (mini_vi.elbo, mini_vi.iwae))
    assert elbo < iwae - 0.005 and iwae < evidence.item() and evidence.item() - elbo < 0.1
