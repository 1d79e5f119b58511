"""diagnosis: reversed"""


def kl_to_prior(loc, log_scale):
    return log_scale + 0.5 * (1 + loc**2) / (2 * log_scale).exp() - 0.5
