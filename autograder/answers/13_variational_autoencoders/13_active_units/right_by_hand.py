"""Idiom: sums written out, without a graph."""
import torch


@torch.no_grad()
def unit_activity(encoder, x):
    written = encoder(x)
    loc, log_scale = torch.tensor_split(written, 2, dim=-1)
    centred = loc - loc.sum(0) / len(x)
    activity = (centred * centred).sum(0) / (len(x) - 1)
    divergence = (loc.square() / 2 + torch.expm1(2 * log_scale) / 2 - log_scale).sum(0) / len(x)
    return activity, divergence
