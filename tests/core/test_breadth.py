"""Properties that everything in the catalogue has: shapes with any batch, seeds, precision, extremes, and refusals with a name."""

from __future__ import annotations

import copy
import inspect
import math

import pytest
import torch
from catalogue import BOUNDS, CONTEXT, ESTIMATORS, FAMILIES, MODELS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, DensityModel, generator

from course_vi import bounds, families, gradients, models
from course_vi.bounds import elbo, iwae
from course_vi.families import BernoulliMeanField, Family, FullRank, MeanField
from course_vi.learning import fit

some = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SAMPLES, BATCHES, SIZES = (
    st.integers(1, 4),
    st.sampled_from([(), (1,), (3,), (2, 3), (0,)]),
    st.integers(1, 4),
)
DTYPES, SEEDS = st.sampled_from([torch.float32, torch.float64]), st.integers(0, 2**16)
ROUGH = {torch.float32: {"rtol": 1e-3, "atol": 2e-4}, torch.float64: {"rtol": 1e-8, "atol": 1e-9}}


def randn(shape, seed, dtype=DOUBLE):
    return torch.randn(shape, generator=generator(seed), dtype=DOUBLE).to(dtype)


# -- families ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
@some
@given(num_samples=SAMPLES, batch=BATCHES, dim=SIZES, dtype=DTYPES, seed=SEEDS)
def test_a_family(name, num_samples, batch, dim, dtype, seed):
    """Shapes, seeds, dtype; every entry of a batch is that entry alone; frozen is the same density without parameters."""
    q: Family = FAMILIES[name](dim, seed).to(dtype)
    x = randn((*batch, CONTEXT), seed + 1, dtype)
    z = q.sample(num_samples, x, generator(seed))
    assert z.shape == (num_samples, *batch, q.dim) and z.dtype == dtype and not z.requires_grad
    assert torch.equal(z, q.sample(num_samples, x, generator(seed)))
    log_q = q(x, z)
    assert (
        log_q.shape == (num_samples, *batch)
        and log_q.dtype == dtype
        and bool(torch.isfinite(log_q).all())
    )
    for k in range(num_samples):
        for index in (
            list(
                torch.cartesian_prod(*[torch.arange(size) for size in batch]).reshape(
                    -1, len(batch)
                )
            )[:4]
            if batch
            else [()]
        ):
            place = tuple(int(i) for i in index)
            torch.testing.assert_close(
                q(x[place], z[(slice(None), *place)])[k], log_q[(k, *place)], **ROUGH[dtype]
            )
    frozen = q.frozen_log_prob(z.clone().requires_grad_(), x)
    room = 8 * torch.finfo(dtype).eps  # the last bits may hang on where memory lies
    torch.testing.assert_close(frozen, log_q, rtol=room, atol=room)
    if frozen.numel():
        frozen.sum().backward()
        assert all(parameter.grad is None for parameter in q.parameters())
    if q.reparametrized and q.noise_dim:
        eps = q.noise((num_samples, *batch), generator(seed))
        assert torch.equal(q.transport(eps, x), z)
    if dtype == DOUBLE:
        single = FAMILIES[name](dim, seed)
        torch.testing.assert_close(
            single(x.float(), z.float()).double(), log_q, **ROUGH[torch.float32]
        )


PATHS = [name for name, make in FAMILIES.items() if make(2, 0).reparametrized]


