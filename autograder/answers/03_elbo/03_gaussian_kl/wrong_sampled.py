"""diagnosis: sampled"""
from torch.distributions import Normal


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    q, p = Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp())
    z = q.sample((20000,))
    return (q.log_prob(z) - p.log_prob(z)).sum(-1).mean(0)
