"""fit: it lands where the exact answer is, tells what happened, and stops in words when something is wrong."""

from __future__ import annotations

import sys

import pytest
import torch
from catalogue import gaussian
from oracles import (
    DOUBLE,
    LIMIT,
    Quadratic,
    covariance_of,
    generator,
    quadratic,
    randn,
    regression_elbo,
)
from torch import nn
from toy import UNREAD, X

from course_vi.bounds import elbo, iwae
from course_vi.data import breast_cancer
from course_vi.families import Amortized, FactorCovariance, FullRank, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import History, fit, smoke_cap
from course_vi.models import VAE, BayesianLogisticRegression, ConjugateToy
from course_vi.nets import mlp


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


@pytest.mark.parametrize(
    "family", [lambda: FullRank(3), lambda: FactorCovariance(3, 2, generator=generator(0))]
)
def test_it_sticks_the_landing(family, evidence):
    """With the path derivative the noise dies at the optimum: a constant step size lands on the posterior to many digits."""
    p, q = quadratic(3), family().double()
    steps = 1_500 if isinstance(q, FullRank) else 600
    fit(
        p,
        q,
        UNREAD,
        sticking_the_landing,
        steps=steps,
        num_samples=8,
        learning_rate=0.03,
        progress=False,
    )
    best = torch.linalg.solve(p.precision, p.shift)
    gap = (p.log_evidence(UNREAD) - p.exact_elbo(q.loc, covariance_of(q))).item()
    if isinstance(q, FullRank):
        error = max(
            (q.loc - best).abs().max().item(),
            (covariance_of(q) - torch.linalg.inv(p.precision)).abs().max().item(),
        )
        assert error < 1e-6 and -1e-12 < gap < 1e-10
        evidence(
            "learning.fit, sticking the landing (FullRank)",
            "a quadratic in 3-D: exact posterior mean and covariance",
            error=error,
        )
    else:
        assert -1e-12 < gap < 0.02


def test_the_total_derivative_does_not_land():
    p, q = ConjugateToy(), MeanField(1).double()
    fit(p, q, X, reparametrized, steps=1_000, learning_rate=0.03, progress=False)
    restless = abs(q.loc.item() - 1.0)
    stuck = MeanField(1).double()
    fit(p, stuck, X, sticking_the_landing, steps=1_000, learning_rate=0.03, progress=False)
    assert abs(stuck.loc.item() - 1.0) < 1e-6 < 1e-4 < restless < 0.5


@pytest.mark.parametrize(
    "estimator, bound", [(score_function, elbo), (doubly_reparametrized, iwae)]
)
def test_other_estimators_arrive_near(estimator, bound):
    q = MeanField(1).double()
    fit(
        ConjugateToy(),
        q,
        X,
        estimator,
        steps=800,
        num_samples=8,
        bound=bound,
        learning_rate=0.02,
        progress=False,
    )
    assert abs(q.loc.item() - 1.0) < 0.1 and abs(q.log_scale.exp().item() - 0.5**0.5) < 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_encoder_of_the_toy_learns_bayes_rule(dtype):
    """One linear encoder for all data: slope 1/2 and scale sqrt(1/2), in single and double precision, whatever the dtype of x."""
    x = randn(200, 1, seed=0)  # float64
    for data in (x, x.float()):
        q = Amortized(MeanField(1), nn.Linear(1, 2)).to(dtype)
        nn.init.zeros_(q.encoder.weight), nn.init.zeros_(q.encoder.bias)
        history = fit(
            ConjugateToy(),
            q,
            data,
            sticking_the_landing,
            steps=600,
            learning_rate=0.03,
            batch_size=50,
            progress=False,
        )
        weight, bias = q.encoder.weight.detach(), q.encoder.bias.detach()
        assert weight.dtype == dtype and torch.isfinite(history.bound).all()
        assert (weight[:, 0] - torch.tensor([0.5, 0.0], dtype=dtype)).abs().max() < 1e-3
        assert (bias - torch.tensor([0.0, -0.34657], dtype=dtype)).abs().max() < 1e-3


