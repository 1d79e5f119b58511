"""diagnosis: entropy_dropped"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q.detach()).mean(0)
