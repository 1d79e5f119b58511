"""DRAW: one Gaussian where its nets are linear; by quadrature where they are not; and a window that reads and writes as it says."""

from __future__ import annotations

import math

import pytest
import torch
from blocks import GaussianConditionals, block_z
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from torch import nn
from torch.distributions import MultivariateNormal

from course_vi import exact
from course_vi.bounds import iwae
from course_vi.data import digits
from course_vi.families import Ancestral, draw_posterior
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import fit
from course_vi.models import DRAW
from course_vi.nets import Window


class LinearCell(nn.Module):
    """h' = A h + B z."""

    def __init__(self, d, hidden):
        super().__init__()
        self.a, self.b = (
            nn.Parameter(0.6 * randn(hidden, hidden, seed=0)),
            nn.Parameter(randn(hidden, d, seed=1)),
        )

    def forward(self, z, h):
        return h @ self.a.mT + z @ self.b.mT


def linear(steps=3, dx=4, d=2, hidden=3):
    model = DRAW(
        steps,
        dx,
        d,
        hidden,
        likelihood="gaussian",
        cell=LinearCell(d, hidden),
        write=nn.Linear(hidden, dx),
    ).double()
    with torch.no_grad():
        (
            model.write.weight.copy_(randn(dx, hidden, seed=2)),
            model.write.bias.copy_(randn(dx, seed=3)),
        )
        model.canvas.copy_(randn(dx, seed=4)), model.output.log_scale.fill_(-0.3)
    return model


def loadings(model):
    """M and b of x = M z + b + noise, from the recurrence written out: the write of h_t lands T - t + 1 times, through powers of A."""
    a, b, w, bias = model.cell.a, model.cell.b, model.write.weight, model.write.bias
    powers = [torch.linalg.matrix_power(a, n) for n in range(model.steps)]
    blocks = [w @ sum(powers[: model.steps - t]) @ b for t in range(model.steps)]
    return torch.cat(blocks, 1), model.canvas + model.steps * bias


def evidence_of(model, x):
    m, b = loadings(model)
    variance = (2 * model.output.log_scale).exp()
    return MultivariateNormal(b, m @ m.mT + variance * torch.eye(len(b), dtype=DOUBLE)).log_prob(x)


def posterior_family(model):
    m, b = loadings(model)
    variance = (2 * model.output.log_scale).exp()
    covariance = torch.linalg.inv(torch.eye(model.latent_dim, dtype=DOUBLE) + m.mT @ m / variance)
    gain = covariance @ m.mT / variance
    return Ancestral(
        GaussianConditionals((model.stroke_dim,) * model.steps, gain, -gain @ b, covariance)
    )


@pytest.mark.parametrize("sizes", [(3, 4, 2, 3), (1, 1, 1, 1), (2, 3, 1, 2)])
def test_linear_nets_are_one_gaussian(sizes, evidence):
    model = linear(*sizes)
    x, z = model.sample(5, generator(0))
    q = posterior_family(model)
    z = z + randn(7, *z.shape, seed=5)
    error = (model.log_joint(x, z) - q(x, z) - evidence_of(model, x)).abs().max().item()
    worst = 0.0
    for estimator, options in (
        (sticking_the_landing, {}),
        (doubly_reparametrized, {"bound": iwae}),
    ):
        value = estimator(model, q, x, num_samples=3, generator=generator(1), **options)
        worst = max(
            worst,
            (value - evidence_of(model, x)).abs().max().item(),
            *(part.abs().max().item() for part in gradients(value.sum(), q).values()),
        )
    assert error < 1e-10 and worst < 1e-10
    evidence(
        "models.DRAW, linear",
        "factor analysis: evidence, Bayes' rule; no variance at the posterior",
        error=max(error, worst),
    )


def test_theta_climbs_the_evidence(evidence):
    model = linear(2, 2, 1, 2)
    x = model.sample(1, generator(0))[0][0]
    score = block_z(
        sticking_the_landing,
        model,
        posterior_family(model),
        x,
        gradients(evidence_of(model, x), model),
        model,
        copies=500,
    )
    assert score < LIMIT
    evidence(
        "models.DRAW, linear: gradient of theta at the posterior",
        "gradient of the exact evidence",
        z=score,
    )


