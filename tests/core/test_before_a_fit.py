"""What ``fit`` asks once, before the first step: families of other people that do not keep their promises, and tensors nobody owns."""

from __future__ import annotations

import copy
import time

import pytest
import torch
from catalogue import FAMILIES, randn
from oracles import generator
from torch import nn
from torch.distributions import Independent, Normal, TransformedDistribution

from course_vi.contracts import refuse_broken
from course_vi.distributions import DiagonalNormal
from course_vi.families import (
    Amortized,
    BernoulliMeanField,
    Family,
    FromDistribution,
    MeanField,
    PerDatum,
)
from course_vi.families.flow import zuko
from course_vi.gradients import Rebar, reparametrized, sticking_the_landing
from course_vi.graph import BayesNet
from course_vi.learning import Fit, fit, maximize_evidence, per_datum_svi
from course_vi.models import VAE, BayesianLogisticRegression, ConjugateToy, Model, SigmoidBeliefNet
from course_vi.nets import mlp

X = torch.tensor([[2.0, 0.5]])


def zuko_flow(name: str) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(zuko.flows, name)(2, 0)


class FlowOfMyOwn(Family):
    """A flow of zuko as somebody wraps it who does not know that some of them invert by bisection within [-10, 10]."""

    dim = noise_dim = 2

    def __init__(self, name: str) -> None:
        super().__init__()
        self.flow = zuko_flow(name)

    def distribution(self, x=None):
        flow = self.flow()

        class Density:
            batch_shape = torch.Size()

            def transport(self, eps):
                return flow.transform.inv(eps)

            def log_prob(self, z):
                return flow.log_prob(z)

        return Density()


class FlowAsItComes(FlowOfMyOwn):
    noise_dim = 1

    def distribution(self, x=None):
        return self.flow()


class HalfFrozen(MeanField):
    """Detaches the location and forgets the scale."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        return Normal(self.loc.detach(), self.log_scale.exp()).log_prob(z).sum(-1)


class HalfDetached(DiagonalNormal):
    def detach(self):
        return HalfDetached(self.loc.detach(), self.log_scale)


class HalfFrozenDensity(MeanField):
    def distribution(self, x=None):
        return HalfDetached(self.loc, self.log_scale)


class OfTheNoise(DiagonalNormal):
    def log_prob(self, value):
        return super().log_prob(value) + self.log_scale.sum(-1)

    def detach(self):
        return OfTheNoise(self.loc.detach(), self.log_scale.detach())


class NoJacobian(MeanField):
    """The density of eps, not of z."""

    def distribution(self, x=None):
        return OfTheNoise(self.loc, self.log_scale)


class Doubled(MeanField):
    """Samples twice as far out as its density says."""

    def transport(self, eps, x=None):
        return self.loc + 2 * self.log_scale.exp() * eps


class Robbed(MeanField):
    """Gives another parameter back, which no optimizer holds."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        value = super().frozen_log_prob(z, x, distribution)
        self.loc = nn.Parameter(self.loc.detach())
        return value


class Random(MeanField):
    """log q with noise in it, as dropout would put there."""

    def forward(self, x, z):
        return super().forward(x, z) + torch.randn(())

    def frozen_log_prob(self, z, x=None, distribution=None):
        return super().frozen_log_prob(z, x, distribution) + torch.randn(())


def no_jacobian() -> Family:
    return NoJacobian(2, torch.zeros(2), torch.ones(2))


