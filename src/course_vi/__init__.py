"""course_vi: variational learning, from graphical models to variational autoencoders.

Every method is a choice of four things, and each has a room: what generates the data (``models``), which posteriors we can
say (``families``), what we climb (``bounds``), and which way is up (``gradients``).
"""

from course_vi import (
    bounds,
    coding,
    data,
    diagnostics,
    exact,
    families,
    gradients,
    graph,
    learning,
    models,
)

__all__ = [
    "bounds",
    "coding",
    "data",
    "diagnostics",
    "exact",
    "families",
    "gradients",
    "graph",
    "learning",
    "models",
]