def small():
    model = DRAW(2, 2, 1, hidden=3, generator=generator(0)).double()
    return model, draw_posterior(model, hidden=3, generator=generator(1)).double()


def test_two_strokes_and_two_pixels_by_quadrature(evidence):
    """All images add up to one; and the gradients of the exact ELBO, in the parameters that model and family share as well."""
    model, q = small()
    points, weights = exact.gauss_hermite(48, like=model.canvas)
    eps, weight = torch.cartesian_prod(points, points), torch.outer(weights, weights).flatten()
    images = exact.enumerate_binary(2, like=eps)
    chance = torch.stack(
        [(weight * model.log_factors(row, eps)["likelihood"].exp()).sum() for row in images]
    )
    error = abs(chance.sum().item() - 1)
    score = mean_z(
        (model.sample(40_000, generator(2))[0].unsqueeze(1) == images).all(-1).double(),
        chance.detach(),
    )
    assert error < 1e-10 and score < LIMIT
    evidence(
        "models.DRAW, two pixels", "quadrature: probability of each image", error=error, z=score
    )
    x = images[2]
    z = q.transport(eps, x)
    wanted = gradients((weight * (model.log_joint(x, z) - q(x, z))).sum(), q)
    assert any(name.startswith("net.model") for name in wanted)
    for estimator in (reparametrized, sticking_the_landing, doubly_reparametrized, score_function):
        score = block_z(estimator, model, q, x, wanted, q, copies=200)
        assert score < LIMIT, estimator.__name__
        evidence(
            f"models.DrawNets, shared with the model, {estimator.__name__}",
            "gradient of the exact ELBO, by quadrature",
            z=score,
        )


def test_strokes_written_out(evidence):
    """Two strokes and what the encoder sees before each, by hand."""
    model, q = small()
    x, z = torch.tensor([1.0, 0.0], dtype=DOUBLE), randn(2, seed=0)
    h0, g0 = torch.zeros(3, dtype=DOUBLE), torch.zeros(3, dtype=DOUBLE)
    c0 = model.canvas
    g1 = q.net.cell(torch.cat([x, x - c0.sigmoid(), h0]), g0)
    h1 = model.cell(z[:1], h0)
    c1 = c0 + h1 @ model.write[0].weight.mT + model.write[0].bias
    g2 = q.net.cell(torch.cat([x, x - c1.sigmoid(), h1]), g1)
    c2 = c1 + model.cell(z[1:], h1) @ model.write[0].weight.mT + model.write[0].bias
    log_q = sum(
        torch.distributions.Normal(loc, log_scale.exp()).log_prob(value)
        for (loc, log_scale), value in zip((q.net.answer(g1), q.net.answer(g2)), z, strict=True)
    )
    error = max(
        (model.canvases(z) - torch.stack([c0, c1, c2])).abs().max().item(),
        (q(x, z) - log_q).abs().item(),
    )
    assert error < 1e-12
    evidence("models.DRAW and its family", "two strokes written out", error=error)


def filters_by_hand(window, h):
    gy, gx, log_variance, log_stride, log_intensity = window.place(h).tolist()
    side, size = window.side, window.size
    answer = []
    for g in (gy, gx):
        rows = []
        for i in range(size):
            mu = (side - 1) * (1 + g) / 2 + (i - (size - 1) / 2) * (side - 1) / max(
                size - 1, 1
            ) * math.exp(log_stride)
            row = [math.exp(-0.5 * (a - mu) ** 2 / math.exp(log_variance)) for a in range(side)]
            rows.append([value / sum(row) for value in row])
        answer.append(torch.tensor(rows, dtype=DOUBLE))
    return *answer, math.exp(log_intensity)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_window_by_hand(size, evidence):
    window, h, image, patch = (
        Window(25, size, 4, generator(0)).double(),
        randn(4, seed=1),
        randn(25, seed=2),
        randn(size**2, seed=3),
    )
    y, x, gamma = filters_by_hand(window, h)
    read, written = window.read(image, h), window.write(patch, h)
    error = max(
        (read - gamma * (y @ image.view(5, 5) @ x.mT).flatten()).abs().max().item(),
        (written - (y.mT @ patch.view(size, size) @ x / gamma).flatten()).abs().max().item(),
        (read @ patch - gamma**2 * (image @ written)).abs().item(),
    )
    assert error < 1e-12
    evidence("models.Window", "its filters by hand; reading is the adjoint of writing", error=error)


