"""Exercises of unit 13: name, title, points, function, difficulty, importance, minutes, where to read."""

from autograder.exercises.registry import unit

unit(
    "13_variational_autoencoders",
    ("kl", "The divergence from the prior, coordinate by coordinate", 2, "kl_to_prior", 2, 5, 15, "section 3, The encoder second"),
    ("objective", "The objective of a variational autoencoder", 3, "vae_objective", 3, 5, 25, "section 3, The encoder second"),
    ("train", "Training past a bound", 3, "train_vae", 3, 5, 30, "section 3, The encoder second"),
    ("likelihood", "The test likelihood by importance sampling", 3, "importance_log_likelihood", 3, 5, 25, "section 6, How good is it?"),
    ("active_units", "Active units", 2, "unit_activity", 2, 4, 20, "section 9, Collapse"),
    ("completion", "Completing the missing half", 3, "complete", 4, 4, 30, "section 7, The missing half"),
    ("linear", "The linear autoencoder, predicted exactly", 3, "predict_linear_vae", 4, 5, 30,
     "section 8, A case with every answer: the linear VAE"),
    ("written", "In words: what Bob needs", 2, "", 3, 4, 15, "section 11, Alice, Bob and the aggregate posterior"),
)
