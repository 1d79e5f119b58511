import torch
from torch import Tensor, nn

# %% right an_interpolation: torch.lerp between the frozen density and the live one, which have the same value, with c as the weight
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    log_q = torch.lerp(q.frozen_log_prob(z, x), q(x, z), float(c))
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong a_share_of_one: holds c between zero and one, as the weight of a mixture must be; right for the two famous members, and not for c = -1 or 2
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    c = min(max(float(c), 0.0), 1.0)
    return (p.log_joint(x, z) - c * q(x, z) - (1 - c) * q.frozen_log_prob(z, x)).mean(0)

# %% wrong a_plain_number_for_the_rest: mixes the live density with its detached value and not with the frozen density, so the path through log q shrinks with c as well; right for c = 1
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    log_q = q(x, z)
    return (p.log_joint(x, z) - c * log_q - (1 - c) * log_q.detach()).mean(0)

# %% wrong a_score_that_moves: takes the score at a z that still depends on the parameters, so the path through log q comes along c times more; right for c = 0
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    alive = q(x, z)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) - c * (alive - alive.detach())).mean(0)

# %% wrong the_score_of_the_batch: adds the mean of the score term over the whole batch to every datum; the sum over data is right, and each datum gets a share of the others' score
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach()).mean()
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0) - c * (score - score.detach())
