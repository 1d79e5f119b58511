"""diagnosis: sign"""


def kl_to_prior(loc, log_scale):
    return 0.5 * (1 + 2 * log_scale - loc**2 - (2 * log_scale).exp())
