"""diagnosis: softplus"""
from torch.distributions import Normal
from torch.nn.functional import softplus


def recognition_sample(weight, bias, x, eps):
    loc, raw = (x @ weight.T + bias).chunk(2, -1)
    z = loc + softplus(raw) * eps
    return z, Normal(loc, softplus(raw)).log_prob(z).sum(-1)
