"""diagnosis: half_lost"""


def kl_to_prior(loc, log_scale):
    return 0.5 * (loc**2 + (2 * log_scale).exp()) - log_scale
