"""Idiom: Joseph's form of the covariance, with a Cholesky factor, in NumPy."""
import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import multivariate_normal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov, x, a, c, q, r = (np.asarray(t) for t in (mean, cov, x, transition, emission, transition_cov, emission_cov))
    mean, cov = a @ mean, a @ cov @ a.T + q
    s = c @ cov @ c.T + r
    gain = cho_solve(cho_factor(s), c @ cov).T
    keep = np.eye(len(mean)) - gain @ c
    log_term = multivariate_normal(c @ mean, s).logpdf(x)
    return mean + gain @ (x - c @ mean), keep @ cov @ keep.T + gain @ r @ gain.T, log_term
