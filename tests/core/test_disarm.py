"""DisARM, with no sampling error: it is constant between the points where a bit turns, so a sum over cells is the whole integral."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from bits import UNREAD, Pairwise, bernoulli, categorical, exact_moments
from catalogue import gaussian
from oracles import DOUBLE, LIMIT, generator, gradients, gradients_of, randn, worst_z
from torch import nn

from course_vi import exact
from course_vi.bounds import elbo, iwae, renyi
from course_vi.diagnostics import gradient_moments, gradient_samples, replicate
from course_vi.families import Amortized, BernoulliMeanField
from course_vi.gradients import disarm, score_function
from course_vi.models import SigmoidBeliefNet

leave_one_out = partial(score_function, baseline="leave_one_out")


def cells(q, pairs):
    """Uniform numbers ``(pairs, 3^(D pairs), D)``, one for each cell between sigma(l) and 1 - sigma(l), and the cells' volumes."""
    mean = q.logits.detach().sigmoid()
    edges = torch.stack(
        [
            torch.zeros_like(mean),
            torch.minimum(mean, 1 - mean),
            torch.maximum(mean, 1 - mean),
            torch.ones_like(mean),
        ]
    )
    middle, width = (edges[1:] + edges[:-1]) / 2, edges.diff(dim=0)  # (3, D)
    codes = exact.enumerate_categories((3,) * (q.dim * pairs)).unflatten(-1, (pairs, q.dim))
    columns = torch.arange(q.dim)
    return middle[codes, columns].transpose(0, 1), width[codes, columns].prod(-1).prod(-1)


