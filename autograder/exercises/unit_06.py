"""Exercises of unit 06: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "06_reparametrization",
    ("location_scale", "A sample, and its density", 2, "location_scale", 2, 5, 15, "section 2, A sample as a function of noise"),
    ("pathwise_elbo", "The pathwise gradient of the ELBO", 2, "pathwise_elbo", 2, 5, 20, "section 3, The pathwise gradient"),
    ("three_ways", "Entropy and KL in closed form", 3, "elbo_three_ways", 3, 4, 25, "section 7, Half by formula"),
    ("predicted_variances", "S5: both variances, predicted", 3, "predicted_variances", 4, 5, 35,
     "section 4, How noisy? Predicted, then measured"),
    ("score_wins", "S5: a target where the score function wins", 3, "score_wins", 4, 4, 25,
     "section 5, A target where the score function wins"),
    ("runaway", "Frozen samples, and how they run away", 3, "runaway", 4, 4, 25, "section 6, Frozen samples"),
    ("implicit_gamma", "The implicit gradient of a Gamma", 4, "implicit_gamma", 4, 4, 30, "section 8, When t has no formula"),
    ("written", "In words: a deterministic objective", 2, "", 3, 4, 15, "section 6, Frozen samples"),
)
