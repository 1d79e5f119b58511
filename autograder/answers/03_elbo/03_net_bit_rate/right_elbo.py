"""Idiom: through the bound of the package; minus the ELBO, in bits."""
import torch

from course_vi.bounds import elbo


def net_bit_rate(log_joint, log_q):
    log_w = log_joint - log_q
    nats_per_bit = torch.tensor(2.0, dtype=log_w.dtype).log()
    return -log_w / nats_per_bit, -elbo(log_w) / nats_per_bit
