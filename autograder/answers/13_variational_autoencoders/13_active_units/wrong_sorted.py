"""diagnosis: sorted"""
def unit_activity(encoder, x):
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0).sort(descending=True).values, kl.mean(0)
