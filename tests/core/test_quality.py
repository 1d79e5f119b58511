"""Signal to noise, active units and k-hat, each against a number that the library did not produce."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import flow
from oracles import DOUBLE, LIMIT, generator, randn
from torch import nn
from toy import X, toy_family

from course_vi.bounds import iwae
from course_vi.diagnostics import active_units, psis_khat, signal_to_noise
from course_vi.diagnostics.psis import pareto_shape
from course_vi.families import Amortized, MeanField
from course_vi.gradients import doubly_reparametrized, reparametrized, sticking_the_landing
from course_vi.models import ConjugateToy, TwoBernoullis


def test_signal_to_noise_of_one_sample(evidence):
    """At N(m, s^2) the gradient of m for one sample is x - 2 z: normal, with mean x - 2 m and standard deviation 2 s."""
    q = toy_family()
    found = signal_to_noise(
        reparametrized, ConjugateToy(), q, X, replicates=100_000, generator=generator(0)
    )
    wanted = abs(X - 2 * q.loc.detach()) / (2 * q.log_scale.detach().exp())
    z = ((found.ratio["loc"] - wanted) / found.standard_error["loc"]).abs().item()
    normal = ((1 + wanted.square() / 2) / 100_000).sqrt()  # no skewness, kurtosis 3
    assert z < LIMIT and abs(found.standard_error["loc"] / normal - 1) < 0.03
    evidence("diagnostics.signal_to_noise", "ConjugateToy: x - 2z, a normal gradient", z=z)


def test_its_standard_error_is_its_spread():
    """A skewed gradient, that of log s: two hundred repetitions."""
    source = generator(0)
    many = [
        signal_to_noise(
            reparametrized, ConjugateToy(), toy_family(), X, replicates=2_000, generator=source
        )
        for _ in range(200)
    ]
    ratios = torch.stack([found.ratio["log_scale"] for found in many])
    told = torch.stack([found.standard_error["log_scale"] for found in many]).mean()
    assert abs(ratios.std() / told - 1) < LIMIT / math.sqrt(2 * 200)


def limits() -> tuple[float, float]:
    r"""What SNR K^{1/2} (total) and SNR K^{-1/2} (doubly reparametrized) of m tend to on the toy, by quadrature.

    With w normalized by p(x), h the path derivative of log w and c(phi) = Var w: the mean gradient tends to -c'/2K = E[w^2 h]/K for both;
    the variance to E[(dw/dm)^2]/K, and to Var[w^2 h]/K^3.
    """
    p, q = ConjugateToy(), toy_family()
    loc, scale = q.loc.detach(), q.log_scale.detach().exp()

    def mean(f):
        grid = torch.linspace(-14, 14, 20_001, dtype=DOUBLE).unsqueeze(-1)
        z = loc + scale * grid
        log_q = -0.5 * (grid.square() + math.log(2 * math.pi)).sum(-1) - scale.log()
        w = (p.log_joint(X, z) - log_q - p.log_evidence(X)).exp()
        h = X - 2 * z[:, 0] + grid[:, 0] / scale  # d/dz of log p(x, z) - log q(z)
        total = X - 2 * z[:, 0]  # d/dm of log w: the density moves with z
        density = (-0.5 * grid[:, 0].square()).exp() / math.sqrt(2 * math.pi)
        return torch.trapezoid(density * f(w, h, total), grid[:, 0])

    signal = mean(lambda w, h, total: w**2 * h)
    noise = mean(lambda w, h, total: (w * total) ** 2).sqrt()
    doubly = (mean(lambda w, h, total: (w**2 * h) ** 2) - signal**2).sqrt()
    assert abs(mean(lambda w, h, total: w * total)) < 1e-10, "the mean weight does not depend on m"
    return (signal.abs() / noise).item(), (signal.abs() / doubly).item()


def test_the_laws_of_phi(evidence):
    """From K = 16 on the total derivative loses its signal as K^-1/2, the doubly reparametrized one gains as K^1/2."""
    for (estimator, sign, replicates), limit in zip(
        ((reparametrized, -1, 100_000), (doubly_reparametrized, 1, 5_000)), limits(), strict=True
    ):
        scaled, errors = [], []
        for k in (16, 64):
            found = signal_to_noise(
                estimator,
                ConjugateToy(),
                toy_family(),
                X,
                k,
                replicates,
                bound=iwae,
                generator=generator(k),
            )
            scaled.append(found.ratio["loc"].item() * k ** (-sign / 2))
            errors.append(found.standard_error["loc"].item() * k ** (-sign / 2))
        slope = math.log(scaled[1] / scaled[0]) / math.log(4)
        spread = math.hypot(errors[0] / scaled[0], errors[1] / scaled[1]) / math.log(4)
        assert abs(slope) < 0.1 + LIMIT * spread, "K^(sign/2), up to a correction that dies as 1/K"
        assert abs(scaled[1] / limit - 1) < 0.1 + LIMIT * errors[1] / scaled[1]
        evidence(
            f"diagnostics.signal_to_noise, IWAE, {estimator.__name__}: SNR K^{-sign}/2 at K = 64",
            "its limit by quadrature",
            ratio=scaled[1] / limit,
            interval=1.96 * errors[1] / limit,
        )


def test_the_law_of_theta():
    """The gradient of theta gains as K^1/2: from K = 16 to 64 its signal to noise doubles."""
    p, q, x = TwoBernoullis().double(), toy_family(), torch.tensor([0.0, 1.0], dtype=DOUBLE)
    low, high = (
        signal_to_noise(doubly_reparametrized, p, q, x, k, 400, bound=iwae, generator=generator(k))
        for k in (16, 64)
    )
    for name in ("p.intercepts", "p.slopes"):
        spread = (
            (low.standard_error[name] / low.ratio[name]) ** 2
            + (high.standard_error[name] / high.ratio[name]) ** 2
        ).sqrt()
        assert (
            ((high.ratio[name] / low.ratio[name]).log() - math.log(2)).abs() / spread
        ).max() < LIMIT


def test_a_constant_gradient_and_none():
    def constant(p, q, x, num_samples=1, bound=None, generator=None):
        return 3 * q.loc[..., 0] + 0 * q.log_scale[..., 0]

    found = signal_to_noise(constant, ConjugateToy(), toy_family(), X, replicates=10)
    assert (
        found.ratio["loc"] == math.inf
        and found.ratio["log_scale"] == 0
        and found.standard_error["loc"] == 0
    )
    with pytest.raises(ValueError, match="replicates is 1; expected at least 2"):
        signal_to_noise(sticking_the_landing, ConjugateToy(), toy_family(), X, replicates=1)


def test_active_units(evidence):
    """A linear encoder: the activity is the diagonal of W S W', with S the covariance of the data; a dead row is dead."""
    x, q = randn(50, 3, seed=0), Amortized(MeanField(4), nn.Linear(3, 8)).double()
    with torch.no_grad():
        q.encoder.weight[:4] = randn(4, 3, seed=1)
        q.encoder.weight[1] = 0.0
        q.encoder.weight[2] *= 1e-3
    weight = q.encoder.weight[:4].detach()
    found = active_units(q, x)
    error = (found.activity - (weight @ torch.cov(x.mT) @ weight.mT).diagonal()).abs().max().item()
    assert (
        error < 1e-14 and found.active.tolist() == [True, False, False, True] and found.number == 2
    )
    assert active_units(q, x, threshold=0.0).number == 3 and found.activity[1] < 1e-30
    evidence("diagnostics.active_units", "linear encoder: diagonal of W S W'", error=error)
    with pytest.raises(ValueError, match="expected .* at least two rows"):
        active_units(q, x[:1])
    with pytest.raises(ValueError, match="threshold is -1"):
        active_units(q, x, threshold=-1)
    with pytest.raises(ValueError, match="a family that reads each datum"):
        active_units(MeanField(4).double(), x)
    with pytest.raises(TypeError, match="q is a Flow, whose mean has no formula"):
        active_units(flow("MAF", context=2), randn(5, 2, seed=0))


