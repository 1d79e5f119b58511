"""``Fit``: stopped and taken up again it gives the numbers of a run that was not stopped; and what ``fit`` takes as data and options."""

import copy
import io
import math
from functools import partial

import numpy as np
import pytest
import torch
from oracles import DOUBLE, generator, randn
from torch import nn
from torch.distributions import Normal
from torch.utils.data import DataLoader, TensorDataset

from course_vi import learning
from course_vi.bounds import elbo, iwae
from course_vi.families import Amortized, BernoulliMeanField, MeanField
from course_vi.gradients import (
    LearnedBaseline,
    Rebar,
    RunningMean,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import EarlyStopping, Fit, csv_log, fit, maximize_evidence
from course_vi.models import VAE, ConjugateToy, SigmoidBeliefNet
from course_vi.models.base import Model
from course_vi.nets import mlp

BITS = (randn(40, 6, seed=0) > 0).float()


def vae(seed: int = 0):
    return VAE(2, 6, 8, generator(seed)), Amortized(MeanField(2), mlp(6, 8, 4, generator(seed + 1)))


def belief():
    return SigmoidBeliefNet([6, 3], generator=generator(0)), Amortized(
        BernoulliMeanField(3), mlp(6, 0, 3, generator(1))
    )


def loader(seed=None):
    return DataLoader(TensorDataset(BITS), batch_size=16, shuffle=True)


CASES = {
    "all rows": lambda: Fit(*vae(), BITS, num_samples=2),
    "minibatches": lambda: Fit(*vae(), BITS, batch_size=7),
    "loader": lambda: Fit(*vae(), loader()),
    "estimator with parameters": lambda: Fit(*belief(), BITS, Rebar(), batch_size=7),
    "estimator with a memory": lambda: Fit(*belief(), BITS, RunningMean(), batch_size=7),
    "schedule, clipping, averages": lambda: Fit(
        *vae(),
        BITS,
        batch_size=7,
        schedule=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 30),
        max_norm=0.5,
        average_from=8,
    ),
    "early stopping": lambda: Fit(
        *vae(), BITS, early_stopping=EarlyStopping(BITS[:9], every=4, patience=50)
    ),
    "lbfgs": lambda: Fit(*vae(), BITS, optimizer=lambda w: torch.optim.LBFGS(w, max_iter=3)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_taken_up_again_is_the_run_that_was_not_stopped(case):
    """Saved to a file in between, into objects that never saw the first half."""
    whole, first, second = (CASES[case]() for _ in range(3))
    history = whole.run(22)
    first.run(13)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    first.run(3)  # what is saved does not move with what goes on
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    again = second.run(9)
    assert torch.equal(again.bound, history.bound) and history.bound.std() > 0
    assert bool((again.seconds.diff() > 0).all())
    for one, other in zip(whole.parameters, second.parameters, strict=True):
        assert torch.equal(one, other)
    if whole.averages is not None:
        assert all(map(torch.equal, whole.averages, second.averages))
    if whole.early_stopping is not None:
        assert whole.early_stopping.scores == second.early_stopping.scores


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"optimizer": torch.optim.SGD}, "optimizer Adam, and this one has SGD"),
        ({"num_samples": 4}, "num_samples 1, and this one has 4"),
        ({"batch_size": 5}, "batch_size None, and this one has 5"),
        ({"bound": iwae, "num_samples": 1}, "bound elbo, and this one has iwae"),
        (
            {"estimator": sticking_the_landing},
            "estimator reparametrized, and this one has sticking",
        ),
        ({"average_from": 3}, "average_from None, and this one has 3"),
    ],
)
def test_a_state_goes_on_only_in_a_run_made_with_the_same_arguments(other, named):
    run = Fit(*vae(), BITS)
    run.run(2)
    there = Fit(*vae(), BITS, **other)
    before = copy.deepcopy(there.p.state_dict())
    with pytest.raises(ValueError, match=named):
        there.load_state_dict(run.state_dict())
    assert all(torch.equal(value, before[name]) for name, value in there.p.state_dict().items())


