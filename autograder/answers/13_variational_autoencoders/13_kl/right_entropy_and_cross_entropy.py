"""Idiom: minus the entropy, plus the cross-entropy."""
import math


def kl_to_prior(loc, log_scale):
    entropy = log_scale + 0.5 * math.log(2 * math.pi * math.e)
    second_moment = loc * loc + log_scale.exp() ** 2
    cross_entropy = 0.5 * math.log(2 * math.pi) + 0.5 * second_moment
    return cross_entropy - entropy