def test_a_sharp_window_over_everything_changes_nothing():
    window, image = Window(16, 4, 2).double(), randn(3, 16, seed=0)
    with torch.no_grad():
        (
            window.place[0].weight.zero_(),
            window.place[0].bias.copy_(torch.tensor([0.0, 0.0, -8.0, 0.0, 0.0])),
        )
    h = torch.zeros(3, 2, dtype=DOUBLE)
    assert torch.allclose(window.read(image, h), image) and torch.allclose(
        window.write(image, h), image
    )


@settings(max_examples=10, deadline=None)
@given(
    steps=st.integers(1, 3),
    d=st.integers(1, 2),
    k=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    dtype=st.sampled_from([torch.float32, DOUBLE]),
    window=st.sampled_from([None, 1, 2]),
)
def test_shapes(steps, d, k, batch, dtype, window):
    model = DRAW(steps, 9, d, hidden=4, generator=generator(0), window=window).to(dtype)
    q, x = (
        draw_posterior(model, generator=generator(1)).to(dtype),
        (randn(*batch, 9, seed=0) > 0).to(dtype),
    )
    value = sticking_the_landing(model, q, x, k, generator=generator(0))
    assert value.shape == batch and value.dtype == dtype and value.isfinite().all()
    value.sum().backward()
    unread = (
        {"net.window.place.0.weight", "net.model.write.window.place.0.weight"}
        if steps == 1
        else set()
    )
    assert all(
        name in unread or parameter.grad is None or parameter.grad.isfinite().all()
        for name, parameter in q.named_parameters()
    )


@pytest.mark.slow
@pytest.mark.parametrize("window, training", [(None, 800), (5, 200)])
def test_digits(window, training, monkeypatch, evidence):
    """The same training with one stroke and with five: more latents, and a canvas to correct, draw better digits."""
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    data, bounds = digits(), {}
    for steps in (1, 5) if window is None else (5,):
        model = DRAW(steps, latent_dim=3, hidden=32, generator=generator(0), window=window)
        q = draw_posterior(model, generator=generator(1))
        before = reparametrized(model, q, data.test, generator=generator(2)).mean().item()
        fit(
            model, q, data.train, steps=training, batch_size=100, learning_rate=4e-3, progress=False
        )
        with torch.no_grad():
            bounds[steps] = (
                reparametrized(model, q, data.test, 20, generator=generator(2)).mean().item()
            )
        assert bounds[steps] > before + 10
    if window is None:
        assert bounds[5] > bounds[1] + 0.3
        evidence(
            "models.DRAW: test bound of digits, five strokes over one",
            "the same training with one stroke",
            ratio=bounds[5] / bounds[1],
        )


def test_refusals():
    model = DRAW(2, 9, 1, hidden=4)
    with pytest.raises(
        ValueError, match=r"x has shape \(5, 8\); expected its last axis to have 9 entries"
    ):
        reparametrized(model, draw_posterior(model), torch.zeros(5, 8))
    with pytest.raises(ValueError, match="pixels is 8 and size is 2; expected a square image"):
        DRAW(2, 8, 1, window=2)
    with pytest.raises(ValueError, match="pixels is 9 and size is 4"):
        DRAW(2, 9, 1, window=4)
    with pytest.raises(ValueError, match="expected a scale that no patch has to paint"):
        DRAW(2, 9, 1, window=2, likelihood="gaussian", scale="network")
    with pytest.raises(ValueError, match="x has 9 entries that are NaN"):
        fit(model, draw_posterior(model), torch.full((1, 9), math.nan), steps=1, progress=False)
    with pytest.raises(
        ValueError, match=r"z has shape \(1,\); expected its last axis to have 2 entries"
    ):
        model.canvases(torch.zeros(1))
