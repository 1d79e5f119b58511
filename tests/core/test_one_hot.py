"""Categorical families fit categorical models: hard and soft one-hot latents, estimators against enumeration, and fits."""

from functools import partial

import pytest
import torch
from oracles import DOUBLE, generator, randn
from torch.distributions import Categorical, Independent, Normal

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.families import Amortized, CategoricalMeanField
from course_vi.gradients import (
    Rebar,
    Relax,
    gumbel_softmax,
    rao_blackwellized,
    score_function,
    straight_through,
    vimco,
)
from course_vi.graph import BayesNet, plate
from course_vi.learning import fit
from course_vi.models import (
    BayesianGaussianMixture,
    BernoulliMixture,
    GaussianHMM,
    GaussianMixture,
    HiddenMarkovModel,
)
from course_vi.nets import mlp

LIMIT = 4.5


def probabilities(*shape, seed):
    return randn(*shape, seed=seed).softmax(-1)


def net():
    """A weather, three sensors that it breaks or not, and what they read: categorical parents, children and plates."""
    rates, slopes = probabilities(3, 3, seed=1), randn(3, seed=2)
    sensors = plate("sensors", 2)
    return (
        BayesNet(
            weather=lambda: Categorical(probabilities(3, seed=0)),
            broken=sensors(lambda weather: Categorical(rates[weather])),
            level=lambda weather: Normal(slopes[weather], 0.5),
            x=sensors(lambda broken, weather: Normal(slopes[broken] + 0.3 * weather, 0.8)),
        )
        .as_model(observed=["x", "level"], latent=["broken", "weather"])
        .double()
    )


MODELS = {
    "GaussianMixture": (
        lambda: GaussianMixture(
            probabilities(3, seed=0),
            randn(3, 2, seed=1),
            torch.eye(2, dtype=DOUBLE).expand(3, 2, 2),
        ),
        1,
    ),
    "BernoulliMixture": (
        lambda: BernoulliMixture(probabilities(3, seed=0), randn(3, 4, seed=1).sigmoid()),
        1,
    ),
    "HiddenMarkovModel": (
        lambda: HiddenMarkovModel(
            probabilities(3, seed=0), probabilities(3, 3, seed=1), probabilities(3, 4, seed=2), 3
        ),
        3,
    ),
    "GaussianHMM": (
        lambda: GaussianHMM(
            probabilities(3, seed=0),
            probabilities(3, 3, seed=1),
            torch.stack([randn(3, seed=2), randn(3, seed=3).exp()], -1),
            3,
        ),
        3,
    ),
    "NetModel": (net, 3),
    "BayesianGaussianMixture": (
        lambda: BayesianGaussianMixture(
            3, 3, torch.zeros(2, dtype=DOUBLE), torch.eye(2, dtype=DOUBLE)
        ).double(),
        3,
    ),
}


def case(name):
    """p, q over the same variables, one datum (or one data set), and the variables' number."""
    make, variables = MODELS[name]
    p = make()
    x, _ = p.sample(3 if name == "BayesianGaussianMixture" else 1, generator(5))
    q = CategoricalMeanField(variables, 3, 0.7 * randn(variables, 3, seed=6))
    return p, q, x if not p.local else x[0]


def by_enumeration(p, q, x, bound=elbo, num_samples=1):
    states = q.states()
    value = exact.expected_bound(p.log_joint(x, states), q(None, states), bound, num_samples)
    return value, torch.autograd.grad(value, q.logits)[0]


@pytest.mark.parametrize("name", MODELS)
def test_a_hard_one_hot_vector_is_its_whole_numbers(name):
    p, q, x = case(name)
    states = q.states()
    indices = exact.enumerate_categories((3,) * q.variables, like=states)
    torch.testing.assert_close(p.log_joint(x, states), p.log_joint(x, indices), rtol=0, atol=0)
    assert torch.equal(p.indices_of(states), indices)
    soft = states.clone().requires_grad_()  # the soft road, asked at the states
    torch.testing.assert_close(p.log_joint(x, soft), p.log_joint(x, indices))


@pytest.mark.parametrize("name", MODELS)
def test_between_the_states_the_joint_is_the_mean_over_independent_draws(name, evidence):
    """Linear in each variable: at the probabilities of q it is the expectation under q, by enumeration."""
    p, q, x = case(name)
    states = q.states()
    weights = q(None, states).exp()
    mean = q.distribution().mean
    found = p.log_joint(x, mean.unsqueeze(0))[0]
    wanted = (weights * p.log_joint(x, states)).sum()
    torch.testing.assert_close(found, wanted)
    evidence(f"one-hot latents ({name})", "enumeration: E_q log p", error=found - wanted)


