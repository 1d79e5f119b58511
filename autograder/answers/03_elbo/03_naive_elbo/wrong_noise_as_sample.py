"""diagnosis: noise_as_sample"""


def naive_elbo(p, q, x, eps):
    return (p.log_joint(x, eps) - q(x, eps)).mean(0)
