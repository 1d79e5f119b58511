"""diagnosis: scale_as_variance"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = log_scale_q.exp(), log_scale_p.exp()
    return 0.5 * ((var_p / var_q).log() + (var_q + (loc_q - loc_p) ** 2) / var_p - 1).sum(-1)