def test_fit_is_a_loop_around_steps():
    run = Fit(*vae(), BITS, batch_size=7)
    bounds = [run.step() for _ in range(15)]
    assert fit(*vae(), BITS, steps=15, batch_size=7, progress=False).bound.tolist() == bounds


# -- estimators that are modules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        Rebar,
        lambda: LearnedBaseline(nn.Linear(6, 1)),
        lambda: partial(LearnedBaseline(nn.Linear(6, 1))),
    ],
)
@pytest.mark.parametrize("optimizer", [None, lambda w: torch.optim.SGD(w, lr=0.05)])
def test_the_parameters_of_an_estimator_are_learned(make, optimizer):
    p, q = (module.double() for module in belief())
    estimator = make()  # in single precision: it follows p and q
    module = getattr(estimator, "func", estimator)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    fit(p, q, BITS, estimator, steps=5, num_samples=2, progress=False, optimizer=optimizer)
    for old, new in zip(before, module.parameters(), strict=True):
        assert new.dtype == DOUBLE and not torch.equal(old.to(DOUBLE), new)


def test_a_trained_baseline_beats_one_that_stands_still():
    """The mean reward of this model is far from zero; the network learns it, and the variance of the gradient falls."""

    def spread(learned: bool) -> float:
        p, q = belief()
        p.requires_grad_(False)
        estimator = LearnedBaseline(nn.Linear(6, 1))
        for parameter in estimator.parameters():
            nn.init.zeros_(parameter)
        estimator.requires_grad_(learned)
        optimizer = lambda w: torch.optim.Adam(  # noqa: E731
            [{"params": [v for v in w], "lr": 0.0}], lr=0.3
        )
        fit(p, q, BITS, estimator, steps=60, progress=False, optimizer=optimizer)
        source, gradients = generator(5), []
        for _ in range(100):
            value = estimator(p, q, BITS, 1, generator=source).mean()
            (slope,) = torch.autograd.grad(value, q.encoder[0].bias)
            gradients.append(slope)
        return torch.stack(gradients).var(0).sum().item()

    assert spread(True) < 0.3 * spread(False)


# -- minibatches of global latents -------------------------------------------------------------------------------------


class Mean(Model):
    """z ~ N(0, 10^2), x_n ~ N(z, 1): as one writes it who is told that num_data is expected."""

    local, latent_dim, data_dim = False, 1, 1
    says, scales = False, False

    def __init__(self, num_data: int) -> None:
        super().__init__()
        self.num_data = num_data

    def likelihood_scale(self, x):
        return self.num_data / len(x) if self.says else 1.0

    def log_factors(self, x, z):
        scale = self.num_data / len(x) if self.scales else 1.0
        return {
            "prior": Normal(0.0, 10.0).log_prob(z).sum(-1),
            "likelihood": scale * Normal(z, 1.0).log_prob(x[:, 0]).sum(-1),
        }


def scaled(says: bool, scales: bool) -> Mean:
    p = Mean(1000)
    p.says, p.scales = says, scales
    return p


THOUSAND = 3 + randn(1000, 1, seed=0).float()


