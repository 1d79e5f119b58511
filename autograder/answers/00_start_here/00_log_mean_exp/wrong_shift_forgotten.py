"""diagnosis: naive_exp"""


def log_mean_exp(log_w):
    shift = log_w.mean()
    return (log_w - shift).exp().mean(0).log() + shift
