"""diagnosis: log_scale_as_scale"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q, log_scale_p
    return ((s_p / s_q).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2) - 0.5).sum(-1)
