"""diagnosis: half_of_one_term"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    inside = ((2 * log_scale_q).exp() + (loc_q - loc_p) ** 2) / (2 * log_scale_p).exp()
    return (2 * (log_scale_p - log_scale_q) + inside - 0.5).sum(-1)
