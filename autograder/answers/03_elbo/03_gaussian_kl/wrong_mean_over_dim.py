"""diagnosis: mean_over_dim"""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    ratio = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (ratio.exp() + ((loc_q - loc_p) / log_scale_p.exp()) ** 2 - 1 - ratio).mean(-1)
