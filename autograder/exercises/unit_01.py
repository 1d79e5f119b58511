"""Exercises of unit 01: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "01_graphical_models",
    ("ancestral", "Ancestral sampling", 2, "ancestral_sample", 2, 5, 20, "A graph is a recipe"),
    ("joint", "The joint, factor by factor", 2, "joint_log_prob", 2, 5, 15, "A graph is a recipe"),
    ("blanket", "The Markov blanket", 2, "markov_blanket", 2, 4, 15, "What a variable needs to know"),
    ("correlation", "A common cause", 3, "two_bernoullis", 3, 4, 25, "Two Bernoullis, one cause"),
    ("mixed", "A mixed model, with its latents integrated out", 3, "mixed_log_likelihood", 3, 4, 25, "Mixed models"),
    ("kalman", "One step of the Kalman filter", 3, "kalman_step", 3, 4, 25, "Tracking"),
    ("grid", "The partition function of a grid", 2, "grid_log_partition", 3, 3, 20, "Models without a recipe"),
    ("written", "In words: boxes, and constants nobody knows", 2, "", 3, 4, 15, "What to remember"),
)
