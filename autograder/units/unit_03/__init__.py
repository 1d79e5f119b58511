"""Unit 03: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_03 import (
    gap,
    gaussian_kl,
    learned_theta,
    mixture_kls,
    naive_bias,
    naive_elbo,
    net_bit_rate,
    three_forms,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "03_elbo",
    three_forms,
    gaussian_kl,
    gap,
    mixture_kls,
    net_bit_rate,
    naive_elbo,
    naive_bias,
    learned_theta,
    written,
)
