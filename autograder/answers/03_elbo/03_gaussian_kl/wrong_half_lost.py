"""diagnosis: half_lost"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q.exp(), log_scale_p.exp()
    return ((s_p / s_q).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2)).sum(-1)
