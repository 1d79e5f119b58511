"""diagnosis: log_sign"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q.exp(), log_scale_p.exp()
    return ((s_q / s_p).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2) - 0.5).sum(-1)
