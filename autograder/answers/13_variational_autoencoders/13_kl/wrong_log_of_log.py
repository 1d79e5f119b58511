"""diagnosis: log_scale_as_scale"""
def kl_to_prior(loc, log_scale):
    return 0.5 * (loc**2 + log_scale**2 - 1) - log_scale.log()
