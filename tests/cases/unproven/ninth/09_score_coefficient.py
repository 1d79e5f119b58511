import torch
from torch import Tensor, nn

# %% wrong coefficient_clipped: keeps c between minus one and one, the three values that the list names, though c may be any number
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    c = max(-1.0, min(1.0, float(c)))
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - c * q(x, z) - (1 - c) * q.frozen_log_prob(z, x)).mean(0)


# %% wrong score_shared_by_the_batch: averages the score term over samples and data alike, so the estimate of each datum carries the scores of all others; their sum over the batch has the right gradient
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    fixed = z.detach()
    score = -q(x, fixed).mean()
    path = (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)
    return path + c * (score - score.detach())


# %% wrong share_of_the_path_lost: evaluates the live share of log q at a sample that does not move, so the share c of the path through log q is missing and the gradient biased except at c = 0
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    log_q = (1 - c) * q.frozen_log_prob(z, x) + c * q(x, z.detach())
    return (p.log_joint(x, z) - log_q).mean(0)