BROKEN = {
    "half frozen": (lambda: HalfFrozen(2), "through z .found: log_scale.*check_frozen"),
    "half frozen density": (lambda: HalfFrozenDensity(2), "through z .found: log_scale"),
    "robbed": (lambda: Robbed(2), "the same parameters before and after .found: 1 of 2 changed"),
    "random": (lambda: Random(2), "the frozen density has the value of the free one"),
    "no Jacobian": (no_jacobian, "change of variables .*2.0e.00 nats, 64 of 64.*check_round_trip"),
    "doubled": (lambda: Doubled(2), "log q is the change of variables"),
    "zuko's GF, wrapped": (lambda: FlowOfMyOwn("GF"), "log q is the change of variables"),
    "zuko's GF, as it comes": (lambda: FlowAsItComes("GF"), "inverted is eps"),
    "zuko's SOSPF, as it comes": (lambda: FlowAsItComes("SOSPF"), "change of variables"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_family_is_refused_before_the_first_step(name):
    """With the estimator that would be hurt, and with the one that would not: the value is wrong in both."""
    make, words = BROKEN[name]
    for estimator in (reparametrized, sticking_the_landing):
        q = make()
        before = copy.deepcopy(q.state_dict())
        with pytest.raises(ValueError, match=f"q is a {type(q).__name__}, of which this.*{words}"):
            fit(
                ConjugateToy(2),
                q,
                X,
                estimator,
                steps=3,
                progress=False,
                callback=lambda step, bound: pytest.fail("a step was taken"),
            )
        assert all(torch.equal(before[k], v) for k, v in q.state_dict().items())


def test_it_can_be_switched_off():
    """For a density that is random by intention, or to see what comes of a broken one."""
    for q in (Random(2), HalfFrozen(2)):
        history = fit(ConjugateToy(2), q, X, steps=3, progress=False, check=False)
        assert len(history.bound) == 3


@pytest.mark.parametrize("name", ["MAF", "NSF", "NICE"])
def test_a_flow_that_inverts_passes(name):
    for make in (FlowOfMyOwn, FlowAsItComes):
        refuse_broken(make(name), X)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_family_of_the_course_is_refused(name):
    """Anywhere near where families start, and far from there: no false alarm in single precision."""
    for seed in range(2):
        q, x = FAMILIES[name](2, seed), randn(3, 2, seed=seed)
        refuse_broken(q, x)
        with torch.no_grad():
            for parameter in q.parameters():
                parameter.add_(0.3 * randn(*parameter.shape, seed=seed))
        refuse_broken(q, x)


@pytest.mark.parametrize("where, log_scale", [(0.0, -8.0), (100.0, -2.0), (-30.0, 6.0)])
def test_far_out_and_narrow_is_no_fault(where, log_scale):
    refuse_broken(MeanField(3, torch.full((3,), where), torch.full((3,), log_scale)), X)


def test_the_asking_changes_no_number():
    """Neither the fit's generator nor the global stream notices."""
    histories = []
    for check in (True, False):
        torch.manual_seed(3)
        q = FlowAsItComes("MAF")
        histories.append(fit(ConjugateToy(2), q, X, steps=4, progress=False, check=check).bound)
        histories.append(torch.randn(2).double())
    assert torch.equal(histories[0], histories[2]) and torch.equal(histories[1], histories[3])


def test_once_and_cheap():
    """A step of a VAE costs about as much as the asking: it happens in the first step only."""
    calls: list[int] = []

    class Counted(MeanField):
        def frozen_log_prob(self, z, x=None, distribution=None):
            calls.append(1)
            return super().frozen_log_prob(z, x, distribution)

    fit(ConjugateToy(2), Counted(2), X, steps=5, progress=False)
    assert len(calls) == 1
    q, x = Amortized(MeanField(8), mlp(64, 200, 16)), torch.zeros(100, 64)
    refuse_broken(q, x)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        refuse_broken(q, x)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1


def test_global_latents_are_asked_too():
    x = torch.tensor([[1.0, 0.3, 0.0], [0.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match="HalfFrozen, of which"):
        fit(BayesianLogisticRegression(2), HalfFrozen(2), x, steps=2, progress=False)


# -- tensors that nobody owns ------------------------------------------------------------------------------------------


def owner_less(kind: str) -> tuple[torch.Tensor, Model, Family]:
    """A model or a family that closes over a tensor: (the tensor, p, q)."""
    weight = torch.tensor([0.5, 0.5], requires_grad=True)
    if "Parameter" in kind:
        weight = nn.Parameter(weight.detach())

    class Closes(Model):
        latent_dim = data_dim = 2

        def log_factors(self, x, z):
            return {
                "prior": Normal(0.0, 1.0).log_prob(z).sum(-1),
                "likelihood": Normal(z * weight, 1.0).log_prob(x).sum(-1),
            }

    class Moved(MeanField):
        def distribution(self, x=None):
            return DiagonalNormal(self.loc + weight, self.log_scale)

    if kind.startswith("model"):
        return weight, Closes(), MeanField(2)
    if kind.startswith("family"):
        return weight, ConjugateToy(2), Moved(2)
    if kind.startswith("build"):
        build = FromDistribution(
            lambda loc: Independent(Normal(loc, weight.exp().expand(loc.shape)), 1),
            loc=torch.zeros(2),
        )
        return weight, ConjugateToy(2), build
    net = BayesNet(
        z=lambda: Independent(Normal(torch.zeros(2), 1.0), 1),
        x=lambda z: Independent(Normal(z * weight, 1.0), 1),
    )
    return weight, net.as_model(observed=["x"], latent=["z"]), MeanField(2)


@pytest.mark.parametrize(
    "kind",
    [
        f"{who}, {what}"
        for who in ("model", "family", "build", "recipe")
        for what in ("tensor", "Parameter")
    ],
)
@pytest.mark.parametrize("estimator", [reparametrized, sticking_the_landing])
def test_a_closed_over_tensor_is_refused(kind, estimator):
    """It was never learned, silently."""
    weight, p, q = owner_less(kind)
    with pytest.raises(
        ValueError, match="that requires a gradient|a closed-over tensor|no module of the net owns"
    ):
        fit(p, q, X, estimator, steps=3, progress=False)
    assert torch.equal(weight.detach(), torch.tensor([0.5, 0.5]))


def test_a_network_in_a_lambda_is_refused():
    net = nn.Linear(2, 2)
    recipe = BayesNet(
        z=lambda: Independent(Normal(torch.zeros(2), 1.0), 1),
        x=lambda z: Independent(Normal(net(z), 1.0), 1),
    )
    p = recipe.as_model(observed=["x"], latent=["z"])
    with pytest.raises(ValueError, match="node x reads a parameter that no module of the net owns"):
        fit(p, MeanField(2), X, steps=2, progress=False)


def test_an_estimator_that_closes_over_a_parameter():
    scale = nn.Parameter(torch.ones(()))

    def tempered(p, q, x, num_samples=1, **more):
        return scale * reparametrized(p, q, x, num_samples, **more)

    with pytest.raises(ValueError, match="the estimate reads a tensor of shape"):
        fit(ConjugateToy(2), MeanField(2), X, tempered, steps=2, progress=False)


def test_other_ways_to_learn_ask_too():
    _, p, q = owner_less("model, tensor")
    p.register_parameter("own", nn.Parameter(torch.zeros(())))
    with pytest.raises(ValueError, match="log p.x, z. reads a tensor of shape .2,."):
        per_datum_svi(p, PerDatum(q, X), X, steps=2)
    level = torch.zeros((), requires_grad=True)

    class Marginal(ConjugateToy):
        def __init__(self):
            super().__init__(2)
            self.log_scale = nn.Parameter(torch.zeros(()))

        def log_evidence(self, x):
            return Normal(level, self.log_scale.exp()).log_prob(x).sum(-1)

    with pytest.raises(ValueError, match="log p.x. reads a tensor of shape"):
        maximize_evidence(Marginal(), X)
    level.requires_grad_(False)
    maximize_evidence(Marginal(), X)


def test_rows_outside_the_support_are_refused_by_per_datum_svi():
    p, q = VAE(1, 2, 4), PerDatum(MeanField(1), X)
    with pytest.raises(ValueError, match="x has 2 entries other than 0 and 1"):
        per_datum_svi(p, q, X, steps=2)


def test_what_is_owned_or_constant_passes():
    """A parameter of p that q reads too; a detached tensor; a parameter that is not learned; an estimator with leaves of its own."""
    net = mlp(2, 4, 4)
    weight = nn.Parameter(torch.tensor([0.5, 0.5]))

    class Shares(ConjugateToy):
        def __init__(self):
            super().__init__(2)
            self.net = net

        def log_joint(self, x, z):
            return super().log_joint(x, z) + 0 * net(x).sum() + weight.detach().sum()

    class Reads(MeanField):
        def distribution(self, x=None):
            return DiagonalNormal(*net(x).chunk(2, -1))

    for p, q in (
        (Shares(), MeanField(2)),
        (Shares(), Amortized(MeanField(2), net)),
        (Shares(), Reads(2)),
    ):
        assert len(fit(p, q, X, steps=2, progress=False).bound) == 2
    weight.requires_grad_(False)

    class Fixed(ConjugateToy):
        def log_joint(self, x, z):
            return super().log_joint(x, z) + weight.sum()

    fit(Fixed(2), MeanField(2), X, steps=2, progress=False)
    p, q = SigmoidBeliefNet((2, 2)), Amortized(BernoulliMeanField(2), mlp(2, 4, 2))
    fit(p, q, torch.ones(3, 2), Rebar(), steps=2, progress=False)


def test_a_fit_that_is_taken_up_again_asks_again():
    q = MeanField(2)
    run = Fit(ConjugateToy(2), q, X)
    run.run(2)
    other = Fit(ConjugateToy(2), HalfFrozen(2), X)
    other.load_state_dict(run.state_dict())
    with pytest.raises(ValueError, match="HalfFrozen"):
        other.step()


def test_a_loader_and_a_quasi_newton_fit_ask_too():
    rows = torch.utils.data.DataLoader(X.expand(6, 2).clone(), batch_size=3)
    for x, more in ((rows, {}), (X, {"optimizer": torch.optim.LBFGS})):
        with pytest.raises(ValueError, match="HalfFrozen, of which"):
            fit(ConjugateToy(2), HalfFrozen(2), x, steps=2, progress=False, **more)


def test_transformed_distributions_of_torch():
    class LogNormalish(Family):
        dim, noise_dim = 2, 1

        def __init__(self, wrong):
            super().__init__()
            self.loc, self.wrong = nn.Parameter(torch.zeros(2)), wrong

        def distribution(self, x=None):
            class Off(torch.distributions.transforms.ExpTransform):
                def log_abs_det_jacobian(self, u, z):
                    return 2 * u

            f = Off() if self.wrong else torch.distributions.transforms.ExpTransform()
            return TransformedDistribution(Independent(Normal(self.loc, 1.0), 1), [f])

    refuse_broken(LogNormalish(False), X)
    with pytest.raises(ValueError, match="log q is the change of variables"):
        refuse_broken(LogNormalish(True), X)


def test_a_step_of_a_vae_passes():
    p, q = VAE(2, 6, 5, generator(0)), Amortized(MeanField(2), mlp(6, 5, 4, generator(1)))
    x = torch.ones(4, 6)
    assert len(fit(p, q, x, steps=2, progress=False).bound) == 2
