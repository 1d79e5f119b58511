"""Idiom: the formula, in variances."""


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    terms = log_scale_p - log_scale_q + (var_q + (loc_q - loc_p) ** 2) / (2 * var_p) - 0.5
    return terms.sum(-1)
