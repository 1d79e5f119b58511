"""Unit 13: what its checks compare with is itself compared, with the course's estimators and with closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units.shared import Arrays
from autograder.units.unit_13 import completion, likelihood, linear, objective, reference, targets
from course_vi.bounds import iwae
from course_vi.diagnostics import active_units
from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl
from course_vi.learning import importance_log_evidence
from course_vi.models import VAE, ProbabilisticPCA
from course_vi.plots import png


def small(seed: int = 0) -> tuple[Arrays, VAE, Amortized, dict[str, torch.Tensor], torch.Tensor]:
    """A problem of the checks, and the same networks as a model and a family of the course."""
    params = reference.small_params(np.random.default_rng(seed))
    made = reference.build(params)
    p, q = VAE(2, 6, 5), Amortized(MeanField(2), made["encoder"])
    p.decoder = made["decoder"]
    return params, p, q, made["learn"], made["x"]


def test_sorted_activities_are_caught_whatever_the_inputs() -> None:
    """An audit found inputs on which they were in order by themselves, and the answer that sorts them passed."""
    (answer,) = (
        one
        for one in corpus("13_variational_autoencoders")
        if one.name.endswith("13_active_units/wrong_sorted")
    )
    for seed in range(40):
        report = run_check("13_active_units", InProcess(answer.load()), seed)
        assert not report.passed and "sorted" in report.diagnoses, (seed, str(report))


def test_the_objective_is_the_course_s_estimator() -> None:
    params, p, q, learn, x = small()
    eps = reference.ask_noise(np.random.default_rng(1), params)
    found, own = objective.objectives(params, eps)
    value = analytic_kl(p, q, x, len(eps), noise=torch.from_numpy(eps))
    np.testing.assert_allclose(found["right"].detach(), value.detach(), rtol=1e-12)
    slopes = [
        objective.gradients(one, by, params["x"], 3)
        for one, by in ((found["right"], own), (value, learn))
    ]
    np.testing.assert_allclose(*slopes, rtol=1e-9, atol=1e-12)
    names = [name for name in found if name != "right"]
    assert all(
        found[name].shape != value.shape
        or not torch.allclose(found[name], value)
        or name in objective.IN_THE_GRADIENT_ALONE
        for name in names
    )


def test_the_log_weights_are_the_course_s() -> None:
    params, p, q, _, x = small(2)
    eps = reference.ask_noise(np.random.default_rng(3), params, 5)
    terms = likelihood.density_terms(params, eps)
    log_w = torch.from_numpy(terms["like"] + terms["prior"] - terms["q"])
    z = q.transport(torch.from_numpy(eps), x)
    with torch.no_grad():
        assert torch.allclose(iwae(log_w), iwae(p.log_joint(x, z) - q(x, z)), rtol=1e-12)


def test_many_samples_complete_a_picture_as_the_posterior_does() -> None:
    """Importance sampling from the prior with 200,000 samples, against the course's estimate of log p(x_obs, x_i) - log p(x_obs)."""
    rng = np.random.default_rng(4)
    params = reference.small_params(rng, (1,))
    made, observed = reference.build(params), np.arange(6) < 3
    z = rng.normal(size=(200_000, 1, 2))
    found = completion._completions(params, observed, z, -0.5 * (z**2).sum(-1))["right"][0]
    p = VAE(2, 6, 5)
    p.decoder = made["decoder"]
    prior = MeanField(2, torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64))

    def log_p(pixels: list[int], x: torch.Tensor) -> float:
        part = VAE(2, len(pixels), 5)
        part.decoder = torch.nn.Sequential(made["decoder"], torch.nn.Flatten(-1), _Pick(pixels))
        return importance_log_evidence(
            part, prior, x[..., pixels], 200_000, torch.Generator().manual_seed(5)
        ).value.item()

    x = made["x"][0].clone()
    whole = log_p([0, 1, 2], x)
    for i in (3, 4, 5):
        x[i] = 1.0
        assert abs(np.exp(log_p([0, 1, 2, i], x) - whole) - found[i]) < 0.01
    np.testing.assert_array_equal(found[:3], params["x"][0, :3])


class _Pick(torch.nn.Module):
    def __init__(self, pixels: list[int]) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return logits[..., self.pixels]


def test_the_linear_prediction_is_the_maximum() -> None:
    """With sigma at its own maximum it is probabilistic PCA; the activities are those that the exact posterior has."""
    x = linear._data(np.random.default_rng(6), rows=12)
    best = ProbabilisticPCA.maximum_likelihood(torch.from_numpy(x), 3)
    evidence, activity = linear._prediction(x, 3, best.log_noise_scale.exp().item())
    assert evidence == pytest.approx(best.log_evidence(torch.from_numpy(x)).mean().item(), abs=1e-9)
    means = best.posterior(torch.from_numpy(x)).mean.detach().numpy()
    np.testing.assert_allclose(
        np.linalg.eigvalsh(np.cov(means.T, bias=True))[::-1], activity, atol=1e-9
    )
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    assert linear._closed(values, 3, 0.7, 6) == pytest.approx(
        linear._prediction(x, 3, 0.7)[0], abs=1e-9
    )


def test_activity_is_the_course_s() -> None:
    _, _, q, _, x = small(7)
    loc, _ = q.encoder(x).chunk(2, -1)
    assert torch.allclose(active_units(q, x).activity, loc.var(0))


LINE, PICTURES = torch.linspace(0.1, 1, 8), torch.rand(8, 16)


@pytest.mark.parametrize(
    "figure",
    [
        targets.kl_curves(),
        targets.kl_curves(lambda loc, log_scale: loc + log_scale),
        targets.units(LINE, LINE),
        targets.activities(LINE),
        targets.activities(LINE, LINE),
        targets.bounds([1, 4], LINE[:2], -1.0),
        targets.completions(PICTURES, PICTURES, PICTURES),
        targets.completions(PICTURES, PICTURES, PICTURES, PICTURES),
        targets.picture_rows([("a", PICTURES)], 4),
    ],
)
def test_target_figures_are_drawn(figure: Figure) -> None:
    assert png(figure).startswith(b"\x89PNG")
    assert all(axes.get_title() for axes in figure.axes)
