"""Idiom: one family for the pair, frozen as a whole."""
import torch

from course_vi.families import Layered


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    q = Layered(q1, q2)
    z = q.transport(torch.cat([eps1, eps2], -1), x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)
