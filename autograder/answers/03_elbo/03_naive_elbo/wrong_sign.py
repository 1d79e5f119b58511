"""diagnosis: sign"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return (q(x, z) - p.log_joint(x, z)).mean(0)
