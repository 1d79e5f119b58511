"""What unit 03 says of the naive gradient is true: its mean by quadrature, its bias against the ELBO's own slope, and both by draws."""

import numpy as np
import pytest
import torch

from autograder.units.unit_03 import naive_bias, reference
from course_vi.exact import gauss_hermite
from course_vi.families import MeanField
from course_vi.gradients import reparametrized
from course_vi.models import ConjugateToy

Z_LIMIT = 4.5
PLACES = [
    (0.3, -0.4, 2.0),
    (-1.0, 0.5, 1.0),
    (0.75, -0.5 * np.log(2), 1.5),
]  # the last at the posterior


def _slope(m: float, log_s: float, x: float) -> np.ndarray:
    """Of the exact ELBO: the library's pathwise gradient, averaged by quadrature."""
    q = MeanField(1, *(torch.tensor([value], dtype=torch.float64) for value in (m, log_s)))
    eps, weights = gauss_hermite(8)
    data = torch.full((len(eps), 1), x, dtype=torch.float64)
    value = reparametrized(ConjugateToy(), q, data, noise=eps.double().view(1, -1, 1))
    slopes = torch.autograd.grad((weights.double() * value).sum(), [q.loc, q.log_scale])
    return torch.cat(slopes).numpy()


@pytest.mark.parametrize("place", PLACES)
def test_s2_the_bias_of_the_naive_gradient_is_minus_the_gradient(
    place: tuple[float, float, float],
) -> None:
    bias = np.concatenate(
        [part.ravel() for part in naive_bias._bias(*(np.array([[v]]) for v in place))]
    )
    np.testing.assert_allclose(bias, -_slope(*place), atol=1e-12)
    m, log_s, x = (np.full((100_000, 1), value) for value in place)
    eps = np.random.default_rng(0).normal(size=(1, 100_000, 1))
    drawn = reference.naive_gradients(m, log_s, x, eps)["naive"]
    error = drawn.std(0) / len(drawn) ** 0.5
    assert (error > 0).all() and (np.abs(drawn.mean(0)) < Z_LIMIT * error).all()


def test_the_naive_gradient_knows_nothing_of_the_model() -> None:
    """Other data, the same draws: the same gradient, number for number."""
    m, log_s, eps = (
        np.full((5, 1), 0.3),
        np.full((5, 1), -0.4),
        np.random.default_rng(1).normal(size=(2, 5, 1)),
    )
    one, other = (reference.naive_gradients(m, log_s, np.full((5, 1), x), eps) for x in (2.0, -7.0))
    assert np.array_equal(one["naive"], other["naive"]) and not np.allclose(
        one["path"], other["path"]
    )
