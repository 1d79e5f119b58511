"""The moving pictures of the lectures, one a unit: its idea as a process."""

from course_vi.plots.movies.beliefs import (
    bound_and_gap,
    bound_contracts,
    course_in_one_picture,
    data_arrive,
    weights_cloud,
)
from course_vi.plots.movies.climbs import (
    carried_along,
    fans,
    one_function,
    samples_flash,
    staircase,
)
from course_vi.plots.movies.families import families_close
from course_vi.plots.movies.functions import bands_close
from course_vi.plots.movies.meetings import chains_meet
from course_vi.plots.movies.phases import dream_and_wake
from course_vi.plots.movies.spaces import codes_spread, simplex
from course_vi.plots.movies.stacks import stack_of_bits
from course_vi.plots.movies.traces import Step, trace_replayed
from course_vi.plots.movies.trees import family_tree
from course_vi.plots.movies.water import water_rises

__all__ = [
    "bands_close",
    "Step",
    "bound_and_gap",
    "bound_contracts",
    "carried_along",
    "chains_meet",
    "codes_spread",
    "course_in_one_picture",
    "data_arrive",
    "dream_and_wake",
    "families_close",
    "family_tree",
    "fans",
    "one_function",
    "samples_flash",
    "simplex",
    "stack_of_bits",
    "staircase",
    "trace_replayed",
    "water_rises",
    "weights_cloud",
]
