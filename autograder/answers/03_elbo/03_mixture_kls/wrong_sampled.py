"""diagnosis: sampled"""
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    p = MixtureSameFamily(Categorical(weights), Normal(means, scales))
    q = Normal(loc, scale)
    zp, zq = p.sample((50000,)), q.sample((50000,))
    return (p.log_prob(zp) - q.log_prob(zp)).mean(), (q.log_prob(zq) - p.log_prob(zq)).mean()
