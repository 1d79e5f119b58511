import torch
from torch import Tensor
from torch.distributions import Normal

# %% wrong scale_alone_frozen: holds the scale constant inside log q and leaves the mean alive, so the score of the mean stays in; unbiased, but it does not land
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp().detach()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong normaliser_alive: freezes mean and scale in the quadratic part but keeps the logarithm of the scale alive, "because it is the entropy"; biased by one in each log scale
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    import math

    z = loc + log_scale.exp() * eps
    u = (z - loc.detach()) / log_scale.detach().exp()
    log_q = (-0.5 * u.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong averaged_twice: takes slopes in z of the average over samples and then averages slope times z once more, so the gradient is K times too small; right for K = 1
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    with torch.enable_grad():
        leaf = z.detach().requires_grad_()
        log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(leaf).sum(-1)
        bound = (p.log_joint(x, leaf) - log_q).mean(0)
        slope = torch.autograd.grad(bound.sum(), leaf)[0]
    surrogate = (slope * z).sum(-1).mean(0)
    return bound.detach() + (surrogate - surrogate.detach())
