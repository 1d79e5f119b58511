"""Idiom: SciPy's logsumexp with weights 1/K."""
import numpy as np
import torch
from scipy.special import logsumexp


def log_mean_exp(log_w):
    return torch.as_tensor(np.asarray(logsumexp(log_w.numpy(), axis=0)) - np.log(log_w.shape[0]))
