"""Idiom: the course's own families, estimator and fit."""
from course_vi.families import Amortized, MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit


def train_recognizer(p, encoder, x, seed):
    q = Amortized(MeanField(1), encoder)
    first = fit(p, q, x, sticking_the_landing, steps=250, num_samples=4, learning_rate=0.05, seed=seed, progress=False)
    second = fit(p, q, x, sticking_the_landing, steps=100, num_samples=4, learning_rate=0.005, seed=seed + 1, progress=False)
    return first.bound.tolist() + second.bound.tolist()