def disarm_moments(p, q, num_samples):
    """The exact mean and variance of the estimate."""
    noise, weight = cells(q, num_samples // 2)
    many = replicate(q, len(weight))
    (each,) = torch.autograd.grad(
        disarm(p, many, UNREAD.expand(len(weight), 1), num_samples, noise=noise).sum(),
        [many.logits],
    )
    mean = weight @ each
    return mean, weight @ (each - mean).square()


@pytest.mark.parametrize("dim, num_samples", [(1, 2), (2, 2), (3, 2), (2, 4), (1, 6)])
def test_unbiased_on_all_cells(dim, num_samples, evidence):
    for p, q in (
        (Pairwise(dim), bernoulli(dim)),
        (SigmoidBeliefNet((1, dim), 2.0, generator(1)).double(), bernoulli(dim, seed=4)),
    ):
        exactly = gradients(
            exact.expected_bound(p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1), q
        )["logits"]
        assert abs(cells(q, num_samples // 2)[1].sum() - 1) < 1e-14
        error = (disarm_moments(p, q, num_samples)[0] - exactly).abs().max()
        assert error < 1e-14
        evidence(
            "gradients.disarm",
            "its exact mean: the integral over the uniforms, cell by cell; enumeration",
            error=error,
        )


def test_value_and_theta_on_all_cells(evidence):
    """Both halves of a pair are exact samples of q: the mean value is the ELBO, and theta's gradient is its gradient."""
    model, q = SigmoidBeliefNet((1, 2), generator=generator(2)).double(), bernoulli(2)
    noise, weight = cells(q, 1)
    value = weight @ disarm(
        model, replicate(q, len(weight)), UNREAD.expand(len(weight), 1), 2, noise=noise
    )
    wanted = exact.expected_bound(model.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1)
    found, exactly = gradients(value, model), gradients(wanted, model)
    error = max(
        (value - wanted).abs().item(),
        *((found[name] - exactly[name]).abs().max().item() for name in exactly),
    )
    assert error < 1e-14
    evidence(
        "gradients.disarm: value and theta",
        "its exact mean: the integral over the uniforms; enumeration",
        error=error,
    )


def test_by_hand():
    """One pair of two bits: only the first bit differs."""
    p, q = Pairwise(2), BernoulliMeanField(2, torch.tensor([0.3, 2.0], dtype=DOUBLE))
    z, opposite = torch.tensor([[1.0, 1.0]], dtype=DOUBLE), torch.tensor([[0.0, 1.0]], dtype=DOUBLE)
    noise = torch.tensor([[0.9, 0.5]], dtype=DOUBLE)
    log_w = [(p.log_joint(UNREAD, at) - q(None, at)).item() for at in (z, opposite)]
    value = disarm(p, q, UNREAD, 2, noise=noise)
    assert value.item() == pytest.approx(sum(log_w) / 2)
    (found,) = torch.autograd.grad(value, [q.logits])
    assert found.tolist() == pytest.approx(
        [0.5 * (log_w[0] - log_w[1]) * torch.tensor(0.3).sigmoid().item(), 0.0]
    )


def test_exact_variances(evidence):
    """For one pair of two or three bits, below leave-one-out of two independent samples; and no worse at four."""
    for dim in (2, 3):
        p, q = Pairwise(dim), bernoulli(dim)
        for num_samples in (2, 4) if dim == 2 else (2,):
            ratio = (
                disarm_moments(p, q, num_samples)[1].sum()
                / exact_moments(leave_one_out, p, q, num_samples, elbo)[1].sum()
            )
            evidence(
                f"gradients.disarm, {dim} bits, K = {num_samples}",
                "its exact variance over that of leave-one-out",
                ratio=ratio,
            )
            assert ratio < 1.0


def test_it_is_the_mean_of_arm_over_each_cell(evidence):
    """ARM is (log w - log w')(u - 1/2). Inside a cell only u moves, with mean m and square m^2 + width^2 / 12: DisARM is the same with
    m - 1/2 in its place, so the two have one mean, and ARM has the larger variance."""
    p, q = Pairwise(2), bernoulli(2)
    (noise,), weight = cells(q, 1)
    mean = q.logits.detach().sigmoid()
    z, opposite = (noise > 1 - mean).to(DOUBLE), (1 - noise > 1 - mean).to(DOUBLE)
    differences = (
        (p.log_joint(UNREAD, z) - q(None, z)) - (p.log_joint(UNREAD, opposite) - q(None, opposite))
    ).detach()
    edge = torch.minimum(mean, 1 - mean)
    width = torch.where((noise > edge) & (noise < 1 - edge), 1 - 2 * edge, edge)
    arm_mean = weight @ (differences.unsqueeze(-1) * (noise - 0.5))
    arm_square = weight @ (
        differences.square().unsqueeze(-1) * ((noise - 0.5).square() + width.square() / 12)
    )
    found, variance = disarm_moments(p, q, 2)
    assert torch.allclose(found, arm_mean, atol=1e-14)
    ratio = variance.sum() / (arm_square - arm_mean.square()).sum()
    assert ratio < 1.0
    evidence("gradients.disarm, 2 bits, K = 2", "its exact variance over that of ARM", ratio=ratio)


def test_variance_on_a_belief_net(evidence):
    """Ten bits, sampled: the mean against enumeration, and the ratio of variances with its interval."""
    model = SigmoidBeliefNet((4, 10), generator=generator(0)).double().requires_grad_(False)
    q, x = (
        BernoulliMeanField(10, 0.5 * randn(10, seed=1)),
        torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=DOUBLE),
    )
    exactly = gradients(
        exact.expected_bound(model.log_joint(x, q.states()), q(None, q.states()), elbo, 1), q
    )
    z = worst_z(gradient_moments(disarm, model, q, x, 2, 20_000, elbo, generator(2)), exactly)
    squares = {}
    for name, estimator in (("disarm", disarm), ("others", leave_one_out)):
        g = gradient_samples(estimator, model, q, x, 2, 20_000, elbo, generator(3))["logits"]
        squares[name] = (g - exactly["logits"]).square().sum(-1)
    means = {name: square.mean().item() for name, square in squares.items()}
    ratio = means["disarm"] / means["others"]
    relative = (
        sum((square.std().item() / means[name]) ** 2 / 20_000 for name, square in squares.items())
        ** 0.5
    )
    assert z < LIMIT and ratio * (1 + 1.96 * relative) < 1.0
    evidence(
        "gradients.disarm", "sigmoid belief net of ten bits: exact gradient by enumeration", z=z
    )
    evidence(
        "gradients.disarm, ten bits, K = 2",
        "its variance over that of leave-one-out",
        ratio=ratio,
        interval=1.96 * relative * ratio,
    )


def test_a_constant_cancels_and_extremes():
    p, q = Pairwise(2), bernoulli(2)
    near = gradients_of(disarm, p, q, UNREAD, num_samples=4, generator=generator(0))["logits"]
    p.log_factors = lambda x, z: {"energy": Pairwise.log_factors(p, x, z)["energy"] - 1e4}
    far = gradients_of(disarm, p, q, UNREAD, num_samples=4, generator=generator(0))["logits"]
    assert torch.allclose(near, far, atol=1e-10) and near.abs().sum() > 0
    sure = BernoulliMeanField(2, torch.tensor([1e4, -1e4], dtype=DOUBLE))
    assert gradients_of(disarm, p, sure, UNREAD, num_samples=4)["logits"].tolist() == [0.0, 0.0]
    single = BernoulliMeanField(2)
    found = disarm(SigmoidBeliefNet((1, 2)), single, torch.zeros(0, 1), 2)
    assert found.shape == (0,) and found.dtype == torch.float32


def test_an_encoder_gets_its_gradient_by_the_chain_rule():
    x, p = randn(5, 1, seed=3), Pairwise(2)
    q = Amortized(BernoulliMeanField(2), nn.Linear(1, 2)).double()
    value = disarm(p, q, x, 4, generator=generator(0))
    assert value.shape == (5,) and torch.equal(value, disarm(p, q, x, 4, generator=generator(0)))
    own = BernoulliMeanField(2, q.distribution_parameters(x)["logits"])
    slopes = gradients(disarm(p, own, x, 4, generator=generator(0)).sum(), own)["logits"]
    assert torch.allclose(gradients(value.sum(), q)["encoder.weight"], slopes.mT @ x, atol=1e-12)


def test_refusals():
    p, q = Pairwise(3), bernoulli()
    for odd in (1, 3):
        with pytest.raises(ValueError, match=f"num_samples is {odd}; expected an even number"):
            disarm(p, q, UNREAD, odd)
    for bad in (iwae, partial(renyi, alpha=0.5)):
        with pytest.raises(
            ValueError, match="bound is .* with num_samples = 2; expected one that is linear"
        ):
            disarm(p, q, UNREAD, 2, bound=bad)
    with pytest.raises(TypeError, match="q is a CategoricalMeanField; expected BernoulliMeanField"):
        disarm(Pairwise(6), categorical(), UNREAD)
    with pytest.raises(TypeError, match="q is a MeanField; expected BernoulliMeanField"):
        disarm(p, gaussian("MeanField"), UNREAD)
    with pytest.raises(ValueError, match=r"noise has shape \(4, 3\); expected \(2, 3\)"):
        disarm(p, q, UNREAD, 4, noise=torch.rand(4, 3, dtype=DOUBLE))
    with pytest.raises(ValueError, match="noise has entries outside"):
        disarm(p, q, UNREAD, 2, noise=torch.ones(1, 3, dtype=DOUBLE))
