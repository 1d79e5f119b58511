"""Refusals: what is biased, meaningless or mispaired raises, and says which argument, what came and what was expected."""

from __future__ import annotations

import pytest
import torch
from catalogue import amortized, gaussian
from oracles import DOUBLE, generator
from torch import nn
from toy import ALL, X, toy_family

from course_vi import validate
from course_vi.bounds import elbo, iwae
from course_vi.data import breast_cancer
from course_vi.families import Amortized, Family, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import VAE, BayesianLogisticRegression, ConjugateToy, Model, TwoBernoullis


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize(
    "bad, error",
    [(0, ValueError), (-3, ValueError), (True, TypeError), (2.0, TypeError), ("2", TypeError)],
)
def test_num_samples(estimator, bad, error):
    with pytest.raises(error, match="num_samples is .*; expected a whole number, 1 or more"):
        estimator(ConjugateToy(), toy_family(), X, bad)


@pytest.mark.parametrize("estimator", ALL)
def test_shapes(estimator):
    p, q = ConjugateToy(), toy_family()
    with pytest.raises(
        ValueError, match=r"x has shape \(4, 2\); expected its last axis to have 1 entry"
    ):
        estimator(p, q, torch.zeros(4, 2, dtype=DOUBLE))
    with pytest.raises(TypeError, match="x is a list; expected a torch.Tensor"):
        estimator(p, q, [2.0])
    with pytest.raises(ValueError, match="q is over 3 latents, but p has 1"):
        estimator(p, gaussian("MeanField", 3), X)
    with pytest.raises(
        ValueError, match=r"noise has shape \(2, 3\); expected its last axis to have 1 entry"
    ):
        estimator(p, q, X, 2, noise=torch.zeros(2, 3, dtype=DOUBLE))
    with pytest.raises(ValueError, match=r"noise has shape \(2, 1\); expected \(3, 1\)"):
        estimator(p, q, X, 3, noise=torch.zeros(2, 1, dtype=DOUBLE))
    with pytest.raises(ValueError, match=r"noise has shape \(3, 1\); expected \(3, 5, 1\)"):
        estimator(p, q, X.expand(5, 1), 3, noise=torch.zeros(3, 1, dtype=DOUBLE))


@pytest.mark.parametrize("estimator", ALL)
def test_a_forgotten_sum_over_the_event(estimator):
    """log p of shape (K, *B, D) would broadcast against log q of shape (K, *B), for some sizes silently."""

    class Forgetful(ConjugateToy):
        def log_joint(self, x, z):
            return -0.5 * z.square()

    with pytest.raises(
        ValueError,
        match=r"p.log_joint gave shape \(3, 1\) for z of shape \(3, 1\); expected \(3,\)",
    ):
        estimator(Forgetful(), toy_family(), X, 3)


@pytest.mark.parametrize("num_samples", [1, 4, 6])
@pytest.mark.parametrize("estimator", ALL)
def test_a_family_that_reads_the_data_of_a_global_model(estimator, num_samples):
    """Sample k would be paired with datum k: at K = 1 and at K = N that fits, and is wrong."""
    x = breast_cancer(1, dtype=DOUBLE)[:6]
    q = Amortized(MeanField(2), nn.Linear(3, 4)).double()
    with pytest.raises(ValueError, match="where the latents are global"):
        estimator(BayesianLogisticRegression(2), q, x, num_samples)


@pytest.mark.parametrize("estimator", [score_function, reparametrized, doubly_reparametrized])
def test_a_minibatch_scale_inside_a_bound_that_is_not_linear(estimator):
    x = breast_cancer(1, dtype=DOUBLE)
    p, q = BayesianLogisticRegression(2, num_data=569), gaussian("MeanField", 2)
    for num_samples in (1, 5):
        with pytest.raises(
            ValueError, match="bound is iwae and p scales a minibatch by 5.69; expected bounds.elbo"
        ):
            estimator(p, q, x[:100], num_samples, bound=iwae)
        assert (
            estimator(p, q, x[:100], num_samples, bound=elbo).shape
            == estimator(p, q, x, num_samples, bound=iwae).shape
            == ()
        )


def test_sticking_the_landing_reads_the_structure():
    with pytest.raises(ValueError, match="use gradients.doubly_reparametrized"):
        sticking_the_landing(ConjugateToy(), toy_family(), X, 2, bound=iwae)

    def elbo_by_another_name(log_w):
        return log_w.sum(0) / log_w.shape[0]

    def iwae_by_another_name(log_w):
        return log_w.exp().mean(0).log()

    sticking_the_landing(ConjugateToy(), toy_family(), X, 2, bound=elbo_by_another_name)
    with pytest.raises(ValueError, match="bound is iwae_by_another_name with num_samples = 2"):
        sticking_the_landing(ConjugateToy(), toy_family(), X, 2, bound=iwae_by_another_name)


def test_baselines():
    p, q = ConjugateToy(), toy_family()
    with pytest.raises(
        ValueError, match="baseline is 'mean'; expected one of 'none', 'leave_one_out'"
    ):
        score_function(p, q, X, 2, baseline="mean")
    with pytest.raises(
        ValueError, match="baseline is 'leave_one_out' with num_samples = 1; expected two samples"
    ):
        score_function(p, q, X, 1, baseline="leave_one_out")
    with pytest.raises(
        ValueError, match="baseline is 'leave_one_out' with num_samples = 3; .* linear"
    ):
        score_function(p, q, X, 3, bound=iwae, baseline="leave_one_out")


