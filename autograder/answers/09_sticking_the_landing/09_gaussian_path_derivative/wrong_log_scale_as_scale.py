"""diagnosis: log_scale_as_scale"""
import math


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale * eps
    s = log_scale.detach()
    log_q = -0.5 * ((z - loc.detach()) / s) ** 2 - s.abs().log() - 0.5 * math.log(2 * math.pi)
    return (p.log_joint(x, z) - log_q.sum(-1)).mean(0)
