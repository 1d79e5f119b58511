"""diagnosis: mean_over_batch"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean()
