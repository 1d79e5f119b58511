"""diagnosis: scale_for_variance"""


def kl_to_prior(loc, log_scale):
    return 0.5 * (loc**2 + log_scale.exp() - 1) - log_scale
