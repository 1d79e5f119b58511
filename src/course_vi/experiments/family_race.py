"""Six families on three real posteriors: what each is fitted with, how it is fitted, and how the fit is judged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from course_vi import validate
from course_vi.data import breast_cancer
from course_vi.diagnostics import psis_khat
from course_vi.experiments.county_rates import CountyRates, counties
from course_vi.experiments.side_by_side import seeded
from course_vi.experiments.trusted_level import TrustedLevel
from course_vi.experiments.wandering_level import WanderingLevel, nile
from course_vi.families import (
    ASVI,
    FactorCovariance,
    Family,
    Flow,
    FullRank,
    MeanField,
    SparsePrecision,
    pattern_from_graph,
)
from course_vi.families.flow import zuko
from course_vi.gradients import sticking_the_landing
from course_vi.graph import BayesNet, plate
from course_vi.graph.model import NetModel
from course_vi.graph.sparsity import full
from course_vi.learning import fit
from course_vi.learning.history import smoke_cap
from course_vi.models import BayesianLogisticRegression, Model

__all__ = [
    "FAMILIES",
    "POSTERIORS",
    "Fitted",
    "Verdict",
    "family_for",
    "judge",
    "posterior",
    "race",
]

POSTERIORS = ("regression", "counties", "Nile")
FAMILIES = ("diagonal", "full", "factor", "sparse precision", "flow", "ASVI")
RANK, START, SAMPLES, RATE = 5, math.exp(-1), 8, 0.005


class Verdict(NamedTuple):
    """How good a fit is.

    Attributes:
        bound, error: the ELBO, and its standard error.
        khat: of the importance weights.
        loc, scale: means and standard deviations of the latents under q, ``(D,)``.
        log_w: the log weights behind all that, ``(S,)``.
    """

    bound: float
    error: float
    khat: float
    loc: Tensor
    scale: Tensor
    log_w: Tensor


class Fitted(NamedTuple):
    """Fits of the race, all of one family to one posterior.

    Attributes:
        fits: one for each run.
        seconds: of processor time, for all the steps of all the runs.
        course: means of the bound over 30 stretches of the fit (or each step of a shorter one), ``(30, 1)``, the mean of runs that went
            side by side, or ``(30, runs)``.
    """

    fits: list[Family]
    seconds: float
    course: Tensor


def posterior(name: str) -> tuple[Model, Tensor]:
    """Model and data of one of ``POSTERIORS``, in double precision.

    Breast cancer, a logistic regression with 31 weights; 301 county rates, their mean and spread; a hundred levels of the Nile, the
    scale of their steps and that of the noise. Latents of the data's own come first, shared ones last. The last two also as
    ``"counties, non-centred"`` and ``"Nile, non-centred"``.
    """
    name, _, told = name.partition(", ")
    validate.one_of("name", name, POSTERIORS)
    centred = told != "non-centred"
    if name == "regression":
        return BayesianLogisticRegression(31).double(), breast_cancer(30, dtype=torch.float64)
    if name == "counties":
        y, e = counties()
        return CountyRates(e, centred).double(), y
    return WanderingLevel(100, centred).double(), nile()


def graph_of(p: Model, copies: int = 1) -> NetModel:
    """The same posterior's latents as a graph, so many times side by side."""
    if isinstance(p, CountyRates | WanderingLevel):
        return p.as_net(copies)
    zeros, each = p.unit.new_zeros(p.latent_dim), plate("copy", copies)
    return BayesNet(
        z=each(lambda: Independent(Normal(zeros, torch.ones_like(zeros)), 1)),
        y=each(lambda z: Normal(z.sum(-1), torch.ones_like(z[..., 0]))),
    ).as_model(observed=["y"], latent=["z"])


def family_for(p: Model, name: str, seed: int = 0, copies: int | None = None) -> Family:
    """One of ``FAMILIES`` for the latents of p, at its start: mean zero, and scales of about a third.

    Args:
        seed: draws what starts at random, the factors and the networks of the flow.
        copies: of the parameters, side by side, for as many runs in one; not of a flow.
    """
    validate.one_of("name", name, FAMILIES)
    D, unit = p.latent_dim, p.unit
    batch = () if copies is None else (copies,)
    log_start = math.log(START)
    loc, log_scale = unit.new_zeros(*batch, D), unit.new_full((*batch, D), log_start)
    if name == "diagonal":
        return MeanField(D, loc, log_scale)
    if name == "full":
        return FullRank(D, loc, log_scale)
    if name == "factor":
        return FactorCovariance(D, RANK, loc, log_scale, generator=seeded(seed))
    if name == "ASVI":
        level = isinstance(p, WanderingLevel)
        q = TrustedLevel(p.data_dim, copies) if level else ASVI(graph_of(p, copies or 1))
        q.log_scale.data.fill_(log_start)
        return q.to(unit)
    if name == "sparse precision":
        model = graph_of(p)
        single = len(model.latent) == 1
        pattern = full(D) if single else pattern_from_graph(model.net, model.latent)  # type: ignore[arg-type]
        return SparsePrecision(D, pattern, loc, log_scale)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # zuko draws its weights from the global stream
        layers = zuko.flows.NICE(D, 0, transforms=3, hidden_features=(32, 32))
    flow = Flow(layers, D, affine=True).to(unit)
    assert flow.log_scale is not None
    flow.log_scale.data.fill_(log_start)
    return flow