# psislw of arviz-stats 0.8.0 on weights at fixed quantiles: normal logarithms with that scale, or a Pareto tail of that shape. Computed
# once, outside: the package is no dependency. (At other sizes it rounds the tail's length down where the paper rounds up.)
ARVIZ = [
    (100, "normal", 0.5, 0.221430191068),
    (100, "normal", 1, 0.368140055800),
    (100, "normal", 3, 0.965188590846),
    (100, "gpd", 0.3, 0.377269868166),
    (100, "gpd", 0.9, 0.720596743490),
    (900, "normal", 0.5, 0.109980193026),
    (900, "normal", 1, 0.292775797572),
    (900, "normal", 3, 1.055777934176),
    (900, "gpd", 0.3, 0.324318474037),
    (900, "gpd", 0.9, 0.840972758105),
    (10000, "normal", 0.5, 0.080542673296),
    (10000, "normal", 1, 0.250172238373),
    (10000, "normal", 3, 0.951998049487),
    (10000, "gpd", 0.3, 0.308002898658),
    (10000, "gpd", 0.9, 0.880933519915),
]


@pytest.mark.parametrize("size, kind, number, wanted", ARVIZ)
def test_khat_against_arviz(size, kind, number, wanted, evidence):
    u = (torch.arange(1, size + 1, dtype=DOUBLE) - 0.5) / size
    log_w = (
        number * torch.special.ndtri(u)
        if kind == "normal"
        else (((1 - u) ** -number - 1) / number).log()
    )
    order = torch.randperm(size, generator=generator(0))
    error = abs(psis_khat(log_w[order]).item() - wanted)
    assert error < 1e-10
    evidence("diagnostics.psis_khat", "arviz-stats 0.8.0, recorded", error=error)


