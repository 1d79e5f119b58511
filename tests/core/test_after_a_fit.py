"""What ``fit`` asks at its end: whether log q is still the density of its own samples."""

from __future__ import annotations

import warnings

import pytest
import torch
from catalogue import FAMILIES, randn

from course_vi.contracts import warn_of_lost_digits
from course_vi.families import FullRank, MeanField
from course_vi.gradients import reparametrized
from course_vi.learning import fit
from course_vi.models import Model

DIM = 60


class Normals(Model):
    """A standard normal of many latents, and a datum that says nothing: the evidence is its constant."""

    local = False
    data_dim, latent_dim = 1, DIM

    def log_joint(self, x, z):
        return -0.5 * (z**2).sum(-1)


def lost(precision: torch.dtype) -> FullRank:
    """L with a triangle of threes under ones: its condition number is far beyond single precision, and double, too."""
    return FullRank(DIM, lower=3 * torch.ones(DIM, DIM)).to(precision)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_a_covariance_of_rounding_alone_is_told(precision: torch.dtype) -> None:
    """A full covariance of 303 latents once ended a race with an ELBO of +1e70, without a word."""
    q = lost(precision)
    with pytest.warns(UserWarning, match="do not believe its bound") as caught:
        history = fit(Normals(), q, torch.zeros(1, 1, dtype=precision), steps=3, progress=False)
    assert caught[0].filename == __file__ and len(caught) == 1
    # Above the evidence, 55, by far, and finite; how far is a matter of rounding, and so of the processor.
    assert history.bound.max() > 1e4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Normals(), lost(precision), torch.zeros(1, 1, dtype=precision), steps=3, check=False)


def test_a_sound_fit_ends_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for q in (MeanField(DIM), FullRank(DIM)):
            fit(Normals(), q, torch.zeros(1, 1), reparametrized, steps=5, progress=False)


@pytest.mark.parametrize("name", FAMILIES)
def test_families_of_the_course_keep_their_digits(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_lost_digits(FAMILIES[name](2, 0), randn(3, 2, seed=0))