@pytest.mark.parametrize("data", [THOUSAND, DataLoader(TensorDataset(THOUSAND), batch_size=10)])
def test_a_minibatch_is_scaled_or_refused_by_what_the_model_does(data):
    options = {"steps": 2, "batch_size": 10 if isinstance(data, torch.Tensor) else None}
    for says, scales, message in (
        (False, False, "likelihood_scale.x. is 1, expected 100"),
        (True, False, "its joint is not scaled by it"),
        (False, True, "likelihood_scale.x. is 1, expected 100"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(scaled(says, scales), MeanField(1), data, progress=False, **options)
    fit(scaled(True, True), MeanField(1), data, progress=False, **options)
    with pytest.raises(ValueError, match="of unknown length, and the latents of Mean are global"):
        fit(scaled(True, True), MeanField(1), [THOUSAND[:10]], steps=1, progress=False)


def test_averaged_minibatches_find_the_exact_posterior():
    """z given a thousand rows, ten of them in a step: the last iterate is noisy, the mean of the later ones is not."""
    q = MeanField(1, torch.tensor([3.0]), torch.tensor([-3.0]))
    fit(
        scaled(True, True),
        q,
        THOUSAND,
        sticking_the_landing,
        steps=500,
        num_samples=2,
        batch_size=10,
        learning_rate=0.02,
        average_from=200,
        progress=False,
    )
    exact = THOUSAND.sum().item() / (1000 + 0.01)
    assert abs(q.loc.item() - exact) < 0.02
    assert q.log_scale.exp().item() == pytest.approx(1000**-0.5, rel=0.15)


# -- data --------------------------------------------------------------------------------------------------------------


def test_numpy_images_and_loaders_are_the_same_data():
    tensor = fit(*vae(), BITS, steps=5, progress=False).bound
    array = fit(*vae(), BITS.numpy().astype(np.uint8), steps=5, progress=False).bound
    images = fit(*vae(), BITS.reshape(40, 1, 2, 3), steps=5, progress=False).bound
    loaded = fit(*vae(), DataLoader(BITS, batch_size=40), steps=5, progress=False).bound
    assert torch.equal(tensor, array) and torch.equal(tensor, images)
    torch.testing.assert_close(tensor, loaded)


def test_a_loader_visits_each_row_once_an_epoch_and_leaves_the_global_generator_alone():
    seen = []

    def watching(p, q, x, num_samples, bound=elbo, generator=None):
        seen.extend(x[:, 0].tolist())
        return reparametrized(p, q, x, num_samples, bound=bound, generator=generator)

    rows = torch.arange(20.0).unsqueeze(-1)
    state = torch.get_rng_state()
    fit(
        ConjugateToy(),
        MeanField(1),
        DataLoader(TensorDataset(rows), batch_size=8, shuffle=True),
        watching,
        steps=6,
        progress=False,
    )
    assert torch.equal(state, torch.get_rng_state())
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20)) and seen[:20] != seen[20:]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            "digits",
            TypeError,
            "x is a str; expected a torch.Tensor, a NumPy array, or a DataLoader",
        ),
        (3, TypeError, "x is a int; expected"),
        ([], ValueError, "x is a loader that gives no batch"),
        ([(BITS, BITS)], TypeError, "x gave a tuple of 2 as a batch; .* left out by a collate_fn"),
        ([BITS / 0], ValueError, "x has 240 entries that are NaN or infinite"),
        (torch.zeros(0, 6), ValueError, "expected at least one row"),
    ],
)
def test_what_is_no_data_is_refused(x, error, message):
    with pytest.raises(error, match=message):
        fit(*vae(), x, steps=2, progress=False)


def test_a_batch_size_for_a_loader_is_refused():
    with pytest.raises(
        ValueError, match="batch_size is 4 and x is a DataLoader, which has its own"
    ):
        fit(*vae(), loader(), batch_size=4, progress=False)


# -- the end of a run --------------------------------------------------------------------------------------------------


def test_an_interrupt_keeps_the_history():
    def press_stop(step, bound):
        if step == 6:
            raise KeyboardInterrupt

    q = MeanField(1)
    with pytest.warns(UserWarning, match="interrupted after 7 of 50 steps"):
        history = fit(
            ConjugateToy(), q, torch.ones(1), steps=50, callback=press_stop, progress=False
        )
    assert len(history.bound) == len(history.seconds) == 7 and q.loc.item() != 0


