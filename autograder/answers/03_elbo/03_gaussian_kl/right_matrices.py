"""Idiom: the general formula for multivariate normals, with trace, quadratic form and log-determinants."""
import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    cov_q = torch.diag_embed(torch.exp(2 * log_scale_q))
    cov_p = torch.diag_embed(torch.exp(2 * log_scale_p))
    precision = torch.linalg.inv(cov_p)
    shift = (loc_p - loc_q).unsqueeze(-1)
    trace = (precision @ cov_q).diagonal(dim1=-2, dim2=-1).sum(-1)
    quadratic = (shift.transpose(-1, -2) @ precision @ shift).squeeze(-1).squeeze(-1)
    return 0.5 * (trace + quadratic - loc_q.shape[-1] + torch.logdet(cov_p) - torch.logdet(cov_q))
