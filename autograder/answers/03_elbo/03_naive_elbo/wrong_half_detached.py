"""diagnosis: half_detached"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)
