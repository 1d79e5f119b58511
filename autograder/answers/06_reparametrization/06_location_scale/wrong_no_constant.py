"""diagnosis: constant_missing"""
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - log_scale).sum(-1)
