"""diagnosis: mean_of_logs"""


def log_mean_exp(log_w):
    return log_w.mean(0)
