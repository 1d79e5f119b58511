"""diagnosis: reversed"""
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl_divergence(Normal(loc_p, log_scale_p.exp()), Normal(loc_q, log_scale_q.exp())).sum(-1)
