"""The slide says that Pyro sticks the landing for us. It does not, where it matters: both branches, measured."""

import pytest
import torch
from pyro.infer import Trace_ELBO

from course_vi.families import MeanField
from course_vi.models import ConjugateToy
from course_vi.pyro_twins import gradients, stl_loss, toy_guide

REPLICATES = 20_000
TOY = ConjugateToy()
X = torch.tensor([2.0], dtype=torch.float64)
MANY = X.expand(REPLICATES, 1)


def family(loc: float, log_scale: float) -> MeanField:
    return MeanField(
        1, torch.tensor([loc], dtype=torch.float64), torch.tensor([log_scale], dtype=torch.float64)
    )


def at_posterior() -> MeanField:
    return family(TOY.posterior(X).loc.item(), TOY.posterior(X).log_scale.item())


def trace_elbo(
    q: MeanField, reparametrized: bool, seed: int
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    return gradients(Trace_ELBO().differentiable_loss, toy_guide(q, reparametrized), MANY, seed)


@pytest.mark.parametrize(
    ("name", "fisher", "fourth"), [("loc", 2.0, 12.0), ("log_scale", 2.0, 60.0)]
)
def test_reparametrized_guide_keeps_the_score_term(name: str, fisher: float, fourth: float) -> None:
    """At the exact posterior the variances are the Fisher informations, 1/s^2 = 2 and 2, not the 0 of sticking the landing."""
    found, _ = trace_elbo(at_posterior(), reparametrized=True, seed=1)
    standard_error = (
        (fourth - fisher**2) / REPLICATES
    ) ** 0.5  # of a variance, from the fourth moment of the score
    assert abs(found[name].var().item() - fisher) < 4.5 * standard_error
    stuck, _ = gradients(stl_loss, toy_guide(at_posterior()), MANY, seed=1)
    assert stuck[name].var().item() < 1e-20


def test_reparametrized_guide_gives_the_total_derivative_sample_by_sample() -> None:
    """Away from the posterior: path - score at each z, where path = d + (1/s - 2s) eps for the mean."""
    q = family(0.4, -0.9)
    found, z = trace_elbo(q, reparametrized=True, seed=2)
    loc, scale = q.loc.item(), q.log_scale.exp().item()
    eps = (z - loc) / scale
    path = X.item() - 2 * z + eps / scale
    torch.testing.assert_close(found["loc"], path - eps / scale)
    torch.testing.assert_close(found["log_scale"], path * scale * eps - (eps**2 - 1))


def test_score_function_branch_drops_the_term() -> None:
    """log w times the score, and not (log w - 1) times it: here the slide is right."""
    q = family(0.4, -0.9)
    found, z = trace_elbo(q, reparametrized=False, seed=3)
    loc, scale = q.loc.item(), q.log_scale.exp().item()
    z_ = z.unsqueeze(-1)
    log_w = (TOY.log_joint(MANY, z_.unsqueeze(0)) - q(None, z_.unsqueeze(0)))[0].detach()
    score = (z - loc) / scale**2
    torch.testing.assert_close(found["loc"], log_w * score)
    assert (found["loc"] - (log_w - 1) * score).abs().max() > 0.1
