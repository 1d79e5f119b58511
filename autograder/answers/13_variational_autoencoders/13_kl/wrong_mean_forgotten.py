"""diagnosis: mean_forgotten"""


def kl_to_prior(loc, log_scale):
    return 0.5 * ((2 * log_scale).exp() - 1) - log_scale
