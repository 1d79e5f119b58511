"""diagnosis: kl_of_the_average"""


def unit_activity(encoder, x):
    loc, log_scale = encoder(x).chunk(2, -1)
    m, log_s = loc.mean(0), log_scale.mean(0)
    return loc.var(0), 0.5 * (m**2 + (2 * log_s).exp() - 1) - log_s
