"""Coupled chains: exact expectations on finite spaces, exact gradients of tractable models, and the law of the meeting time."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from bits import UNREAD
from catalogue import flow
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, ReplicatedBernoullis, generator, gradients, mean_z, randn
from torch import nn

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.data import breast_cancer
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.gradients import reparametrized
from course_vi.learning import coupled_chain_gradient, maximal_coupling
from course_vi.models import (
    BayesianLogisticRegression,
    ConjugateToy,
    Model,
    SigmoidBeliefNet,
    TwoBernoullis,
)

X = torch.tensor([1.0, 0.0], dtype=DOUBLE)
KERNELS = [("importance", 1), ("importance", 4), ("metropolis", 1)]


def test_maximal_coupling(evidence):
    """Each index has its own law, and they are equal as often as the overlap: all nine cells of the joint table in the mean."""
    p, q = torch.tensor([0.5, 0.3, 0.2], dtype=DOUBLE), torch.tensor([0.1, 0.2, 0.7], dtype=DOUBLE)
    i, j = maximal_coupling(p.expand(100_000, 3), q.expand(100_000, 3), generator(0))
    table = (i.view(-1, 1, 1) == torch.arange(3).view(1, 3, 1)) & (
        j.view(-1, 1, 1) == torch.arange(3).view(1, 1, 3)
    )
    overlap = torch.minimum(p, q)
    wanted = torch.diag(overlap) + torch.outer(p - overlap, q - overlap) / (1 - overlap.sum())
    seen = table.double()
    assert (
        torch.allclose(wanted.sum(1), p)
        and torch.allclose(wanted.sum(0), q)
        and bool((seen.sum(0)[wanted == 0] == 0).all())
    )
    score = mean_z(seen[:, wanted > 0], wanted[wanted > 0])
    assert score < LIMIT
    evidence("learning.maximal_coupling", "the exact joint table", z=score)
    same = maximal_coupling(p.expand(1000, 3), p.expand(1000, 3), generator(1))
    assert torch.equal(*same)


class Finite(Model):
    """Two bits with any table of log probabilities; theta is the table, so that the gradient is the posterior itself."""

    latent_dim, data_dim = 2, 1

    def __init__(self, table):
        super().__init__()
        self.table = nn.Parameter(table)

    def log_factors(self, x, z):
        index = (2 * z[..., 0] + z[..., 1]).long()
        return {
            "all": self.table.expand(*index.shape, 4).gather(-1, index.unsqueeze(-1)).squeeze(-1)
        }


@pytest.mark.parametrize("kernel, num_samples", KERNELS)
@pytest.mark.parametrize("burn_in, last", [(0, None), (2, 5)])
def test_exact_on_a_finite_space(kernel, num_samples, burn_in, last, evidence):
    """theta is a table of four log probabilities: the exact gradient is the posterior, and the mean over meetings is just that."""
    table, runs = torch.tensor([0.1, -1.0, 0.7, -0.4], dtype=DOUBLE), 8_000
    p = Finite(table.expand(runs, 4).clone())
    q = BernoulliMeanField(2, torch.tensor([0.8, 0.2], dtype=DOUBLE))
    found = coupled_chain_gradient(
        p, q, UNREAD.expand(runs, 1), num_samples, burn_in, last, kernel, generator=generator(0)
    )
    (each,) = torch.autograd.grad(found.surrogate.sum(), [p.table])
    posterior = table.softmax(-1)
    score = max(
        mean_z(each, posterior), mean_z(found.surrogate.detach(), (posterior * table).sum())
    )
    assert score < LIMIT and int(found.meeting.min()) >= 1
    assert torch.allclose(
        each.sum(-1), torch.ones(runs, dtype=DOUBLE)
    )  # signed counts: every run adds up to one
    evidence(
        f"learning.coupled_chain_gradient, {kernel}",
        "the posterior on a finite space, by enumeration",
        z=score,
    )


@pytest.mark.parametrize("kernel, num_samples", KERNELS)
def test_gradient_of_two_bernoullis(kernel, num_samples, evidence):
    """The exact gradient of log p(x) by quadrature; on the same q, the gradients of the ELBO and of IWAE are far from it."""
    model, runs = TwoBernoullis().double(), 8_000
    many = ReplicatedBernoullis(model, runs)
    q = MeanField(1, torch.tensor([-0.5], dtype=DOUBLE), torch.tensor([0.3], dtype=DOUBLE))
    wanted = gradients(model.log_evidence(X), model)
    found = coupled_chain_gradient(
        many, q, X.expand(runs, 2), num_samples, 1, 3, kernel, generator=generator(0)
    )
    each = dict(
        zip(
            ("intercepts", "slopes"),
            torch.autograd.grad(found.surrogate.sum(), [many.intercepts, many.slopes]),
            strict=True,
        )
    )
    score = max(mean_z(each[name], wanted[name]) for name in wanted)
    assert score < LIMIT
    evidence(
        f"learning.coupled_chain_gradient, {kernel}, two Bernoullis",
        "exact gradient by quadrature",
        z=score,
    )
    for bound, samples in ((elbo, 1), (iwae, 2)):
        value = reparametrized(
            many, q, X.expand(runs, 2), samples, bound=bound, generator=generator(1)
        )
        each = torch.autograd.grad(value.sum(), [many.intercepts, many.slopes])
        assert (
            max(
                mean_z(part, wanted[name])
                for part, name in zip(each, ("intercepts", "slopes"), strict=True)
            )
            > 2 * LIMIT
        )


def test_burn_in_and_averaging_lower_the_variance():
    model, runs = TwoBernoullis().double(), 2_000
    q, variances = MeanField(1).double(), []
    for burn_in, last in ((0, 0), (3, 3), (3, 20)):
        many = ReplicatedBernoullis(model, runs)
        found = coupled_chain_gradient(
            many, q, X.expand(runs, 2), 2, burn_in, last, generator=generator(0)
        )
        (each,) = torch.autograd.grad(found.surrogate.sum(), [many.slopes])
        variances.append(each.var(0).sum().item())
    assert variances[2] < variances[1] < variances[0]


@pytest.mark.parametrize("num_samples", [1, 3, 8])
def test_meeting_times_at_the_posterior(num_samples, evidence):
    """All weights are equal there: the chains meet when both pick a shared proposal, K in K + 1. Geometric after step 1."""
    toy, runs = ConjugateToy().double(), 10_000
    best = toy.posterior(torch.tensor([2.0], dtype=DOUBLE))
    q = MeanField(1, best.loc.detach(), best.log_scale.detach())
    found = coupled_chain_gradient(
        toy, q, torch.full((runs, 1), 2.0, dtype=DOUBLE), num_samples, generator=generator(0)
    )
    later = (found.meeting - 1).double()
    score = max(
        mean_z(later, (num_samples + 1) / num_samples),
        mean_z((later == 1).double(), num_samples / (num_samples + 1)),
    )
    assert score < LIMIT and int(found.meeting.min()) == 2
    assert torch.equal(found.evaluations, 2 + found.meeting * num_samples)
    evidence("learning.coupled_chain_gradient, meeting times at q = p", "geometric law", z=score)


def test_a_belief_net_and_its_batch(evidence):
    """Several data at once, discrete latents, one set of parameters: the sum of the gradients by enumeration."""
    p = SigmoidBeliefNet((2, 2), generator=generator(0)).double()
    q = BernoulliMeanField(2, torch.tensor([0.4, -0.3], dtype=DOUBLE))
    x = exact.enumerate_binary(2, like=UNREAD)
    wanted = torch.cat(
        [value.flatten() for value in gradients(p.log_evidence(x).sum(), p).values()]
    )
    runs = []
    for seed in range(150):
        surrogate = coupled_chain_gradient(p, q, x, 3, generator=generator(seed)).surrogate
        runs.append(
            torch.cat([value.flatten() for value in gradients(surrogate.sum(), p).values()])
        )
    score = mean_z(torch.stack(runs), wanted)
    assert score < LIMIT
    evidence("learning.coupled_chain_gradient, sigmoid belief net", "enumeration", z=score)


@settings(max_examples=15, deadline=None)
@given(
    batch=st.sampled_from([(), (1,), (2, 3)]),
    num_samples=st.integers(1, 3),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    kernel=st.sampled_from(["importance", "metropolis"]),
    last=st.integers(0, 3),
)
def test_shapes(batch, num_samples, dtype, kernel, last):
    p, q, x = TwoBernoullis().to(dtype), MeanField(1).to(dtype), torch.ones(*batch, 2, dtype=dtype)
    run = partial(coupled_chain_gradient, p, q, x, num_samples, 0, last, kernel)
    found = run(generator=generator(0))
    assert (
        found.surrogate.shape == found.meeting.shape == found.evaluations.shape == batch
        and found.surrogate.dtype == dtype
    )
    assert torch.equal(found.surrogate, run(generator=generator(0)).surrogate)
    assert not any(parameter.grad is not None for parameter in q.parameters())


def test_flows_and_global_latents():
    found = coupled_chain_gradient(
        BayesianLogisticRegression(2),
        MeanField(2),
        breast_cancer(1, dtype=torch.float32)[:4],
        20,
        generator=generator(0),
    )
    assert found.surrogate.shape == ()
    toy = ConjugateToy(2).double()
    assert coupled_chain_gradient(
        toy, MeanField(2).double(), torch.zeros(0, 2, dtype=DOUBLE)
    ).surrogate.shape == (0,)
    assert coupled_chain_gradient(
        toy, flow(), torch.zeros(3, 2, dtype=DOUBLE), 5, generator=generator(0)
    ).meeting.shape == (3,)


def test_extremes():
    """Weights that differ by e^10,000 leave no NaN behind: the chains go where the weight is, and meet there."""
    p = Finite(torch.tensor([0.0, 1e4, -1e4, 0.0], dtype=DOUBLE))
    found = coupled_chain_gradient(
        p, BernoulliMeanField(2).double(), UNREAD.expand(50, 1), 2, generator=generator(0)
    )
    assert bool(found.surrogate.isfinite().all())


@pytest.mark.parametrize(
    "run, error, message",
    [
        (
            lambda: coupled_chain_gradient(ConjugateToy(), MeanField(1), torch.tensor([torch.nan])),
            ValueError,
            "x has 1 entries that are NaN",
        ),
        (
            lambda: coupled_chain_gradient(
                ConjugateToy(), MeanField(1), torch.zeros(1), burn_in=3, last=2
            ),
            ValueError,
            "burn_in is 3 and last",
        ),
        (
            lambda: coupled_chain_gradient(
                ConjugateToy(), MeanField(1), torch.zeros(1), kernel="gibbs"
            ),
            ValueError,
            "kernel is 'gibbs'",
        ),
        (
            lambda: coupled_chain_gradient(ConjugateToy(), MeanField(2), torch.zeros(1)),
            ValueError,
            "q is over 2 latents",
        ),
        (
            lambda: coupled_chain_gradient(
                BayesianLogisticRegression(2, num_data=9), MeanField(2), torch.ones(3, 3)
            ),
            ValueError,
            "batch by 3",
        ),
        (
            lambda: coupled_chain_gradient(
                ConjugateToy().double(),
                MeanField(1, torch.tensor([-9.0]), torch.tensor([-3.0])).double(),
                torch.full((50, 1), 9.0, dtype=DOUBLE),
                1,
                max_steps=3,
                generator=generator(0),
            ),
            RuntimeError,
            "pairs of chains have not met after max_steps = 3",
        ),
        (
            lambda: maximal_coupling(torch.tensor([0.5, 0.6]), torch.tensor([0.5, 0.5])),
            ValueError,
            "p has rows that are no probabilities",
        ),
        (
            lambda: maximal_coupling(torch.tensor([1.0]), torch.tensor([0.5, 0.5])),
            ValueError,
            "p and q have shapes",
        ),
    ],
)
def test_refusals(run, error, message):
    with pytest.raises(error, match=message):
        run()


def test_float_noise_does_not_part_what_met():
    p = randn(2000, 7, seed=0).softmax(-1)
    assert all(torch.equal(*maximal_coupling(p, p.clone(), generator(seed))) for seed in range(5))
