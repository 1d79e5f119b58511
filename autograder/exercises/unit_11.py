"""Exercises of unit 11: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "11_amortized_inference",
    ("recognition_sample", "A recognition network's sample", 2, "recognition_sample", 2, 5, 20, "section 3, A function instead of a table"),
    ("amortized_elbo", "One ELBO for all data", 3, "amortized_elbo", 3, 5, 20, "section 3, A function instead of a table"),
    ("train_recognizer", "A network that learns Bayes' rule", 3, "train_recognizer", 3, 5, 30, "section 3, A function instead of a table"),
    ("climb", "The same, datum by datum", 2, "climb", 2, 4, 20, "section 2, A row for every datum"),
    ("gaps", "S8: two gaps, predicted", 4, "gaps", 4, 5, 35, "section 5, Two gaps"),
    ("flow_recognizer", "An encoder that writes a flow", 3, "flow_recognizer", 4, 3, 30, "section 7, An encoder that writes a flow"),
    ("written", "In words: whose fault is the gap?", 2, "", 3, 4, 15, "section 5, Two gaps"),
)