def test_logistic_regression_by_minibatches(evidence):
    """Global latents: the exact ELBO at the end, full data and minibatches, within a hundredth of the best full-rank fit."""
    x = breast_cancer(2, dtype=DOUBLE)
    best = FullRank(3).double()
    optimizer = torch.optim.LBFGS(best.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = -regression_elbo(x, best.loc, covariance_of(best), 1.0)
        value.backward()
        return value

    optimizer.step(loss)
    optimum = -loss().item()
    for batch_size, allowed in ((None, 0.01), (100, 0.5)):
        p, q = BayesianLogisticRegression(3, num_data=569), FullRank(3).double()
        fit(
            p,
            q,
            x,
            sticking_the_landing,
            steps=1_200,
            num_samples=8,
            learning_rate=0.02,
            batch_size=batch_size,
            progress=False,
        )
        gap = optimum - regression_elbo(x, q.loc, covariance_of(q), 1.0).item()
        assert -1e-8 < gap < allowed
        if batch_size is None:
            evidence(
                "learning.fit (BayesianLogisticRegression, FullRank)",
                "LBFGS on the exact ELBO: gap in nats",
                error=gap,
            )


def test_a_small_autoencoder_learns():
    x = (
        randn(60, 6, seed=0) + 2 * randn(60, 1, seed=1) > 0
    ).float()  # pixels that one latent explains
    p, q = (
        VAE(2, 6, 16, generator=generator(0)),
        Amortized(MeanField(2), mlp(6, 16, 4, generator(1))),
    )
    history = fit(p, q, x, steps=500, batch_size=30, learning_rate=1e-2, progress=False)
    assert history.bound[-50:].mean() > history.bound[:20].mean() + 0.4


def test_history_and_seeds():
    runs = []
    state = torch.get_rng_state()
    for seed in (3, 3, 4):
        q = gaussian("FullRank", 2)
        runs.append(
            (
                fit(quadratic(2), q, UNREAD, steps=40, seed=seed, progress=False),
                q.loc.detach().clone(),
            )
        )
    assert torch.equal(state, torch.get_rng_state()), "the global generator is left alone"
    (one, loc), (same, same_loc), (other, other_loc) = runs
    assert (
        isinstance(one, History)
        and one.bound.shape == one.seconds.shape == (40,)
        and one.records == []
    )
    assert torch.equal(one.bound, same.bound) and torch.equal(loc, same_loc)
    assert not torch.equal(one.bound, other.bound) and not torch.equal(loc, other_loc)
    assert bool((one.seconds.diff() > 0).all()) and one.seconds[0] > 0


def test_history_holds_the_bound_of_each_step():
    """One step at a known point: the mean of the first bounds over seeds is the exact ELBO."""
    p = quadratic(2)
    q = gaussian("MeanField", 2)
    wanted = p.exact_elbo(q.loc, covariance_of(q)).item()
    first = torch.stack(
        [
            fit(p, gaussian("MeanField", 2), UNREAD, steps=1, seed=seed, progress=False).bound[0]
            for seed in range(300)
        ]
    )
    assert abs((first.mean() - wanted) / (first.std() / 300**0.5)) < LIMIT


def test_the_bound_is_averaged_over_the_batch():
    """One step of plain gradient ascent at fixed noise: the history holds the mean bound, and the step is its gradient."""
    x, eps = torch.tensor([[2.0], [-1.0], [0.5]], dtype=DOUBLE), randn(4, 3, 1, seed=0)

    def fixed(p, q, x, num_samples, bound=elbo, generator=None):
        return reparametrized(p, q, x, 4, bound=bound, noise=eps)

    q = MeanField(1).double()
    mean = fixed(ConjugateToy(), q, x, 4).mean()
    (step,) = torch.autograd.grad(mean, q.loc)
    history = fit(
        ConjugateToy(),
        q,
        x,
        fixed,
        steps=1,
        optimizer=lambda w: torch.optim.SGD(w, lr=0.1),
        progress=False,
    )
    assert history.bound.item() == pytest.approx(mean.item(), abs=1e-12)
    assert q.loc.item() == pytest.approx(0.1 * step.item(), abs=1e-12)


def test_minibatches_visit_every_row_without_repeats():
    seen = []

    def watching(p, q, x, num_samples, bound=elbo, generator=None):
        seen.append(x[:, 0].tolist())
        return reparametrized(p, q, x, num_samples, bound=bound, generator=generator)

    x = torch.arange(10.0).unsqueeze(-1)
    fit(
        ConjugateToy(),
        MeanField(1),
        x,
        watching,
        steps=200,
        batch_size=3,
        learning_rate=1e-3,
        progress=False,
    )
    assert all(len(set(rows)) == 3 for rows in seen)
    counts = torch.bincount(torch.tensor(seen).long().flatten(), minlength=10)
    assert ((counts - 60).abs() < LIMIT * (200 * 0.3 * 0.7) ** 0.5).all()


def test_smoke_cap(monkeypatch):
    assert smoke_cap(1000) == 1000
    monkeypatch.setenv("COURSE_VI_SMOKE", "0")
    assert smoke_cap(1000) == 1000
    monkeypatch.setenv("COURSE_VI_SMOKE", "1")
    assert smoke_cap(1000) == 20 and smoke_cap(5) == 5
    assert len(fit(ConjugateToy(), MeanField(1), X.float(), steps=1000, progress=False).bound) == 20


def test_callback_and_records():
    calls = []

    def callback(step, bound):
        calls.append((step, bound))
        return {"step": step} if step % 10 == 0 else None

    history = fit(
        ConjugateToy(), MeanField(1).double(), X, steps=35, callback=callback, progress=False
    )
    assert [step for step, _ in calls] == list(range(35)) and [
        bound for _, bound in calls
    ] == history.bound.tolist()
    assert history.records == [{"step": 0}, {"step": 10}, {"step": 20}, {"step": 30}]


def test_frozen_parameters_stay():
    q = MeanField(1).double()
    q.log_scale.requires_grad_(False)
    fit(ConjugateToy(), q, X, steps=20, progress=False)
    assert q.log_scale.item() == 0.0 and q.loc.item() != 0.0


def test_another_optimizer():
    q = MeanField(1).double()
    made = []

    def sgd(parameters):
        made.append(torch.optim.SGD(parameters, lr=0.05))
        return made[0]

    fit(ConjugateToy(), q, X, sticking_the_landing, steps=400, optimizer=sgd, progress=False)
    assert len(made) == 1 and abs(q.loc.item() - 1.0) < 1e-6


def test_it_is_silent_when_asked(capfd):
    fit(ConjugateToy(), MeanField(1), X.float(), steps=30, progress=False)
    assert capfd.readouterr() == ("", "")
    fit(ConjugateToy(), MeanField(1), X.float(), steps=30)  # nobody is watching a test
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_when_asked(capfd, monkeypatch):
    module = sys.modules[fit.__module__]
    monkeypatch.setattr(
        module,
        "tqdm",
        lambda *args, **kwargs: pytest.importorskip("tqdm").tqdm(*args, **{**kwargs, "delay": 0}),
    )
    fit(ConjugateToy(), MeanField(1), X.float(), steps=30, progress=True)
    assert "reparametrized" in capfd.readouterr().err


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_bad_data_is_refused(bad):
    x = torch.ones(5, 1)
    x[3] = bad
    with pytest.raises(ValueError, match="x has 1 entries that are NaN or infinite, of 5"):
        fit(ConjugateToy(), MeanField(1), x, progress=False)


def test_divergence_names_the_step():
    with pytest.raises(
        FloatingPointError,
        match=r"at step [0-9]+; expected a finite number.*learning_rate \(it is 1e\+06\)",
    ):
        fit(ConjugateToy(), MeanField(1), X.float(), steps=100, learning_rate=1e6, progress=False)


def test_a_gradient_that_is_not_finite_never_reaches_the_parameters():
    """sqrt at zero: the bound is fine, its slope is not."""

    class Edge(ConjugateToy):
        def log_joint(self, x, z):
            return super().log_joint(x, z) - (z[..., 0] * 0).abs().sqrt()

    q = MeanField(1).double()
    with pytest.raises(FloatingPointError, match="the gradient .* not finite at step 0"):
        fit(Edge(), q, X, progress=False)
    assert q.loc.item() == 0.0 and q.log_scale.item() == 0.0


def test_a_huge_gradient_is_no_infinite_one():
    """1e25 in single precision: its square would overflow, it does not."""
    q = MeanField(1)
    p = Quadratic(torch.tensor([[1e25]]), torch.tensor([1e25]))
    fit(
        p,
        q,
        torch.zeros(1),
        sticking_the_landing,
        steps=1,
        optimizer=lambda w: torch.optim.SGD(w, lr=1e-27),
        progress=False,
    )
    assert 0 < abs(q.loc.item()) < 1


def test_refusals():
    x = breast_cancer(1)
    with pytest.raises(ValueError, match="expected a model made with num_data=569"):
        fit(BayesianLogisticRegression(2), MeanField(2), x, batch_size=10, progress=False)
    with pytest.raises(ValueError, match="bound is iwae and p scales a minibatch by 56.9"):
        fit(
            BayesianLogisticRegression(2, num_data=569),
            MeanField(2),
            x,
            batch_size=10,
            bound=iwae,
            num_samples=3,
            progress=False,
        )
    for name in ("steps", "batch_size"):
        with pytest.raises(ValueError, match=f"{name} is 0; expected a whole number, 1 or more"):
            fit(ConjugateToy(), MeanField(1), torch.ones(5, 1), **{name: 0}, progress=False)
    with pytest.raises(
        ValueError, match=r"batch_size is 1 of 5 rows, and q carries a batch \(5,\)"
    ):
        fit(
            ConjugateToy(),
            MeanField(1, torch.zeros(5, 1)),
            torch.ones(5, 1),
            batch_size=1,
            progress=False,
        )


def test_one_posterior_per_datum():
    """Parameters with the batch of the data: every row lands on its own posterior."""
    x = torch.tensor([[2.0], [-1.0], [0.5]], dtype=DOUBLE)
    q = MeanField(1, torch.zeros(3, 1, dtype=DOUBLE), torch.zeros(3, 1, dtype=DOUBLE))
    fit(ConjugateToy(), q, x, sticking_the_landing, steps=1_200, learning_rate=0.02, progress=False)
    assert (q.loc.detach() - x / 2).abs().max() < 1e-5 and (
        q.log_scale.detach().exp() - 0.5**0.5
    ).abs().max() < 1e-5
