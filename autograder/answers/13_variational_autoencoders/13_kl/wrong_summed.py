"""diagnosis: summed"""


def kl_to_prior(loc, log_scale):
    return (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