def test_a_callback_may_stop_the_run_and_there_may_be_several(tmp_path):
    def enough(step, bound):
        if step == 9:
            raise StopIteration
        return step

    table = tmp_path / "runs" / "one.csv"
    history = fit(
        ConjugateToy(),
        MeanField(1),
        torch.ones(1),
        steps=50,
        callback=[enough, csv_log(table, every=3)],
        progress=False,
    )
    assert len(history.bound) == 10 and history.records == list(range(9))
    rows = [line.split(",") for line in table.read_text().splitlines()]
    assert rows[0] == ["step", "bound", "seconds"] and [row[0] for row in rows[1:]] == list("0369")
    assert [float(row[1]) for row in rows[1:]] == history.bound[::3].tolist()


def test_early_stopping_keeps_the_best_of_held_out_data():
    """Twelve images, and a network that can learn them by heart: held-out images suffer."""
    p, q = VAE(2, 6, 40, generator(0)), Amortized(MeanField(2), mlp(6, 40, 4, generator(1)))
    stopping = EarlyStopping(BITS[12:], every=20, patience=3, num_samples=20)
    history = fit(
        p,
        q,
        BITS[:12],
        steps=2000,
        num_samples=5,
        learning_rate=0.02,
        early_stopping=stopping,
        progress=False,
    )
    assert len(history.bound) < 2000 and stopping.stop and stopping.steps[-1] == len(history.bound)
    assert stopping.score(p, q) == max(stopping.scores) > stopping.scores[-1]


def test_early_stopping_refuses_global_latents():
    with pytest.raises(ValueError, match="the latents of Mean are global; expected a function"):
        stopping = EarlyStopping(THOUSAND, every=1)
        fit(scaled(True, True), MeanField(1), THOUSAND, early_stopping=stopping, progress=False)


# -- options -----------------------------------------------------------------------------------------------------------


def test_the_gradient_is_shortened():
    q = MeanField(1).double()
    fit(
        ConjugateToy(),
        q,
        torch.tensor([1e4], dtype=DOUBLE),
        sticking_the_landing,
        steps=1,
        max_norm=0.5,
        optimizer=lambda w: torch.optim.SGD(w, lr=1.0),
        progress=False,
    )
    length = (q.loc.square() + q.log_scale.square()).sum().sqrt().item()
    assert length == pytest.approx(0.5, rel=1e-4)


def test_a_schedule_is_stepped_after_each_step():
    rates = []

    def schedule(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rates.append(step) or 1 / (1 + step)
        )

    q = MeanField(1).double()
    fit(
        ConjugateToy(),
        q,
        torch.ones(1),
        steps=4,
        schedule=schedule,
        optimizer=lambda w: torch.optim.SGD(w, lr=0.1),
        progress=False,
    )
    assert rates == [0, 1, 2, 3, 4]


def test_lbfgs_climbs_the_bound_of_one_noise_to_the_posterior():
    """With sticking the landing the slope is zero at the posterior, whatever the noise is."""
    q = MeanField(1).double()
    x = torch.tensor([2.0], dtype=DOUBLE)
    fit(
        ConjugateToy(),
        q,
        x,
        reparametrized,
        steps=15,
        num_samples=4000,
        optimizer=lambda w: torch.optim.LBFGS(w, line_search_fn="strong_wolfe"),
        progress=False,
    )
    assert abs(q.loc.item() - 1) < 0.05 and abs(q.log_scale.exp().item() - 0.5**0.5) < 0.05
    with pytest.raises(ValueError, match="LBFGS, which compares values of one function"):
        fit(*vae(), BITS, batch_size=4, optimizer=torch.optim.LBFGS, progress=False)


def test_half_precision_of_the_networks():
    history = fit(*vae(), BITS, steps=60, precision=torch.bfloat16, progress=False)
    full = fit(*vae(), BITS, steps=60, progress=False)
    assert 0 < (history.bound - full.bound).abs().max() < 0.1
    with pytest.raises(ValueError, match="precision is torch.float16; expected torch.bfloat16"):
        fit(*vae(), BITS, precision=torch.float16, progress=False)


