"""Idiom: SciPy's standard error of the mean."""
import torch
from scipy.stats import sem


def z_score(samples, exact):
    mean = samples.mean(0)
    error = torch.as_tensor(sem(samples.numpy(), axis=0))
    return mean, error, (mean - exact) / error
