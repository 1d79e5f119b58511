"""diagnosis: lost_2pi"""
def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale).sum(-1)
