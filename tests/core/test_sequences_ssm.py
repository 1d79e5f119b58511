"""State space models as real series need them: scan and loop, missing data, singular noise, inputs, other lengths, flat starts."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import DOUBLE, generator, randn, tracker
from torch.distributions import MultivariateNormal

from course_vi.learning import particle_filter, state_space_em
from course_vi.models import LinearGaussianSSM
from course_vi.models.tractable import kalman
from course_vi.models.tractable.state_space_columns import as_columns


def covariance(size: int, seed: int) -> torch.Tensor:
    root = randn(size, size, seed=seed)
    return root @ root.mT / size + 0.2 * torch.eye(size)


def moving(steps: int = 5, d: int = 2, p: int = 3, **options) -> LinearGaussianSSM:
    """Everything differs from step to step, and has inputs."""
    return LinearGaussianSSM(
        0.6 * randn(steps - 1, d, d, seed=0),
        randn(steps, p, d, seed=1),
        torch.stack([covariance(d, 10 + t) for t in range(steps - 1)]),
        torch.stack([covariance(p, 30 + t) for t in range(steps)]),
        randn(d, seed=2),
        covariance(d, 3),
        steps,
        inputs=randn(steps, 2, seed=4),
        transition_inputs=randn(d, 2, seed=5),
        emission_inputs=randn(p, 2, seed=6),
        **options,
    )


def dense(model: LinearGaussianSSM) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and covariance of (z, x), a block row at a time."""
    t, d, p = model.steps, model.d, model.p
    push, shift = (part.detach() for part in model.input_effects())
    push, shift = push.expand(t - 1, d), shift.expand(t, p)
    a, c = model.transition.detach().expand(t - 1, d, d), model.emission.detach().expand(t, p, d)
    q = (model.transition_root @ model.transition_root.mT).detach().expand(t - 1, d, d)
    r = (model.emission_root @ model.emission_root.mT).detach().expand(t, p, p)
    first = (model.initial_root @ model.initial_root.mT).detach()
    into = torch.eye(t * d, dtype=DOUBLE)  # from each step's own noise
    for i in range(1, t):
        into[i * d : (i + 1) * d, : i * d] = a[i - 1] @ into[(i - 1) * d : i * d, : i * d]
    own = torch.cat([model.initial_loc.detach(), push.flatten()])
    loc, z = into @ own, into @ torch.block_diag(first, *q) @ into.mT
    seen = torch.block_diag(*c)
    x = seen @ z @ seen.mT + torch.block_diag(*r)
    both = torch.cat([torch.cat([z, z @ seen.mT], 1), torch.cat([seen @ z, x], 1)])
    return torch.cat([loc, seen @ loc + shift.flatten()]), both


@pytest.mark.parametrize("steps, d, p", [(1, 2, 2), (2, 1, 1), (60, 1, 1), (61, 4, 2), (33, 3, 3)])
@pytest.mark.parametrize("missing", ["none", "the same in all", "each its own"])
def test_the_scan_is_the_loop(steps, d, p, missing, evidence):
    """Filter, whitened surprises and their slopes in every parameter, relative to the largest number."""
    model = tracker(steps, d, p)
    x, seen = randn(3, steps * p, seed=1), None
    if missing != "none":
        seen = randn(3, steps * p, seed=2) > -0.5
        seen = seen[0] if missing == "the same in all" else seen
    system, data, columns = as_columns(model, x, seen)
    assert kalman.has_scan(system)
    found = [way(system, data) for way in (kalman.filter_loop, kalman.filter_scan)]
    worst, parameters = 0.0, list(model.parameters())
    for loop, scan in zip(*found, strict=True):
        worst = max(worst, ((loop - scan).abs().max() / (1 + loop.abs().max())).item())
    slopes = [
        torch.autograd.grad(
            columns.log_terms(f).sum() + f.loc.sum(),
            parameters,
            retain_graph=True,
            allow_unused=True,
        )
        for f in found
    ]
    for a, b in zip(*slopes, strict=True):
        if a is not None:
            worst = max(worst, ((a - b).abs().max() / (1 + a.abs().max())).item())
    assert worst < 1e-12
    evidence("models.tractable.kalman: scan", "the loop: values and slopes, relative", error=worst)


