"""diagnosis: one_form_thrice"""


def three_forms(p, q, x, z):
    value = (p.log_joint(x, z) - q(x, z)).mean(0)
    return value, value, value