ESTIMATORS = {
    "score": score_function,
    "leave_one_out": partial(score_function, baseline="leave_one_out"),
    "optimal_constant": partial(score_function, baseline="optimal_constant"),
    "Rebar": Rebar().double(),
    "Relax": Relax(mlp(9, 6, 1, generator(0))).double(),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_estimators_are_unbiased(name, estimator, evidence):
    p, q, x = case(name)
    if estimator == "Relax" and q.dim != 9:
        pytest.skip("its network reads nine scores")
    if name == "BayesianGaussianMixture" and estimator in ("Rebar", "Relax"):
        runs = 1000
    else:
        runs = 4000
    logits = q.logits.detach()
    if p.local:
        x, q = x.expand(runs, -1), CategoricalMeanField(q.variables, 3, logits.expand(runs, -1, -1))
    else:
        q = CategoricalMeanField(q.variables, 3, logits.expand(runs, -1, -1))
    value = ESTIMATORS[estimator](p, q, x, 4, generator=generator(7))
    (gradients,) = torch.autograd.grad(value.sum(), q.logits)
    exact_value, exact_gradient = by_enumeration(*case(name))
    z_gradient = (gradients.mean(0) - exact_gradient) / (gradients.std(0) / runs**0.5 + 1e-12)
    z_value = (value.mean() - exact_value) / (value.std() / runs**0.5)
    assert z_gradient.abs().max() < LIMIT and abs(z_value) < LIMIT
    evidence(f"{estimator} ({name}, one-hot)", "enumeration", z=z_gradient.abs().max())


def test_vimco_is_unbiased():
    p, q, x = case("HiddenMarkovModel")
    runs = 4000
    many = CategoricalMeanField(3, 3, q.logits.detach().expand(runs, -1, -1))
    value = vimco(p, many, x.expand(runs, -1), 3, generator=generator(7))
    (gradients,) = torch.autograd.grad(value.sum(), many.logits)
    _, wanted = by_enumeration(p, q, x, iwae, 3)
    assert ((gradients.mean(0) - wanted) / (gradients.std(0) / runs**0.5)).abs().max() < LIMIT


@pytest.mark.parametrize("name", ["NetModel", "HiddenMarkovModel"])
def test_rao_blackwellization_is_unbiased(name):
    p, q, x = case(name)
    scopes = (
        None
        if name == "NetModel"
        else {"initial": (0,), "transition": (0, 1, 2), "emission": (0, 1, 2)}
    )
    runs = 4000
    many = CategoricalMeanField(3, 3, q.logits.detach().expand(runs, -1, -1))
    value = rao_blackwellized(p, many, x.expand(runs, -1), 2, generator=generator(7), scopes=scopes)
    (gradients,) = torch.autograd.grad(value.sum(), many.logits)
    _, wanted = by_enumeration(p, q, x)
    assert ((gradients.mean(0) - wanted) / (gradients.std(0) / runs**0.5)).abs().max() < LIMIT


def test_gumbel_softmax_nears_the_bound_as_it_cools():
    """Its value is that of the relaxed model; cold, that is nearly the discrete one."""
    p, q, x = case("HiddenMarkovModel")
    wanted, _ = by_enumeration(p, q, x)
    gaps = []
    for temperature in (1.0, 0.1):
        value = gumbel_softmax(p, q, x, 20_000, generator=generator(3), temperature=temperature)
        gaps.append(abs(value - wanted).item())
    assert gaps[1] < 0.04 < 0.5 < gaps[0]


@pytest.mark.parametrize(
    "estimator",
    [
        partial(gumbel_softmax, temperature=0.2),
        Rebar(),
        partial(score_function, baseline="leave_one_out"),
        straight_through,
    ],
    ids=["gumbel_softmax", "Rebar", "leave_one_out", "straight_through"],
)
def test_an_amortized_mixture_finds_its_responsibilities(estimator):
    """One discrete latent: the family holds the posterior, so the bound reaches the evidence."""
    p = MODELS["GaussianMixture"][0]().requires_grad_(False)
    x, _ = p.sample(200, generator(1))
    q = Amortized(CategoricalMeanField(1, 3), mlp(2, 10, 3, generator(2))).double()
    fit(p, q, x, estimator, steps=120, num_samples=4, learning_rate=0.05, progress=False)
    states = torch.eye(3, dtype=DOUBLE).unsqueeze(1).expand(3, len(x), 3)
    log_q = q(x, states)
    bound = (log_q.exp() * (p.log_joint(x, states) - log_q)).sum(0)
    assert 0 <= (p.log_evidence(x) - bound).mean() < 0.03


def test_mean_field_of_a_hidden_markov_model_reaches_the_best_mean_field():
    """Against LBFGS on the exact bound, by enumeration of the 27 states."""
    p, q, x = case("HiddenMarkovModel")
    p.requires_grad_(False)
    best = CategoricalMeanField(3, 3, q.logits.detach())
    climber = torch.optim.LBFGS(best.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        climber.zero_grad()
        value = -by_enumeration_value(p, best, x)
        value.backward()
        return value

    climber.step(loss)
    fit(
        p,
        q,
        x,
        Rebar(),
        steps=150,
        num_samples=8,
        learning_rate=0.08,
        progress=False,
    )
    gap = by_enumeration_value(p, best, x) - by_enumeration_value(p, q, x)
    assert (
        -1e-9
        < gap
        < 0.03
        < by_enumeration_value(p, best, x) - by_enumeration_value(*case("HiddenMarkovModel"))
    )


def by_enumeration_value(p, q, x):
    states = q.states()
    return exact.expected_bound(p.log_joint(x, states), q(None, states), elbo, 1)


def test_impossible_states_leave_finite_gradients():
    """A left-to-right chain: a relaxed sample puts a little weight on steps back, and a hard one none."""
    p = HiddenMarkovModel(
        torch.tensor([1.0, 0.0], dtype=DOUBLE),
        torch.tensor([[0.6, 0.4], [0.0, 1.0]], dtype=DOUBLE),
        probabilities(2, 3, seed=0),
        3,
    )
    z = torch.tensor([[1.0, 0, 1, 0, 0, 1]], dtype=DOUBLE, requires_grad=True)
    x = torch.zeros(3, dtype=DOUBLE)
    value = p.log_joint(x, z)
    assert value.item() == pytest.approx(p.log_joint(x, torch.tensor([[0.0, 0, 1]])).item())
    value.sum().backward()
    assert z.grad.isfinite().all()


def test_an_event_of_several_categories():
    """A node that is a vector of categorical variables, inside Independent."""
    table = probabilities(2, 3, seed=0)
    p = (
        BayesNet(
            k=lambda: Independent(Categorical(table), 1),
            m=lambda: Normal(torch.tensor(0.0, dtype=DOUBLE), 1.0),
            x=lambda m: Normal(m, 1.0),
        )
        .as_model(["x"], ["k", "m"])
        .double()
    )
    assert p.categories == (3, 3, 1)
    z = torch.cat([torch.eye(3, dtype=DOUBLE)[[2, 0]].flatten(), torch.tensor([0.4]).double()])
    x = torch.tensor([0.3], dtype=DOUBLE)
    wanted = p.log_joint(x, torch.tensor([[2.0, 0.0, 0.4]], dtype=DOUBLE))
    torch.testing.assert_close(p.log_joint(x, z.unsqueeze(0)), wanted)
    torch.testing.assert_close(p.log_joint(x, z.unsqueeze(0).requires_grad_()), wanted)


def test_refusals():
    p = BayesianGaussianMixture(9, 3, torch.zeros(2), torch.eye(2))
    with pytest.raises(NotImplementedError, match="has 19683 states, too many to continue"):
        gumbel_softmax(p, CategoricalMeanField(9, 3), torch.zeros(9, 2))
    assert score_function(p, CategoricalMeanField(9, 3), torch.zeros(9, 2)).shape == ()
    with pytest.raises(ValueError, match="q is over 4 latents, but p has 9, or 27 entries one-hot"):
        score_function(p, CategoricalMeanField(2, 2), torch.zeros(9, 2))
    copies = plate("copies", 2)
    together = BayesNet(
        k=copies(lambda: Categorical(torch.ones(3))), x=lambda k: Normal(1.0 * k.sum(-1), 1.0)
    ).as_model(["x"], ["k"])
    with pytest.raises(NotImplementedError, match="node x reads several copies of k at once"):
        gumbel_softmax(together, CategoricalMeanField(2, 3), torch.zeros(1))
