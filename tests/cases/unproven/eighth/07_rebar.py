import torch
from torch import Tensor
from torch.nn.functional import softplus


def again(logits: Tensor, z: Tensor, v: Tensor) -> Tensor:
    """The v-quantile of the perturbed logit given the bit."""
    odds = v.logit()
    return torch.where(z > 0.5, softplus(odds + softplus(logits)), -softplus(softplus(-logits) - odds))


def pieces(f, logits, u, v, temperature, second=again):
    """r and h, (K, D) each: by autograd, with a copy of the logits for every sample."""
    own = logits.detach().expand_as(u).clone().requires_grad_()
    s = own + u.logit()
    z = (s > 0).to(u)
    s_again = second(own, z, v)
    bent, bent_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (paths,) = torch.autograd.grad((bent - bent_again).sum(), own)
    score = z - logits.detach().sigmoid()
    return f(z).detach().unsqueeze(-1) * score, bent_again.detach().unsqueeze(-1) * score - paths


def refuse_one(u):
    if u.shape[0] < 2:
        raise ValueError("one sample; expected two or more, since the coefficient is fitted to the others")


def of_the_others(r, h, axes=-1):
    rh, hh = (r * h), (h * h)
    if axes is not None:
        rh, hh = rh.sum(axes, keepdim=True), hh.sum(axes, keepdim=True)
    top, below = rh.sum(0) - rh, hh.sum(0) - hh
    return torch.where(below > 0, top / below, 0.0)

# %% right chain_rule_by_hand: one backward pass for the slopes of f at all bent points, and the derivatives of both paths written down
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    K, l = u.shape[0], logits.detach()
    if K == 1:
        raise ValueError("K is 1; expected two or more samples")
    odds = v.logit()
    s = l + u.logit()
    hard = s > 0
    z = hard.to(u)
    up, down = softplus(odds + softplus(l)), softplus(softplus(-l) - odds)
    s_again = torch.where(hard, up, -down)
    moves = torch.where(hard, odds + l - up, -odds - l - down).exp()                    # d s' / d l
    bent = (torch.cat([s, s_again]) / temperature).sigmoid().requires_grad_()
    values = f(bent)
    (slope,) = torch.autograd.grad(values.sum() + 0 * bent.sum(), bent)
    with torch.no_grad():
        path = slope * bent * (1 - bent) / temperature
        score = z - l.sigmoid()
        r = torch.einsum("k,kd->kd", f(z), score)
        h = torch.einsum("k,kd->kd", values[K:], score) - (path[:K] - path[K:] * moves)
        grams_rh, grams_hh = torch.einsum("kd,kd->k", r, h), torch.einsum("kd,kd->k", h, h)
        others = 1 - torch.eye(K, dtype=u.dtype, device=u.device) if K < 2000 else None
        top = others @ grams_rh if others is not None else grams_rh.sum() - grams_rh
        below = others @ grams_hh if others is not None else grams_hh.sum() - grams_hh
        eta = torch.where(below > 0, top / below.clamp_min(torch.finfo(u.dtype).tiny), 0.0)
        return torch.stack([r, h]), (r - eta[:, None] * h).mean(0)

# %% wrong the_average_coefficient: fits a coefficient to the others for each sample, and then uses the average of them all, in which every sample has its say again
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    refuse_one(u)
    r, h = pieces(f, logits, u, v, temperature)
    return torch.stack([r, h]), (r - of_the_others(r, h).mean() * h).mean(0)

# %% wrong turned_around: takes the paths less the score's part for the control variate; the fitted coefficient turns with it, so the gradient is right and h is not
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    refuse_one(u)
    r, h = pieces(f, logits, u, v, temperature)
    h = -h
    return torch.stack([r, h]), (r - of_the_others(r, h) * h).mean(0)

# %% wrong the_same_noise_again: finds that s itself is a draw of s' given z, and puts its own quantile in place of v, which is never read: the mean of h is still zero, and h is another
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    refuse_one(u)
    p = logits.detach().sigmoid()
    quantile = torch.where(u > 1 - p, (u - (1 - p)) / p, u / (1 - p)).clamp(1e-15, 1 - 1e-15)
    r, h = pieces(f, logits, u, quantile, temperature)
    return torch.stack([r, h]), (r - of_the_others(r, h) * h).mean(0)

# %% wrong counted_from_the_cut: for a zero, v says how far down from the cut at zero and not which quantile, a mirror image with the same distribution
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    refuse_one(u)

    def mirrored(logits, z, v):
        return again(logits, z, torch.where(z > 0.5, v, 1 - v))

    r, h = pieces(f, logits, u, v, temperature, mirrored)
    return torch.stack([r, h]), (r - of_the_others(r, h) * h).mean(0)
