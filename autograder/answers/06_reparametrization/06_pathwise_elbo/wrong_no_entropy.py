"""diagnosis: entropy_missing"""
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0)
