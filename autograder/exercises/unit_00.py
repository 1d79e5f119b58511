"""Exercises of unit 00: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "00_start_here",
    ("log_mean_exp", "Averages of weights that underflow", 2, "log_mean_exp", 2, 5, 15, "section 5, Logarithms of averages"),
    ("log_likelihood", "Axes: samples, batch, event", 2, "log_likelihood", 2, 5, 20, "section 4, Axes"),
    ("value_and_gradient", "One value, another gradient", 2, "value_and_gradient", 2, 5, 15, "section 6, What the gradient does not see"),
    ("z_score", "Standard error and z-score", 2, "z_score", 1, 5, 15, "section 3, How to read a check's report"),
    ("condition", "Conditioning a Gaussian", 3, "condition", 3, 4, 25, "section 7, Gaussians, conditioned"),
    ("woodbury", "Woodbury: large matrices that are never made", 3, "woodbury", 4, 3, 30, "section 7, Gaussians, conditioned"),
    ("written", "In words: a report, read", 2, "", 2, 5, 10, "section 3, How to read a check's report"),
)
