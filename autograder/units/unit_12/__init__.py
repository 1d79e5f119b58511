"""Unit 12: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_12 import (
    ddc_readout,
    fan_at_rest,
    restricted_net,
    reweighted_bias,
    sealed_case,
    sleep_floors,
    sleep_phase,
    wake_phase,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "12_helmholtz_machines",
    wake_phase,
    sleep_phase,
    restricted_net,
    fan_at_rest,
    sleep_floors,
    reweighted_bias,
    ddc_readout,
    sealed_case,
    written,
)