@pytest.mark.parametrize("shape", [-0.3, 0.2, 0.7, 1.5])
def test_the_shape_of_pareto_samples(shape, evidence):
    """Repeated fits to samples of a known shape: the mean is right to O(1/n), the spread is the known (1 + k) / sqrt(n)."""
    size, repeats = 1_000, 200
    y = (
        (1 - torch.rand(repeats, size, generator=generator(0), dtype=DOUBLE)) ** -shape - 1
    ) / shape
    found = torch.tensor([pareto_shape(row) for row in (3.0 * y).sort().values], dtype=DOUBLE)
    z = ((found.mean() - shape) / (found.std() / repeats**0.5)).abs().item()
    assert z < LIMIT and abs(found.std().item() * size**0.5 / (1 + shape) - 1) < LIMIT / math.sqrt(
        2 * repeats
    )
    evidence("diagnostics.psis.pareto_shape", "samples of known shape: mean", z=z)


def test_khat_of_the_toy(evidence):
    """Weights of q = N(m, s^2) have the tail index k = 1 - 2 s^2, up to logarithms: heavy where s^2 < 1/4, light at and above 1/2."""
    p, size = ConjugateToy(), 40_000
    found = []
    for square in (0.1, 0.25, 0.5, 1.0):
        q = MeanField(1, X / 2, torch.full((1,), 0.5 * math.log(square), dtype=DOUBLE))
        z = q.sample(size, X, generator(0))
        found.append(psis_khat((p.log_joint(X, z) - q(X, z)).detach()).item())
    assert (
        abs(found[0] - 0.8) < 0.2
        and 0.25 < found[1] < 0.6
        and found[2] == -math.inf
        and found[3] < 0
    )


def test_khat_shapes_shifts_and_edges():
    log_w = randn(400, 2, 3, seed=0)
    found = psis_khat(log_w)
    assert found.shape == (2, 3) and abs(found[1, 2] - psis_khat(log_w[:, 1, 2])) < 1e-15
    assert (psis_khat(log_w + 1e4) - found).abs().max() < 1e-8 and (
        psis_khat(log_w - 1e4) - found
    ).abs().max() < 1e-8
    assert psis_khat(log_w.float()).dtype == torch.float32
    assert psis_khat(torch.full((100,), -7.0)) == -math.inf
    assert psis_khat(torch.arange(100) % 2 * 1.0) == math.inf, "two values: nothing to fit"
    some = log_w[:, 0, 0].clone()
    some[some < 0] = -math.inf
    assert psis_khat(some).isfinite(), "impossible samples are no tail"
    with pytest.raises(ValueError, match="at least 25 samples"):
        psis_khat(randn(24, seed=0))
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="log_w has 1 entries that are NaN"):
            psis_khat(torch.cat([randn(30, seed=0), torch.tensor([bad])]))
    with pytest.raises(ValueError, match="columns of minus infinity"):
        psis_khat(torch.full((30,), -math.inf))