def test_fused_adam_is_adam_for_parameters_in_any_order():
    """A parameter whose memory is transposed takes the same steps."""
    steps = []
    for fused in (True, False):
        weight = nn.Parameter(randn(3, 5, seed=0).mT.clone(memory_format=torch.preserve_format))
        optimizer = torch.optim.Adam([weight], lr=0.1, fused=fused)
        for seed in range(4):
            weight.grad = None
            (weight * randn(5, 3, seed=seed)).sin().sum().backward()
            optimizer.step()
        steps.append(weight.detach())
    torch.testing.assert_close(*steps, rtol=1e-12, atol=1e-12)


def test_options_that_exclude_each_other_and_nothing_to_learn():
    with pytest.raises(ValueError, match="average_from and early_stopping are both given"):
        Fit(*vae(), BITS, average_from=3, early_stopping=EarlyStopping(BITS))
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        Fit(ConjugateToy(), MeanField(1).requires_grad_(False), torch.ones(1))


def test_the_host_waits_once_a_step(monkeypatch):
    """Every number that Python reads off a tensor is a wait for the device: one a step, the bound and the slope together."""
    waits = []
    for name in ("item", "tolist", "__float__", "__bool__", "__int__"):
        old = getattr(torch.Tensor, name)
        monkeypatch.setattr(
            torch.Tensor,
            name,
            lambda self, *a, name=name, old=old: waits.append(name) or old(self, *a),
        )
    run = Fit(*vae(), BITS, sticking_the_landing, batch_size=7, num_samples=3)
    run.step()
    waits.clear()
    for _ in range(5):
        run.step()
    assert waits == ["tolist"] * 5


# -- exact evidences ---------------------------------------------------------------------------------------------------


def test_maximize_evidence_finds_principal_components(evidence):
    """The noise of probabilistic PCA has a closed form: the mean of the eigenvalues left out."""
    from course_vi.models import ProbabilisticPCA

    x = randn(200, 5, seed=0) @ randn(5, 5, seed=1) + 1.0
    p = ProbabilisticPCA(randn(5, 2, seed=2), torch.zeros(5), 1.0).double()
    maximum = maximize_evidence(p, x.numpy(), tolerance=1e-8)
    eigenvalues = torch.linalg.eigvalsh((x - x.mean(0)).mT @ (x - x.mean(0)) / len(x))
    error = p.log_noise_scale.detach().exp().square() - eigenvalues[:3].mean()
    assert maximum.converged and abs(error) < 1e-6
    assert (p.loc.detach() - x.mean(0)).abs().max() < 1e-5
    assert bool((maximum.log_evidence.diff() >= 0).all())
    evidence("learning.maximize_evidence (ProbabilisticPCA)", "eigenvalues", error=error)


def test_maximize_evidence_searches_along_the_line():
    """The first step goes beyond the maximum: half of it, or less, is looked for. (It was given up: LBFGS may evaluate once by default.)"""

    class Scale(ConjugateToy):
        def __init__(self):
            super().__init__(2)
            self.log_scale = nn.Parameter(torch.zeros((), dtype=DOUBLE))

        def log_evidence(self, x):
            return Normal(0.0, self.log_scale.exp()).log_prob(x).sum(-1)

    p, x = Scale(), torch.tensor([[2.0, 0.5]], dtype=DOUBLE)
    maximum = maximize_evidence(p, x)
    assert maximum.converged
    assert abs(p.log_scale.exp().square().item() - x.square().mean().item()) < 1e-5


def test_maximize_evidence_refuses():
    with pytest.raises(NotImplementedError, match="has no closed form"):
        maximize_evidence(vae()[0], BITS)
    with pytest.raises(ValueError, match="ConjugateToy has no parameter"):
        maximize_evidence(ConjugateToy(), torch.ones(1))


def test_tensorboard_is_asked_for_by_name(tmp_path, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith(("tensorboard", "torch.utils.tensorboard")):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="needs the package tensorboard"):
        learning.tensorboard_log(tmp_path)


def test_score_functions_step_without_a_look_at_x_and_fit_has_looked():
    x = BITS.clone()
    x[3, 2] = math.nan
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        fit(*belief(), x, score_function, progress=False)
