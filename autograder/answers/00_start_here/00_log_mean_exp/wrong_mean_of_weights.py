"""diagnosis: mean_of_weights"""


def log_mean_exp(log_w):
    return log_w.exp().mean(0)