@pytest.mark.parametrize("make", [moving, tracker], ids=["moving", "still"])
def test_against_the_dense_gaussian(make, evidence):
    """Three series, each with its own missing data: evidence, smoother, posterior, filter, forecast."""
    model = make()
    t, d, p = model.steps, model.d, model.p
    loc, cov = dense(model)
    n = t * d
    x, z = loc[n:] + randn(3, t * p, seed=7), loc[:n] + randn(2, 3, n, seed=8)
    seen = randn(3, t * p, seed=9) > -0.3
    seen[0] = True
    holes = torch.where(seen, x, math.nan)
    smoothed, posterior = model.smooth(holes, seen), model.posterior(holes, seen)
    errors = [
        model.log_joint(x[:1], z[:, :1])
        - MultivariateNormal(loc, cov).log_prob(torch.cat([z[:, :1], x[:1].expand(2, 1, -1)], -1))
    ]
    for i in range(3):
        kept = torch.where(seen[i])[0] + n
        gain = torch.linalg.solve(cov[kept][:, kept], cov[kept][:, :n]).mT
        wanted, spread = (
            loc[:n] + gain @ (x[i, kept - n] - loc[kept]),
            cov[:n, :n] - gain @ cov[kept][:, :n],
        )
        normal = MultivariateNormal(wanted, (spread + spread.mT) / 2)
        errors += [
            model.log_evidence(holes, seen=seen)[i]
            - MultivariateNormal(loc[kept], cov[kept][:, kept]).log_prob(x[i, kept - n]),
            smoothed.loc[i].flatten() - wanted,
            torch.block_diag(*smoothed.covariance[i])
            - spread * torch.block_diag(*[torch.ones(d, d)] * t),
            posterior.log_prob(z)[:, i] - normal.log_prob(z[:, i]),
            posterior.moments().covariance[i] - smoothed.covariance[i],
            model.filter(holes, seen).loc[i, -1] - smoothed.loc[i, -1],
        ]
        errors += [
            smoothed.cross[i, s] - spread[s * d : (s + 1) * d, (s + 1) * d : (s + 2) * d]
            for s in range(t - 1)
        ]
    shared = model.smooth(holes[1], seen[1])
    errors += [shared.loc - smoothed.loc[1], shared.covariance - smoothed.covariance[1]]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-10
    evidence(
        f"models.LinearGaussianSSM, missing data and inputs ({make.__name__})",
        "dense joint Gaussian",
        error=worst,
    )


