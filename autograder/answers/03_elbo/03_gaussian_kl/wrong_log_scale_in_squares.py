"""diagnosis: log_scale_as_scale"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    inside = (log_scale_q**2 + (loc_q - loc_p) ** 2) / (2 * log_scale_p**2)
    return (log_scale_p - log_scale_q + inside - 0.5).sum(-1)