@pytest.mark.parametrize("estimator", [reparametrized, sticking_the_landing, doubly_reparametrized])
def test_a_family_without_a_path(estimator):
    class Stepwise(MeanField):
        reparametrized = False

    with pytest.raises(TypeError, match=r"q is a Stepwise, which has no z = t\(eps\)"):
        estimator(ConjugateToy(), Stepwise(1).double(), X)
    assert score_function(ConjugateToy(), Stepwise(1).double(), X).shape == ()


@pytest.mark.parametrize(
    "model, dim, data_dim",
    [
        (ConjugateToy(2), 2, 2),
        (TwoBernoullis(), 1, 2),
        (VAE(2, 3, 4), 2, 3),
        (BayesianLogisticRegression(2), 2, 3),
    ],
)
def test_models_name_the_wrong_argument(model, dim, data_dim):
    x, z = (
        torch.zeros(4, data_dim),
        torch.zeros(5, dim) if not model.local else torch.zeros(5, 4, dim),
    )
    assert model.log_joint(x, z).shape == z.shape[:-1]
    with pytest.raises(ValueError, match="x has shape"):
        model.log_joint(torch.zeros(4, data_dim + 1), z)
    with pytest.raises(ValueError, match="z has shape"):
        model.log_joint(x, torch.zeros(5, 4, dim + 1))
    with pytest.raises(TypeError, match="z is a list"):
        model.log_joint(x, [0.0])
    with pytest.raises(ValueError, match="x is on meta but z is on cpu; expected one device"):
        model.log_joint(x.to("meta"), z)


def test_models_that_have_no_oracle_say_so():
    model = VAE(2, 3, 4)
    for call, words in (
        (lambda: model.log_evidence(torch.zeros(3)), "evidence of VAE has no closed form"),
        (lambda: model.posterior(torch.zeros(3)), "posterior of VAE has no closed form"),
        (lambda: Model().prior(), "does not name a prior"),
        (lambda: Model().likelihood(torch.zeros(1)), "likelihood"),
        (lambda: Model().sample(1), "how to draw"),
    ):
        with pytest.raises(NotImplementedError, match=words):
            call()


def test_arguments_of_models():
    with pytest.raises(ValueError, match="intercepts has 3 numbers; expected 2"):
        TwoBernoullis(intercepts=(0.0, 1.0, 2.0))
    with pytest.raises(ValueError, match="prior_scale is 0; expected a positive number"):
        BayesianLogisticRegression(2, prior_scale=0)
    with pytest.raises(TypeError, match="dim is 2.0"):
        BayesianLogisticRegression(2.0)
    with pytest.raises(
        ValueError, match=r"x has shape \(3,\); expected \(N, 3\) with at least one row"
    ):
        BayesianLogisticRegression(2).log_joint(torch.zeros(3), torch.zeros(5, 2))
    with pytest.raises(ValueError, match=r"x has shape \(0, 3\)"):
        BayesianLogisticRegression(2).log_joint(torch.zeros(0, 3), torch.zeros(5, 2))


def test_expect():
    with pytest.raises(ValueError, match="x has 2 entries that are NaN or infinite, of 3"):
        validate.finite("x", torch.tensor([1.0, float("nan"), float("inf")]))
    with pytest.raises(ValueError, match="a is on cpu but b is on meta"):
        validate.same_place("a", torch.zeros(1), "b", torch.zeros(1, device="meta"))


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
        ),
    ],
)
def test_device_and_dtype_follow_the_parameters(device):
    """Noise, samples, value and gradients live where the parameters live; nothing is moved silently."""
    for dtype in (torch.float32, torch.float64):
        for q, x in (
            (gaussian("FactorCovariance"), torch.zeros(2)),
            (amortized("FullRank"), torch.zeros(4, 2)),
        ):
            q, x = q.to(device, dtype), x.to(device, dtype)

            class Standard(Model):
                latent_dim, data_dim = 3, 2

                def log_factors(self, x, z):
                    return {"all": -0.5 * z.square().sum(-1) + 0 * x.sum(-1)}

            for estimator in ALL:
                value = estimator(
                    Standard(), q, x, 3, generator=torch.Generator(device).manual_seed(0)
                )
                assert value.device.type == device and value.dtype == dtype
                value.sum().backward()
                assert all(
                    parameter.grad.device.type == device and parameter.grad.dtype == dtype
                    for parameter in q.parameters()
                )
    if device == "cuda":
        with pytest.raises(ValueError, match="expected one device"):
            reparametrized(ConjugateToy(), toy_family().to(device), X)


def test_defaults_of_torch_are_left_alone():
    before = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_rng_state(),
        torch.are_deterministic_algorithms_enabled(),
    )
    reparametrized(ConjugateToy(), toy_family(), X, 3, generator=generator(0))
    doubly_reparametrized(ConjugateToy(), toy_family(), X, 3, bound=iwae, generator=generator(0))
    after = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_rng_state(),
        torch.are_deterministic_algorithms_enabled(),
    )
    assert before[:2] == after[:2] and torch.equal(before[2], after[2]) and before[3] == after[3]


def test_a_family_must_say_its_distribution():
    with pytest.raises(NotImplementedError):
        Family().distribution()
