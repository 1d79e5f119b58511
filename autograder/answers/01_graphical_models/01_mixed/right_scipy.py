"""Idiom: scipy's multivariate normal."""
import numpy as np
from scipy.stats import multivariate_normal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    y, design, groups, beta = (np.asarray(item) for item in (y, design, groups, beta))
    z = (groups[:, None] == np.unique(groups)).astype(float)
    return multivariate_normal(design @ beta, float(tau) ** 2 * z @ z.T + float(sigma) ** 2 * np.eye(len(y))).logpdf(y)
