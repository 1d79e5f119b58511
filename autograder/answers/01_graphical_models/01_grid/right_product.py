"""Idiom: itertools, state by state."""
import itertools

import numpy as np
from scipy.special import logsumexp


def grid_log_partition(coupling, fields):
    h, j = fields.numpy(), float(coupling)
    rows, columns = h.shape
    exponents = []
    for state in itertools.product((-1, 1), repeat=rows * columns):
        s = np.array(state).reshape(rows, columns)
        exponents.append(j * ((s[1:] * s[:-1]).sum() + (s[:, 1:] * s[:, :-1]).sum()) + (s * h).sum())
    return logsumexp(exponents)
