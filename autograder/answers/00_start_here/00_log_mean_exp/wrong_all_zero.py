"""diagnosis: all_zero"""


def log_mean_exp(log_w):
    top = log_w.max(0).values
    return (log_w - top).exp().mean(0).log() + top
