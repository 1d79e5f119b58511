"""Exercises of unit 03: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "03_elbo",
    ("three_forms", "Three forms of the ELBO", 2, "three_forms", 2, 5, 15, "Three forms of one number"),
    ("gaussian_kl", "The KL between two Gaussians", 2, "gaussian_kl", 2, 5, 15, "The gap is a Kullback-Leibler divergence"),
    ("gap", "The gap, in closed form", 2, "elbo_and_gap", 3, 5, 20, "The gap is a Kullback-Leibler divergence"),
    ("mixture_kls", "Both KLs to a mixture", 3, "forward_and_reverse_kl", 3, 4, 20, "Which KL?"),
    ("net_bit_rate", "The net bit rate", 2, "net_bit_rate", 2, 3, 15, "The ELBO counts bits"),
    ("naive_elbo", "S2: the naive gradient", 2, "naive_elbo", 3, 5, 15, "The naive gradient has mean zero"),
    ("naive_bias", "S2: its bias, predicted", 2, "naive_bias", 4, 5, 25, "The naive gradient has mean zero"),
    ("written", "In words: what the gap hides", 2, "", 3, 4, 15, "What to remember"),
)