class _Copies(Model):
    """The log joints of copies of one posterior, added up; latents node by node, each with its copies, as in ``graph_of``."""

    def __init__(self, p: Model, net: NetModel, copies: int) -> None:
        super().__init__()
        self.p, self.copies, self.local = p, copies, p.local
        self.sizes = [net.net.shape(name).numel() // copies for name in net.latent]
        self.data_dim, self.latent_dim = p.data_dim, copies * sum(self.sizes)

    def apart(self, z: Tensor) -> Tensor:
        """``(*B, copies * D)`` to ``(*B, copies, D)``."""
        nodes = z.split([self.copies * size for size in self.sizes], -1)
        return torch.cat([node.unflatten(-1, (self.copies, -1)) for node in nodes], -1)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {"all": self.p.log_joint(x, self.apart(z)).sum(-1)}


def race(
    p: Model,
    name: str,
    x: Tensor,
    steps: int,
    seeds: Sequence[int] = (0,),
    learning_rate: float = RATE,
) -> Fitted:
    """Fit one of ``FAMILIES`` the way all of them are: Adam, whose rate falls to zero along a cosine, eight samples a step, sticking
    the landing. Runs go side by side where the family can hold copies of its parameters (all but the flow), each with noise of its own.

    Args:
        learning_rate: the first rate of Adam.
    """
    capped, runs = smoke_cap(steps), len(seeds)

    rows = x.expand(runs, *x.shape) if p.local else x
    course: list[Tensor] = []

    def climb(model: Model, q: Family, data: Tensor, seed: int) -> Tensor:
        return fit(
            model,
            q,
            data,
            sticking_the_landing,
            steps=steps,
            num_samples=SAMPLES,
            learning_rate=learning_rate,
            seed=seed,
            progress=False,
            schedule=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, capped),
        ).bound.double()

    start = time.process_time()
    if name == "flow":
        fits = [family_for(p, name, seed) for seed in seeds]
        course = [climb(p, q, x, seed) for q, seed in zip(fits, seeds, strict=True)]
    elif isinstance(together := family_for(p, name, seeds[0], runs), ASVI):
        copies = _Copies(p, together.model, runs).to(p.unit)
        course = [climb(copies, together, x, seeds[0]) / runs]
        fits = [family_for(p, name) for _ in seeds]
        for key, value in together.named_parameters():
            for q, own in zip(fits, copies.apart(value.detach()), strict=True):
                q.get_parameter(key).data.copy_(own)
    else:
        course = [climb(p, together, rows, seeds[0])]
        fits = [family_for(p, name) for _ in seeds]
        for key, value in together.named_parameters():
            for q, own in zip(fits, value.detach(), strict=True):
                q.get_parameter(key).data.copy_(own)
    seconds = time.process_time() - start
    parts = [
        torch.stack([part.mean() for part in one.tensor_split(min(30, capped))]) for one in course
    ]
    return Fitted(fits, seconds, torch.stack(parts, -1))


def judge(
    p: Model,
    q: Family,
    x: Tensor,
    samples: int = 20_000,
    seed: int = 0,
    place: Callable[[Tensor], Tensor] = lambda z: z,
) -> Verdict:
    """ELBO, k-hat and moments of q by fresh samples.

    Args:
        place: leads from q's latents to those whose moments are compared.
    """
    generator, log_w, spots = seeded(10_000 + seed), [], []
    with torch.no_grad():
        for count in [1000] * (samples // 1000) + [samples % 1000] * (samples % 1000 > 0):
            z = q.transport(q.noise((count,), generator=generator))
            log_w.append(p.log_joint(x, z) - q(None, z))
            spots.append(place(z))
    weights, z = torch.cat(log_w), torch.cat(spots)
    error = float(weights.std()) / math.sqrt(len(weights))
    khat = float(psis_khat(weights))
    return Verdict(float(weights.mean()), error, khat, z.mean(0), z.std(0), weights)
