"""diagnosis: regression"""
def amortized_elbo(p, encoder, x, eps):
    loc, _ = encoder(x).chunk(2, -1)
    return -((loc - x / 2) ** 2).sum(-1)
