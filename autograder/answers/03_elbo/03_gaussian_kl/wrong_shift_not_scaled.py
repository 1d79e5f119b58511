"""diagnosis: shift_not_scaled"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    ratio = (2 * (log_scale_q - log_scale_p)).exp()
    return (log_scale_p - log_scale_q + (ratio + (loc_q - loc_p) ** 2 - 1) / 2).sum(-1)
