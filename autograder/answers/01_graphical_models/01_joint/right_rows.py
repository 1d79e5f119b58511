"""Idiom: draw by draw, in NumPy at the end."""
import numpy as np


def joint_log_prob(parents, log_prob, values):
    draws = len(next(iter(values.values())))
    total = np.zeros(draws)
    for s in range(draws):
        for name in parents:
            row = log_prob[name](values[name][s : s + 1], *[values[p][s : s + 1] for p in parents[name]])
            total[s] += float(row.sum())
    return total
