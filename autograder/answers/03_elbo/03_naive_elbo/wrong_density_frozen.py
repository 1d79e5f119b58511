"""diagnosis: density_frozen"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)
