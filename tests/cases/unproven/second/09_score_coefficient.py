import copy
import math
import torch
from torch import Tensor, nn
from torch.func import functional_call

# %% right mixed_densities: the living and the frozen log q, which have one value, mixed with weights c and 1 - c
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    log_q = c * q(x, z) + (1 - c) * q.frozen_log_prob(z, x)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% right zero_valued_score: the path derivative less c times a score term whose value is zero
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w - c * (score - score.detach())).mean(0)

# %% right own_backward: an autograd Function that passes c to the living and 1 - c to the frozen density, sample by sample
class _TwoGradients(torch.autograd.Function):
    """The value of its first argument; a gradient of 1 - c goes to the first and of c to the second."""

    @staticmethod
    def forward(ctx, still, alive, c):
        ctx.c = c
        return still.clone()

    @staticmethod
    def backward(ctx, g):
        return (1 - ctx.c) * g, ctx.c * g, None


def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    frozen = functional_call(q, {n: t.detach() for n, t in q.named_parameters()}, (x, z))
    return torch.stack([p.log_joint(x, z)[k] - _TwoGradients.apply(frozen[k], q(x, z)[k], c) for k in range(len(z))]).mean(0)

# %% wrong value_moves: the score term is added with its value, so the estimate is right for c = 0 only
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w - c * score).mean(0)

# %% wrong living_path_in_the_score: the term that should be the score alone is taken at a living z and brings the path of log q again
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z)
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w - c * (score - score.detach())).mean(0)

# %% wrong sign_of_the_score: S is taken as plus the gradient of log q: the estimator of -c
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w + c * (score - score.detach())).mean(0)

# %% wrong whole_numbers_only: c is truncated to a whole number; right for -1, 0 and 1
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    c = int(c)
    z = q.transport(eps, x)
    score = q(x, z.detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w - c * (score - score.detach())).mean(0)

# %% wrong three_cases: only c = 1, 0 and below zero are told apart; every other c gives the total derivative or the slip of the sign
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    alive, frozen = q(x, z), q.frozen_log_prob(z, x)
    log_q = frozen if c == 0 else (alive if c > 0 else 2 * frozen - alive)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong clamped_to_convex: c is clamped to [-1, 1]
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    c = min(max(c, -1.0), 1.0)
    z = q.transport(eps, x)
    log_q = c * q(x, z) + (1 - c) * q.frozen_log_prob(z, x)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong score_summed: the score is added up over the samples and not averaged; right for K = 1
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach()).sum(0)
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return log_w.mean(0) - c * (score - score.detach())

# %% wrong score_of_the_batch: the score term is the mean over samples and batch: every datum gets its neighbours' score
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach()).mean()
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return log_w.mean(0) - c * (score - score.detach())

# %% wrong frozen_by_the_object: freezes by detaching the distribution object where it can, so a flow keeps its whole score whatever c is
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    density = q.distribution(x)
    frozen = (density.detach() if hasattr(density, "detach") else density).log_prob(z)
    return (p.log_joint(x, z) - c * q(x, z) - (1 - c) * frozen).mean(0)

# %% wrong path_weighted_too: the path of log q is multiplied by 1 - c and the score by c: a living and a dead density are mixed in place of a living and a frozen one
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    alive = q(x, z)
    log_q = c * alive + (1 - c) * alive.detach()
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong score_at_fresh_noise: the score is taken at an independent draw of q, unbiased but not the estimator of the given noise
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, q.transport(q.noise(eps.shape[:-1]), x).detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w - c * (score - score.detach())).mean(0)

# %% wrong score_mean_removed: half of the mean score over the samples is taken away before it is added, as by a half-hearted baseline; right for K = 1
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach())
    if len(score) > 1:
        score = score - 0.5 * score.mean(0, keepdim=True)
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w - c * (score - score.detach())).mean(0)

# %% wrong first_gradient_kept: whole log weights are mixed, a living one with weight c and one at a dead log p with 1 - c: right for c = 1 only
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    total = p.log_joint(x, z) - q(x, z)
    path = p.log_joint(x, z.detach()) - q.frozen_log_prob(z, x)
    return (c * total + (1 - c) * path).mean(0)
