import math

import torch
from torch import Tensor, nn

from course_vi.models import Model


def log_weights(p, encoder, x, eps):
    """log p(x, z) - log q(z), with the parameters inside log q held fixed."""
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = torch.distributions.Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    return p.log_joint(x, z) - log_q


# %% right adam_by_hand_on_a_vector: the four numbers as one vector, Adam's two lines written out, antithetic noise, and a rate that falls to zero
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    theta = nn.utils.parameters_to_vector(encoder.parameters()).detach().clone()
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    history, steps = [], 500
    for step in range(1, steps + 1):
        half = torch.randn(8, len(x), 1, generator=generator, dtype=x.dtype)
        value = log_weights(p, encoder, x, torch.cat([half, -half])).mean()
        history.append(value.item())
        gradient = nn.utils.parameters_to_vector(torch.autograd.grad(value, list(encoder.parameters())))
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient.square()
        rate = 0.05 * (1 + math.cos(math.pi * step / steps))
        theta = theta + rate * (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)).sqrt() + 1e-8)
        with torch.no_grad():
            offset = 0
            for parameter in encoder.parameters():
                parameter.copy_(theta[offset : offset + parameter.numel()].view_as(parameter))
                offset += parameter.numel()
    return history


# %% wrong burn_in_not_told: warms up for 200 steps before it begins to write the history, as one does with a chain; the first value is no longer that of the encoder as it was
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 600)
    history = []
    for step in range(600):
        eps = torch.randn(16, len(x), 1, generator=generator, dtype=x.dtype)
        value = log_weights(p, encoder, x, eps).mean()
        optimizer.zero_grad()
        (-value).backward()
        optimizer.step()
        schedule.step()
        if step >= 200:
            history.append(value.item())
    return history


# %% wrong two_draws_for_ever: draws two numbers once, for all data and all steps, "common random numbers"; the encoder fits these two, and its scale is theirs
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    eps = torch.randn(2, 1, 1, generator=torch.Generator().manual_seed(seed), dtype=x.dtype).expand(2, len(x), 1)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
    history = []
    for _ in range(500):
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        value = (p.log_joint(x, z) - torch.distributions.Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean()
        history.append(value.item())
        optimizer.zero_grad()
        (-value).backward()
        optimizer.step()
        schedule.step()
    return history


# %% wrong tighter_history: climbs and records the log mean weight of 64 samples instead of the ELBO; it ends at the same place, and begins far above the encoder's ELBO
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
    history = []
    for _ in range(500):
        eps = torch.randn(64, len(x), 1, generator=generator, dtype=x.dtype)
        log_w = log_weights(p, encoder, x, eps)
        history.append((torch.logsumexp(log_w, 0) - math.log(64)).mean().item())
        optimizer.zero_grad()
        (-log_w.mean()).backward()
        optimizer.step()
        schedule.step()
    return history


# %% wrong batches_from_elsewhere: noise comes from the generator, the order of the minibatches from torch's global stream, so that one seed gives different histories
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 600)
    history = []
    for _ in range(600):
        rows = x[torch.randperm(len(x))[: max(1, 3 * len(x) // 4)]]
        eps = torch.randn(16, len(rows), 1, generator=generator, dtype=x.dtype)
        value = log_weights(p, encoder, rows, eps).mean()
        history.append(value.item())
        optimizer.zero_grad()
        (-value).backward()
        optimizer.step()
        schedule.step()
    return history
