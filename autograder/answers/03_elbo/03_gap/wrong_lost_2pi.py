"""diagnosis: lost_2pi"""


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5).sum(-1)
    gap = (0.5 * (2 * s2 + 2 * (loc - x / 2) ** 2 - 1 - (2 * s2).log())).sum(-1)
    return elbo, gap
