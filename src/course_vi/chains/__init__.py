"""Markov chains on finite spaces and on the real line, two at a time: couplings, when they meet, and what that makes unbiased."""

from course_vi.chains.couplings import (
    common_uniform_table,
    maximal_coupling,
    maximal_table,
    reflection_coupling,
    total_variation,
)
from course_vi.chains.metropolis import coupled_metropolis, coupled_walk, metropolis_matrix
from course_vi.chains.pair_chain import (
    Moments,
    meeting_rate,
    meeting_tail,
    pair_kernel,
    stationary,
    unbiased_moments,
)
from course_vi.chains.unbiased import (
    Paths,
    coupled_paths,
    kernel_calls,
    telescope,
    unbiased_estimates,
)

__all__ = [
    "Moments",
    "Paths",
    "common_uniform_table",
    "coupled_metropolis",
    "coupled_paths",
    "coupled_walk",
    "kernel_calls",
    "maximal_coupling",
    "maximal_table",
    "meeting_rate",
    "meeting_tail",
    "metropolis_matrix",
    "pair_kernel",
    "reflection_coupling",
    "stationary",
    "telescope",
    "total_variation",
    "unbiased_estimates",
    "unbiased_moments",
]
