"""What the checks of unit 09 expect is true: closed forms against simulation, and references against the course's own estimators."""

import numpy as np
import pytest
import torch

from autograder.units.unit_09 import landing_variances, reference, targets, two_layers
from autograder.units.unit_09.problems import WITHHELD
from course_vi.diagnostics import gradient_samples
from course_vi.families import MeanField
from course_vi.gradients import reparametrized, sticking_the_landing
from course_vi.models import ConjugateToy
from course_vi.plots import png

ESTIMATORS = (reparametrized, sticking_the_landing)


@pytest.mark.parametrize(
    ("loc", "log_scale", "x"), [(0.3, -1.1, 1.7), (-0.5, 0.2, -0.4), (1.0, -0.5 * np.log(2), 2.0)]
)
def test_variances_in_closed_form(loc: float, log_scale: float, x: float) -> None:
    q = MeanField(
        1, torch.tensor([loc], dtype=torch.float64), torch.tensor([log_scale], dtype=torch.float64)
    )
    exact = landing_variances.toy_variances(loc, log_scale, x)
    for row, estimator in enumerate(ESTIMATORS):
        drawn = gradient_samples(
            estimator,
            ConjugateToy(),
            q,
            torch.tensor([x], dtype=torch.float64),
            replicates=200_000,
            generator=torch.Generator().manual_seed(1),
        )
        for column, name in enumerate(("loc", "log_scale")):
            squares = (drawn[name][:, 0] - drawn[name].mean()).square()
            error = (squares.std() / len(squares) ** 0.5).item()
            assert abs(squares.mean().item() - exact[row, column]) < 4.5 * error + 1e-12


@pytest.mark.parametrize(
    "problem", ["toy/mean_field", "toy/full_rank", "toy/factor", "chain/layered", "freeze/flow"]
)
def test_references_are_the_course_s_estimators(problem: str) -> None:
    rng = np.random.default_rng(0)
    if problem.startswith("toy"):
        params = reference.gaussian_params(rng, problem.removeprefix("toy/"))
    elif problem == "freeze/flow":
        params = {"x": rng.normal(size=(3, 1)), "seed": np.array(3), "nudge": np.array(0.2)}
    else:
        params = two_layers.chain_params(rng)
    made = reference.objects(problem, params)
    if problem == "freeze/flow":
        for module in made["q"].modules():
            del vars(module)[WITHHELD]  # closed for learners
    eps = rng.normal(size=(4, 3, made["q"].noise_dim))
    terms = reference.parts(problem, params, eps)
    for estimator, wanted in zip(
        ESTIMATORS, (terms["path"] + terms["score"], terms["path"]), strict=True
    ):
        value = estimator(made["p"], made["q"], made["x"], 4, noise=torch.from_numpy(eps))
        np.testing.assert_allclose(
            reference.flat(value, made["learn"].values(), made=made), wanted, rtol=1e-9, atol=1e-10
        )
        np.testing.assert_allclose(value.detach().numpy(), terms["log_w"].mean(0), rtol=1e-10)


def test_a_flow_at_its_own_density_lands_and_nudged_it_does_not() -> None:
    rng = np.random.default_rng(1)
    eps, x = rng.normal(size=(4, 3, 2)), rng.normal(size=(3, 1))
    landed, nudged = (
        reference.parts("freeze/flow", {"x": x, "seed": np.array(5), "nudge": np.array(nudge)}, eps)
        for nudge in (0.0, 0.3)
    )
    assert np.abs(landed["path"]).max() < 1e-12 < 0.1 < np.abs(landed["score"]).max()
    assert np.abs(nudged["path"]).max() > 0.1


def test_the_chain_lands_at_its_posterior() -> None:
    rng = np.random.default_rng(2)
    terms = reference.parts(
        "chain/layered", reference.chain_posterior(rng), rng.normal(size=(4, 3, 2))
    )
    assert np.abs(terms["path"]).max() < 1e-12 < 0.1 < np.abs(terms["score"]).max()


def test_target_figures_are_drawn() -> None:
    c = torch.linspace(-1, 1, 5)
    for figure in (
        targets.landing(),
        targets.landing(torch.tensor([0.5]), torch.ones(1, 2, 2)),
        targets.parabolas(c, [0.5, 1.0], torch.stack([c**2, (c + 1) ** 2]), [0.0, -1.0]),
        targets.factor_fit([-2.0, -0.1], torch.eye(2), torch.eye(2), every=3),
    ):
        assert png(figure).startswith(b"\x89PNG")
