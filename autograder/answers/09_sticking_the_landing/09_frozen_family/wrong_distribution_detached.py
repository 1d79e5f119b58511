"""diagnosis: leak"""


def path_derivative(p, q, x, eps):
    density = q.distribution(x)
    z = density.transport(eps)
    still = density.detach() if hasattr(density, "detach") else density
    return (p.log_joint(x, z) - still.log_prob(z)).mean(0)