def test_forecasts_and_other_lengths(evidence):
    """A forecast is the end of a longer series that was not seen; a shorter model is the marginal."""
    model = tracker(6, 2, 2)
    longer, shorter = model.of_length(9), model.of_length(4)
    loc, cov = dense(longer)
    x = loc[18:30] + randn(2, 12, seed=0)
    ahead = model.forecast(x, 3)
    kept = torch.arange(18, 30)
    gain = torch.linalg.solve(cov[kept][:, kept], cov[kept]).mT
    wanted, spread = loc + (x - loc[kept]) @ gain.mT, cov - gain @ cov[kept]
    errors = [
        ahead.loc.flatten(1) - wanted[:, 30:],
        ahead.state_loc.flatten(1) - wanted[:, 12:18],
        *(
            ahead.covariance[i] - spread[30 + 2 * i : 32 + 2 * i, 30 + 2 * i : 32 + 2 * i]
            for i in range(3)
        ),
        *(
            ahead.state_covariance[i] - spread[12 + 2 * i : 14 + 2 * i, 12 + 2 * i : 14 + 2 * i]
            for i in range(3)
        ),
        shorter.log_evidence(x[:, :8]) - model.log_evidence(x, seen=torch.arange(12) < 8),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-11
    assert longer.transition is model.transition and (
        longer.steps,
        longer.data_dim,
        model.steps,
    ) == (9, 18, 6)
    evidence("models.LinearGaussianSSM.forecast", "dense joint Gaussian", error=worst)


def test_a_flat_start_is_a_limit():
    """The evidence with variance v for a flat entry, and half of log v; and the smoother."""
    flat = moving(diffuse=torch.tensor([False, True]))
    x, seen = randn(2, 15, seed=0), randn(2, 15, seed=1) > -0.5
    limits = []
    for v in (1e6, 1e8):
        model = moving()
        root = torch.linalg.cholesky(
            torch.diag(torch.tensor([covariance(2, 3)[0, 0].item(), v], dtype=DOUBLE))
        )
        with torch.no_grad():
            model.initial_root.copy_(root)
        limits.append((model.log_evidence(x, seen=seen) + 0.5 * math.log(v), model.smooth(x, seen)))
    value, smoothed = flat.log_evidence(x, seen=seen), flat.smooth(x, seen)
    assert (value - limits[1][0]).abs().max() < 2e-2 * (value - limits[0][0]).abs().max() + 1e-7
    assert torch.allclose(value, limits[1][0], atol=1e-6)
    assert torch.allclose(smoothed.loc, limits[1][1].loc, atol=1e-5)
    assert torch.allclose(smoothed.covariance, limits[1][1].covariance, atol=1e-5)
    for run in (
        lambda: flat.filter(x),
        lambda: flat.posterior(x),
        lambda: flat.sample(2),
        lambda: flat.log_joint(x, randn(1, 2, 10, seed=2)),
        lambda: flat.log_evidence(x, 1),
    ):
        with pytest.raises(ValueError, match="diffuse start"):
            run()
    with pytest.raises(ValueError, match="do not determine the diffuse entries"):
        flat.log_evidence(x, seen=torch.zeros(15).bool())


def test_where_only_the_loop_can_go():
    """A constant seen without noise, beside one with noise: p(x_t | z_{t-1}) is a point. The evidence is that of what was seen."""
    eye, zero = torch.eye(2, dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)
    moved, noise = torch.diag(torch.tensor([0.5, 0.0])).double(), torch.zeros(1, 1, dtype=DOUBLE)
    still = LinearGaussianSSM(eye, eye[1:], moved, noise, zero, eye, steps=1)
    assert not kalman.has_scan(as_columns(still.of_length(2), zero, None)[0])
    assert torch.allclose(
        still.log_evidence(zero[:1]), torch.tensor(-0.5 * math.log(2 * math.pi)).double()
    )
    assert torch.allclose(still.smooth(zero[:1] + 3).loc[0], torch.tensor([0.0, 3.0]).double())
    with pytest.raises(
        ValueError,
        match="not positive definite at 1 of 2 steps; expected the measurements to have noise",
    ):
        still.of_length(2).log_evidence(zero)
    trend = LinearGaussianSSM(
        torch.tensor([[1.0, 1], [0, 1]]).double(),
        eye[:1],
        0 * eye,
        eye[:1, :1],
        zero,
        4 * eye,
        steps=30,
    )  # a fixed line: ordinary regression on intercept and time
    x, times = randn(30, seed=0), torch.arange(30).double()
    design = torch.stack([torch.ones(30), times], -1).double()
    wanted = MultivariateNormal(
        torch.zeros(30).double(), 4 * design @ design.mT + torch.eye(30)
    ).log_prob(x)
    posterior = torch.linalg.inv(eye / 4 + design.mT @ design)
    smoothed = trend.smooth(x)
    assert torch.allclose(trend.log_evidence(x), wanted, rtol=1e-11)
    assert torch.allclose(smoothed.loc[0], posterior @ design.mT @ x, atol=1e-8)
    assert torch.allclose(smoothed.covariance[0], posterior, atol=1e-9)
    draws, _ = trend.sample(5, generator(0))
    assert bool(trend.log_evidence(draws).isfinite().all())


def test_a_covariance_that_is_symmetric_up_to_rounding():
    q = torch.linalg.inv(torch.linalg.inv(covariance(3, 0)))
    q[0, 1] = q[1, 0] * (1 + 2e-16) + 1e-16
    assert not torch.equal(q, q.mT)
    model = LinearGaussianSSM(
        torch.eye(3).double(), torch.eye(3).double(), q, q, torch.zeros(3).double(), q, 2
    )
    assert bool(model.log_evidence(torch.zeros(6).double()).isfinite())


def test_particles_of_a_model_that_moves():
    """The same, a step at a time: an unbiased evidence of the Kalman filter's."""
    model = moving(3, 1, 1).requires_grad_(False)
    x = randn(3, seed=0)
    found = particle_filter(model, x.expand(20_000, 3), 4, generator=generator(0))
    ratio = (found.log_evidence - model.log_evidence(x)).exp()
    assert abs((ratio.mean() - 1) / (ratio.std() / math.sqrt(20_000))) < 4.5


def test_em_with_missing_data_and_inputs():
    """It climbs, to where the evidence is flat in what is learned; what is not to be learned stays."""
    eye = torch.eye(2, dtype=DOUBLE)
    parts = 0.7 * eye, eye, 0.5 * eye, 0.5 * eye + 0.1, torch.zeros(2, dtype=DOUBLE), eye, 8
    names = ("inputs", "transition_inputs", "emission_inputs")
    inputs = dict(
        zip(names, (randn(8, 1, seed=0), randn(2, 1, seed=1), randn(2, 1, seed=2)), strict=True)
    )
    model = LinearGaussianSSM(*parts, **inputs)
    x, _ = model.sample(12, generator(0))
    seen = torch.rand(12, 16, generator=generator(1)) > 0.2

    def steepest() -> float:
        named = {
            k: v for k, v in model.named_parameters() if k != "emission" and k != "emission_inputs"
        }
        value = model.log_evidence(x, seen=seen).sum()
        return max(
            slope.abs().max().item() for slope in torch.autograd.grad(value, list(named.values()))
        )

    before = steepest()
    learned = ("transition", "emission_cov", "initial_loc", "initial_cov", "transition_cov")
    found = state_space_em(model, x, 60, seen=seen, learned=learned)
    assert bool((found.log_evidence.diff() > -1e-9).all()) and torch.equal(model.emission, eye)
    assert steepest() < 0.1 * before
    with pytest.raises(ValueError, match="learned is 'noise'"):
        state_space_em(model, x, learned=["noise"])
    with pytest.raises(ValueError, match="parts that differ from step to step"):
        state_space_em(moving(), randn(2, 15, seed=0))


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: moving().of_length(7), "matrices for each of 5 steps"),
        (
            lambda: moving().log_evidence(torch.full((15,), math.nan).double()),
            "x has 15 entries that are NaN",
        ),
        (
            lambda: moving().log_evidence(torch.zeros(15).double(), seen=torch.ones(5)),
            "seen has shape",
        ),
        (
            lambda: LinearGaussianSSM(
                *[torch.eye(1)] * 4,
                torch.zeros(1),
                torch.eye(1),
                2,
                transition_inputs=torch.ones(1, 1),
            ),
            "transition_inputs is given without inputs",
        ),
        (
            lambda: LinearGaussianSSM(
                *[torch.eye(1)] * 4, torch.zeros(1), torch.eye(1), 2, torch.ones(3, 1)
            ),
            "inputs has shape",
        ),
        (
            lambda: LinearGaussianSSM(
                torch.ones(3, 1, 1), *[torch.eye(1)] * 3, torch.zeros(1), torch.eye(1), 3
            ),
            r"transition has shape \(3, 1, 1\); expected \(1, 1\), or \(2, 1, 1\)",
        ),
        (lambda: tracker(3, 1, 1).forecast(torch.zeros(3).double(), 0), "horizon is 0"),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()
