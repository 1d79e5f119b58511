"""diagnosis: variance_as_scale"""
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    return kl_divergence(Normal(loc_q, var_q), Normal(loc_p, var_p)).sum(-1)
