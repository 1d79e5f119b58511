import torch
from torch import Tensor


def given(logits: Tensor, z: Tensor, noise: Tensor) -> Tensor:
    top = logits.logsumexp(-1, keepdim=True) + (z * noise).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top, -(logits + noise)))


def parts(f, c, logits, g, h, again=given):
    """f at the choices, c at s' as numbers, the score, and both paths, (K, C) each where they are gradients."""
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = torch.nn.functional.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    first, second = c(s), c(again(own, z, h))
    (paths,) = torch.autograd.grad((first - second).sum(), own)
    return f(z).detach(), second.detach(), z - own.detach().softmax(-1), paths

# %% right one_product: a single vector-Jacobian product of (c(s), c(s'), log q) with the cotangents 1, -1 and the reward less c(s')
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    winner = (logits.detach() + g).argmax(-1, keepdim=True)
    z = torch.zeros_like(g).scatter(-1, winner, 1.0)

    def everything(rows: Tensor):
        total = rows.logsumexp(-1, keepdim=True)
        first = -(total + h.gather(-1, winner))
        longer = (-(rows + h)).scatter(-1, winner, float("-inf"))
        s_again = -torch.logaddexp(first, longer)
        return c(rows + g), c(s_again), (rows.gather(-1, winner) - total).squeeze(-1)

    rows = logits.detach().expand_as(g).clone()
    with torch.no_grad():
        _, again, _ = everything(rows)
        reward = f(z) - again
    one = torch.ones_like(reward)
    return torch.autograd.functional.vjp(everything, rows, (one, -one, reward))[1]

# %% wrong winner_from_its_own_logit: conditions s' on z by cutting the others off at the winner's own logit plus noise, which z = k does not leave as it was
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    def again(own, z, noise):
        s = own + noise
        top = (z * s).sum(-1, keepdim=True)
        return torch.where(z > 0.5, top, -torch.logaddexp(-top, -s))

    value, control, score, paths = parts(f, c, logits, g, h, again)
    return (value - control).unsqueeze(-1) * score + paths

# %% wrong of_normalized_logits: draws s' from normalized logits, as every text writes it, while s has those that were given: c is asked at two places that differ by a constant
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    def again(own, z, noise):
        return given(own.log_softmax(-1), z, noise)

    value, control, score, paths = parts(f, c, logits, g, h, again)
    return (value - control).unsqueeze(-1) * score + paths

# %% wrong a_coefficient_of_its_own: multiplies the control variate with the coefficient that fits these samples best, their own draws included, and so brings a bias back
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    value, control, score, paths = parts(f, c, logits, g, h)
    plain, variate = value.unsqueeze(-1) * score, control.unsqueeze(-1) * score - paths
    eta = (plain * variate).sum() / (variate * variate).sum().clamp_min(1e-300)
    return plain - eta * variate

# %% wrong a_mean_on_top: subtracts the mean of all rewards as a further baseline, so every sample helps to judge itself
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    value, control, score, paths = parts(f, c, logits, g, h)
    reward = value - control
    return (reward - reward.mean()).unsqueeze(-1) * score + paths
