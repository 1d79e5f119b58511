"""Idiom: torch.distributions.kl_divergence of independent normals."""
from torch.distributions import Independent, Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    q = Independent(Normal(loc_q, log_scale_q.exp()), 1)
    p = Independent(Normal(loc_p, log_scale_p.exp()), 1)
    return kl_divergence(q, p)
