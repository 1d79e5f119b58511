"""Idiom: NumPy, and logaddexp2's base turned by np.log2(e)."""
import numpy as np


def net_bit_rate(log_joint, log_q):
    rate = (log_q.numpy() - log_joint.numpy()) * np.log2(np.e)
    return rate, np.average(rate, axis=0)
