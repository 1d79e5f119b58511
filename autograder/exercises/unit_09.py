"""Exercises of unit 09: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "09_sticking_the_landing",
    ("gaussian_path_derivative", "The path derivative of a Gaussian", 2, "gaussian_path_derivative", 2, 5, 20,
     "section 2, The gradient in three parts"),
    ("frozen_family", "Any family, by freezing its parameters", 3, "path_derivative", 3, 5, 25, "section 3, What to freeze"),
    ("landing_variances", "Variance at the landing", 3, "landing_variances", 3, 5, 25, "section 2, The landing, exactly"),
    ("two_layers", "Two stochastic layers", 3, "two_layer_path_derivative", 4, 4, 25,
     "section 6, Two layers, and the path that must not be cut"),
    ("score_coefficient", "S6: one family of estimators", 2, "score_coefficient", 3, 4, 20,
     "section 4, One family of estimators: the score coefficient"),
    ("best_coefficient", "S6: the best coefficient", 3, "best_coefficient", 4, 4, 25,
     "section 4, One family of estimators: the score coefficient"),
    ("vafc", "Repair the VAFC listing", 4, "VAFC", 4, 3, 40, "section 8, A published listing, repaired"),
    ("written", "In words: when not to stick the landing", 2, "", 3, 4, 15, "section 5, Where it does not help"),
)
