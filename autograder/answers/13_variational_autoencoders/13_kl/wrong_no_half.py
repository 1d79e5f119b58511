"""diagnosis: factor_two"""


def kl_to_prior(loc, log_scale):
    return loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale
