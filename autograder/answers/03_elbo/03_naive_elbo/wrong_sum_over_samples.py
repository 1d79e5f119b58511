"""diagnosis: sum_over_samples"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).sum(0)
