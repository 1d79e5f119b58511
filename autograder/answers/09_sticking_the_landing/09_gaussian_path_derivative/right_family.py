"""Idiom: the course's own family, called with constant parameters."""
from torch.func import functional_call

from course_vi.families import MeanField


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    q = MeanField(loc.shape[-1], loc, log_scale)
    z = loc + log_scale.exp() * eps
    constants = {"loc": loc.detach(), "log_scale": log_scale.detach()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