@pytest.mark.parametrize("name", PATHS)
@settings(some, max_examples=4)
@given(num_samples=SAMPLES, batch=st.sampled_from([(), (1,), (2, 3)]), dim=SIZES, seed=SEEDS)
def test_a_family_sticks_the_landing(name, num_samples, batch, dim, seed, evidence):
    """p = q: path gradients are zero sample by sample, for every parameter, K, batch and size; the total derivative is not."""
    q = FAMILIES[name](dim, seed).double()
    x = randn((*batch, CONTEXT), seed + 1)
    with torch.no_grad():
        for parameter in q.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * randn(parameter.shape, seed + 2))
    learned = [parameter for parameter in q.parameters() if parameter.requires_grad]
    p = DensityModel(copy.deepcopy(q), CONTEXT)
    for estimator, bound in (
        (gradients.sticking_the_landing, elbo),
        (gradients.doubly_reparametrized, iwae),
    ):
        value = estimator(p, q, x, num_samples, bound=bound, generator=generator(seed)).sum()
        found = torch.autograd.grad(value, learned, allow_unused=True)
        largest = max(
            (
                gradient.abs().max().item()
                for gradient in found
                if gradient is not None and gradient.numel()
            ),
            default=0.0,
        )
        assert largest < 1e-8 and value.abs() < 1e-8
        evidence(
            f"gradients.{estimator.__name__}, {bound.__name__} ({name})",
            "zero at q = p: any K, batch, size and seed",
            error=largest,
        )
    value = gradients.reparametrized(p, q, x, num_samples, generator=generator(seed)).sum()
    total = torch.autograd.grad(value, learned, allow_unused=True)
    assert (
        max(
            gradient.abs().max().item()
            for gradient in total
            if gradient is not None and gradient.numel()
        )
        > 1e-6
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_learns_from_all_its_parameters(name):
    """At a random point, log q at a fixed z has a gradient in every parameter that it is meant to learn."""
    q = FAMILIES[name](3, 0).double()
    x = randn((4, CONTEXT), 1)
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.add_(0.3 * randn(parameter.shape, 2))
    z = q.sample(3, x, generator(0))
    q(x, z).sum().backward()
    assert all(
        parameter.grad is not None and bool(torch.isfinite(parameter.grad).all())
        for parameter in q.parameters()
        if parameter.requires_grad
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_on_another_device_is_refused_by_name(name):
    q = FAMILIES[name](2, 0)
    p = models.ConjugateToy(CONTEXT)
    p.latent_dim = q.dim
    estimator = gradients.reparametrized if q.reparametrized else gradients.score_function
    with pytest.raises(ValueError, match=r"x is on meta but .* is on cpu; expected one device"):
        estimator(p, q, torch.zeros(4, CONTEXT, device="meta"), 2)
    with pytest.raises(
        ValueError,
        match="x is on cpu but the parameters of q is on meta; expected one device|expected one device",
    ):
        estimator(p, q.to("meta"), torch.zeros(4, CONTEXT), 2)


# -- models ------------------------------------------------------------------------------------------------------------


def data(name, n, seed, dtype=DOUBLE):
    row = MODELS[name]
    p = row.make().to(dtype)
    x, z = row.data(p, n if row.rows is None else row.rows, generator(seed))
    return p, x, z


@pytest.mark.parametrize("name", MODELS)
@some
@given(num_samples=SAMPLES, batch=BATCHES, dtype=DTYPES, seed=SEEDS)
def test_a_model(name, num_samples, batch, dtype, seed):
    """Shapes, seeds, dtype; factors add up; every entry of a batch is that entry alone; single precision follows double."""
    count = max(1, math.prod(batch))
    p, x, z = data(name, count if MODELS[name].make().local else 6, seed, dtype)
    again = data(name, count if p.local else 6, seed, dtype)
    assert torch.equal(x, again[1]) and torch.equal(z, again[2]) and x.dtype == dtype
    assert x.shape[-1] == p.data_dim and z.shape[-1] == p.latent_dim
    if p.local:
        if 0 in batch:
            x, z = x[:0], z[:0]
        x, z = x.reshape(*batch, p.data_dim), z.reshape(*batch, p.latent_dim)
        z = z.expand(num_samples, *z.shape)
    else:
        z = z.expand(num_samples, *batch, p.latent_dim)
    log_p = p.log_joint(x, z)
    assert (
        log_p.shape == (num_samples, *batch)
        and log_p.dtype == dtype
        and bool(torch.isfinite(log_p).all())
    )
    factors = list(p.log_factors(x, z).values())
    torch.testing.assert_close(sum(factors[1:], start=factors[0]), log_p, **ROUGH[dtype])
    if batch and 0 not in batch:
        last = tuple(size - 1 for size in batch)
        alone = p.log_joint(x[last] if p.local else x, z[(slice(None), *last)])
        torch.testing.assert_close(alone, log_p[(slice(None), *last)], **ROUGH[dtype])
    if dtype == DOUBLE:
        rough = MODELS[name].make().log_joint(x.float(), z.float())
        torch.testing.assert_close(rough.double(), log_p, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("name", MODELS)
@some
@given(batch=BATCHES, seed=SEEDS)
def test_exact_answers_obey_bayes_rule(name, batch, seed, evidence):
    """log p(x, z) - log p(z | x) is log p(x), for any batch, also an empty one, wherever a model claims to know them."""
    p, x, z = data(name, max(1, math.prod(batch)) if MODELS[name].make().local else 6, seed)
    if p.local:
        x = (x[:0] if 0 in batch else x).reshape(*batch, p.data_dim)
    try:
        log_evidence = p.log_evidence(x)
    except NotImplementedError:
        return
    assert log_evidence.shape == (batch if p.local else ()) and bool(
        torch.isfinite(log_evidence).all()
    )
    try:
        posterior = p.posterior(x)
    except NotImplementedError:
        return
    if p.local:
        z = (z[:0] if 0 in batch else z).reshape(*batch, p.latent_dim)
    left = p.log_joint(x, z.unsqueeze(0))[0] - posterior.log_prob(z)
    torch.testing.assert_close(left, log_evidence, rtol=1e-8, atol=1e-7)
    if left.numel():
        evidence(
            f"models.{name.split(',')[0]}",
            "Bayes' rule at random z, any batch",
            error=(left - log_evidence).abs().max(),
        )


@pytest.mark.parametrize("name", MODELS)
def test_a_model_refuses_by_name(name):
    """Another size, another device, NaN in the data: each says which argument."""
    p, x, z = data(name, 6, 0)
    shape = (2, *z.shape)
    with pytest.raises(
        ValueError,
        match=rf"x has shape \(6, {p.data_dim + 1}\)|x has shape \(5, {p.data_dim + 1}\)",
    ):
        p.log_joint(torch.zeros(len(x), p.data_dim + 1, dtype=DOUBLE), z.expand(shape))
    with pytest.raises(ValueError, match=r"z has shape .*; expected its last axis to have"):
        p.log_joint(x, torch.zeros(2, *z.shape[:-1], p.latent_dim + 1, dtype=DOUBLE))
    with pytest.raises(ValueError, match="x is on meta but z is on cpu; expected one device"):
        p.log_joint(x.to("meta"), z.expand(shape))
    if list(p.parameters()):
        with pytest.raises(
            ValueError, match="x is on meta but the parameters of .* is on cpu; expected one device"
        ):
            p.log_joint(x.to("meta"), z.expand(shape).to("meta"))
    for method in (p.log_evidence, p.posterior):
        if list(p.parameters()):
            with pytest.raises(
                (ValueError, NotImplementedError), match="expected one device|no closed form"
            ):
                method(x.to("meta"))
    broken = x.clone()
    broken[-1, -1] = math.nan
    for method in (p.log_evidence, p.posterior):
        with pytest.raises(
            (ValueError, NotImplementedError), match="x has 1 entries that are NaN|no closed form"
        ):
            method(broken)


# -- estimators --------------------------------------------------------------------------------------------------------


def problem(kind, batch, dtype, seed, theta=True):
    """A model with local latents, a family and data: two normal latents and two bits, or two bits in both."""
    if kind == "bits":
        p, q = (
            models.SigmoidBeliefNet([2, 2], generator=generator(seed)),
            BernoulliMeanField(2, randn((2,), seed)),
        )
    else:
        p, q = (
            models.VAE(2, 2, 3, generator(seed)),
            MeanField(2, randn((2,), seed), 0.3 * randn((2,), seed + 1)),
        )
    x = torch.bernoulli(torch.full((*batch, 2), 0.5, dtype=DOUBLE), generator=generator(seed)).to(
        dtype
    )
    return p.to(dtype), q.to(dtype), x


PAIRS = [(name, kind) for name, row in ESTIMATORS.items() for kind in row.takes]


@pytest.mark.parametrize("name, kind", PAIRS)
@some
@given(data=st.data(), num_samples=SAMPLES, batch=BATCHES, dtype=DTYPES, seed=SEEDS)
def test_an_estimator(name, kind, data, num_samples, batch, dtype, seed):
    """Its value is the bound at its own samples, shapes are (*B), gradients of phi and theta are finite, seeds reproduce."""
    row = ESTIMATORS[name]
    bound, least = BOUNDS[data.draw(st.sampled_from(row.bounds))]
    num_samples = max(num_samples, least, row.least)
    num_samples += row.even and num_samples % 2
    p, q, x = problem(kind, batch, dtype, seed)
    estimator = row.make()
    estimator = estimator.to(dtype) if isinstance(estimator, torch.nn.Module) else estimator
    value = estimator(p, q, x, num_samples, bound=bound, generator=generator(seed))
    assert value.shape == batch and value.dtype == dtype and bool(torch.isfinite(value).all())
    again = row.make()
    again = again.to(dtype) if isinstance(again, torch.nn.Module) else again
    assert torch.equal(value, again(p, q, x, num_samples, bound=bound, generator=generator(seed)))
    if batch and 0 in batch:
        return
    value.sum().backward()
    for module in (p, q):
        assert all(
            parameter.grad is not None and bool(torch.isfinite(parameter.grad).all())
            for parameter in module.parameters()
        )
    if not row.own_value and kind == "normal":
        z = q.sample(num_samples, x, generator(seed))
        torch.testing.assert_close(value, bound(p.log_joint(x, z) - q(x, z)), **ROUGH[dtype])


@pytest.mark.parametrize("name, kind", PAIRS)
def test_an_estimator_never_returns_nan_in_silence(name, kind):
    """NaN in one datum: an error that names x."""
    row = ESTIMATORS[name]
    p, q, x = problem(kind, (3,), DOUBLE, 0)
    x[1, 0] = math.nan
    estimator = row.make()
    estimator = estimator.double() if isinstance(estimator, torch.nn.Module) else estimator
    with pytest.raises(
        ValueError, match="x has 1 entries that are NaN or infinite, of 6|x has entries other than"
    ):
        estimator(p, q, x, 4, bound=BOUNDS[row.bounds[0]][0], generator=generator(0))


@pytest.mark.parametrize("name, kind", PAIRS)
def test_an_estimator_refuses_another_device_by_name(name, kind):
    row = ESTIMATORS[name]
    estimator = row.make()
    estimator = estimator.double() if isinstance(estimator, torch.nn.Module) else estimator
    for moved in ("x", "q", "p"):
        p, q, x = problem(kind, (3,), DOUBLE, 0)
        given_ = {"x": x, "q": q, "p": p}
        given_[moved] = given_[moved].to("meta")
        with pytest.raises(ValueError, match="expected one device"):
            estimator(given_["p"], given_["q"], given_["x"], 4, bound=BOUNDS[row.bounds[0]][0])


@pytest.mark.parametrize("name, kind", PAIRS)
@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_an_estimator_with_huge_log_weights(name, kind, shift):
    """log p moved by 10,000: the value moves by as much, and the gradient stays finite."""
    row = ESTIMATORS[name]
    p, q, x = problem(kind, (3,), DOUBLE, 0)

    class Far(type(p)):
        def log_factors(self, x, z):
            factors = super().log_factors(x, z)
            last = list(factors)[-1]
            return {**factors, last: factors[last] + shift}

    far = problem(kind, (3,), DOUBLE, 0)[0]
    far.__class__ = Far
    for bound_name in row.bounds:
        values = []
        for model in (p, far):
            estimator = row.make()
            estimator = estimator.double() if isinstance(estimator, torch.nn.Module) else estimator
            values.append(
                estimator(model, q, x, 4, bound=BOUNDS[bound_name][0], generator=generator(0))
            )
        torch.testing.assert_close(values[1] - shift, values[0], rtol=0, atol=1e-6)
        found = torch.autograd.grad(values[1].sum(), list(q.parameters()))
        assert all(bool(torch.isfinite(gradient).all()) for gradient in found)


# -- bounds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOUNDS)
@some
@given(
    extra=st.integers(0, 4),
    batch=BATCHES,
    dtype=DTYPES,
    seed=SEEDS,
    shift=st.sampled_from([0.0, -1e4, 1e4]),
)
def test_a_bound(name, extra, batch, dtype, seed, shift):
    """Any batch; equal weights give their common value; a constant comes out; the order of the samples is nothing; extremes are finite."""
    bound, least = BOUNDS[name]
    log_w = randn((least + extra, *batch), seed, dtype)
    value = bound(log_w)
    assert value.shape == batch and value.dtype == dtype
    tolerance = (
        {"rtol": 1e-5, "atol": 5e-2 if abs(shift) > 1 else 1e-4}
        if dtype == torch.float32
        else {"rtol": 1e-9, "atol": 1e-8}
    )
    torch.testing.assert_close(bound(log_w + shift), value + shift, **tolerance)
    torch.testing.assert_close(bound(log_w.flip(0)), value, **ROUGH[dtype])
    torch.testing.assert_close(
        bound(log_w[:1].expand(least + extra, *batch)), log_w[0], **ROUGH[dtype]
    )
    assert bool(torch.isfinite(bound(1e4 * log_w)).all())


# -- what is left at the edge ------------------------------------------------------------------------------------------


def test_fit_refuses_an_empty_data_set():
    with pytest.raises(ValueError, match=r"x has shape \(0, 2\); expected at least one row"):
        fit(models.ConjugateToy(2), MeanField(2), torch.zeros(0, 2), steps=2)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_extreme_scales_of_models(scale):
    """A change of unit for the linear Gaussian models: log p(x) moves by Dx log(scale), and the posterior mean of z not at all."""
    for p, far in (
        (
            models.ProbabilisticPCA(randn((4, 2), 0), randn((4,), 1), 0.7),
            models.ProbabilisticPCA(scale * randn((4, 2), 0), scale * randn((4,), 1), 0.7 * scale),
        ),
    ):
        x, _ = p.sample(5, generator(0))
        torch.testing.assert_close(
            far.log_evidence(scale * x) + 4 * math.log(scale),
            p.log_evidence(x),
            rtol=1e-8,
            atol=1e-7,
        )
        torch.testing.assert_close(
            far.posterior(scale * x).mean, p.posterior(x).mean, rtol=1e-8, atol=1e-8
        )
    root = torch.linalg.cholesky(torch.eye(3, dtype=DOUBLE) + 0.3)
    q = FullRank(
        3, torch.zeros(3, dtype=DOUBLE), root.diagonal().log() + math.log(scale), scale * root
    )
    z = q.sample(4, generator=generator(0))
    assert bool(torch.isfinite(q(None, z)).all()) and z.abs().max() < 10 * scale


# -- nothing is left out -----------------------------------------------------------------------------------------------


def named(module, wanted):
    return {name for name in module.__all__ if wanted(getattr(module, name))}


def test_the_catalogue_is_complete():
    """A new family, model, bound or estimator needs one row in tests/core/catalogue.py.

    Exempt: ``PerDatum``, which has one row of parameters for each of its data, ``GlobalLocal`` and its model, whose rows share latents
    (test_global_local.py), and ``ConditionalNeuralProcess``, which has no latents.
    """

    def bare(table):
        return {name.split(",")[0] for name in table}

    def subclass(base):
        return lambda value: (
            inspect.isclass(value) and issubclass(value, base) and value is not base
        )

    assert named(families, subclass(Family)) - {"PerDatum", "Amortized", "GlobalLocal"} <= bare(
        FAMILIES
    ), "add a row to FAMILIES"
    exempt = {"ConditionalNeuralProcess", "GlobalLocalModel"}
    assert named(models, subclass(models.Model)) - exempt <= bare(MODELS), "add a row to MODELS"
    assert named(bounds, inspect.isfunction) <= bare(BOUNDS), "add a row to BOUNDS"
    assert named(gradients, callable) <= bare(ESTIMATORS), "add a row to ESTIMATORS"
