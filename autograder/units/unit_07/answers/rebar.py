# %% right vectorized: A copy of the logits for each sample; all paths by one backward.
import torch
from torch.nn.functional import softplus


def rebar(f, logits, u, v, temperature):
    K = len(u)
    if K < 2:
        raise ValueError(f"u has {K} sample; expected two or more")
    own = logits.detach().expand(K, -1).clone().requires_grad_()
    s = own + u.logit()
    z = (s > 0).to(s)
    odds = v.logit()
    s2 = torch.where(z > 0.5, softplus(odds + softplus(own)), -softplus(softplus(-own) - odds))
    free = f(torch.sigmoid(s / temperature))
    tied = f(torch.sigmoid(s2 / temperature))
    (paths,) = torch.autograd.grad((free - tied).sum(), own)
    score = (z - own.sigmoid()).detach()
    r = f(z).unsqueeze(-1) * score
    h = tied.detach().unsqueeze(-1) * score - paths
    rh, hh = (r * h).sum(-1, keepdim=True), (h * h).sum(-1, keepdim=True)
    eta = (rh.sum(0) - rh) / (hh.sum(0) - hh)
    return torch.stack([r, h]).detach(), (r - eta * h).mean(0).detach()


# %% right by_hand: The chain rule by hand: the slope of f at the bent bits, that of the bent bits in s, that of s' in the logit.
import torch


def rebar(f, logits, u, v, temperature):
    if u.shape[0] == 1:
        raise ValueError("one sample: there are no others to fit the coefficient to")
    p = torch.sigmoid(logits)
    s = logits + torch.log(u) - torch.log1p(-u)
    z = s.gt(0).double()
    above = v / (1 - v) / (1 - p)
    below = (1 - v) / v / p
    s2 = z * torch.log1p(above) - (1 - z) * torch.log1p(below)
    ds2 = z * above * p / (1 + above) + (1 - z) * below * (1 - p) / (1 + below)

    def value_and_slope(x):
        b = torch.sigmoid(x / temperature).requires_grad_()
        value = f(b)
        slope = torch.autograd.grad(value.sum(), b)[0]
        b = b.detach()
        return value.detach()[:, None], slope * b * (1 - b) / temperature

    _, free = value_and_slope(s)
    tied_value, tied = value_and_slope(s2)
    r = f(z)[:, None] * (z - p)
    h = tied_value * (z - p) - free + ds2 * tied
    estimate = torch.zeros_like(logits)
    for k in range(len(u)):
        others = [j for j in range(len(u)) if j != k]
        eta = (r[others] * h[others]).sum() / (h[others] ** 2).sum()
        estimate += (r[k] - eta * h[k]) / len(u)
    return [r, h], estimate


# %% right loops: Sample by sample, with quantiles of the uniform number that is left; least squares by torch.
import torch


def rebar(f, logits, u, v, temperature):
    if len(u) < 2:
        raise ValueError("two samples at least")
    rows_r, rows_h = [], []
    for noise, fresh in zip(u, v):
        l = logits.detach().clone().requires_grad_()
        p = torch.sigmoid(l)
        z = (noise > 1 - p.detach()).to(l)
        again = torch.where(z == 1, 1 - p * (1 - fresh), fresh * (1 - p))
        bent = torch.sigmoid((l + torch.log(noise / (1 - noise))) / temperature)
        bent_again = torch.sigmoid((l + torch.log(again / (1 - again))) / temperature)
        c = f(bent_again.unsqueeze(0)).squeeze(0)
        grad_free = torch.autograd.grad(f(bent.unsqueeze(0)).squeeze(0), l, retain_graph=True)[0]
        grad_tied = torch.autograd.grad(c, l)[0]
        s = z - p.detach()
        rows_r.append(f(z.unsqueeze(0)).item() * s)
        rows_h.append(c.item() * s - grad_free + grad_tied)
    r, h = torch.stack(rows_r), torch.stack(rows_h)
    out = []
    for k in range(len(u)):
        keep = torch.arange(len(u)) != k
        eta = torch.linalg.lstsq(h[keep].reshape(-1, 1), r[keep].reshape(-1, 1)).solution.item()
        out.append(r[k] - eta * h[k])
    return torch.stack([r, h]), torch.stack(out).mean(0)


# %% wrong unconditioned, from right vectorized: s' is drawn as if z were not known.
# diagnosis: not_conditioned
#-     s2 = torch.where(z > 0.5, softplus(odds + softplus(own)), -softplus(softplus(-own) - odds))
#+     s2 = own + odds


# %% wrong cut_condition, from right loops: The cut is taken for a constant.
# diagnosis: condition_detached
#-         again = torch.where(z == 1, 1 - p * (1 - fresh), fresh * (1 - p))
#+         again = torch.where(z == 1, 1 - p * (1 - fresh), fresh * (1 - p)).detach()


# %% wrong free_in_score, from right vectorized: f at s in the score's term, since it is at hand.
# diagnosis: free_in_score
#-     h = tied.detach().unsqueeze(-1) * score - paths
#+     h = free.detach().unsqueeze(-1) * score - paths


# %% wrong path_sign, from right vectorized: The path terms the other way round.
# diagnosis: path_sign
#-     h = tied.detach().unsqueeze(-1) * score - paths
#+     h = tied.detach().unsqueeze(-1) * score + paths


# %% wrong no_tied_path, from right vectorized: The path through s' is forgotten.
# diagnosis: tied_path_lost
#-     (paths,) = torch.autograd.grad((free - tied).sum(), own)
#+     (paths,) = torch.autograd.grad(free.sum(), own)


# %% wrong own_sample, from right vectorized: One coefficient, fitted to all samples.
# diagnosis: own_sample
#-     eta = (rh.sum(0) - rh) / (hh.sum(0) - hh)
#+     eta = rh.sum(0) / hh.sum(0)


# %% wrong one, from right vectorized: The coefficient is one.
# diagnosis: coefficient_one
#-     eta = (rh.sum(0) - rh) / (hh.sum(0) - hh)
#+     eta = 1.0


# %% wrong by_bit, from right vectorized: A coefficient for each bit.
# diagnosis: coefficient_by_bit
#-     rh, hh = (r * h).sum(-1, keepdim=True), (h * h).sum(-1, keepdim=True)
#+     rh, hh = r * h, h * h


# %% wrong centred, from right by_hand: Covariance over variance.
# diagnosis: centred
#-         eta = (r[others] * h[others]).sum() / (h[others] ** 2).sum()
#+         dr, dh = r[others] - r[others].mean(0), h[others] - h[others].mean(0)
#+         eta = (dr * dh).sum() / (dh**2).sum().clamp_min(1e-300)


# %% wrong bent_reward, from right vectorized: The reward at the relaxed bit.
# diagnosis: bent_reward
#-     r = f(z).unsqueeze(-1) * score
#+     r = free.detach().unsqueeze(-1) * score


# %% wrong taken, from right vectorized: One sample is taken, with no coefficient.
# diagnosis: one_sample_taken
#-     if K < 2:
#-         raise ValueError(f"u has {K} sample; expected two or more")
#+     if K < 2:
#+         return torch.zeros(2, 1, len(logits)), torch.zeros(len(logits))


# %% wrong warm, from right vectorized: s' keeps its own temperature of one in the score's term.
# diagnosis: temperature_lost
#-     h = tied.detach().unsqueeze(-1) * score - paths
#+     h = f(torch.sigmoid(s2)).detach().unsqueeze(-1) * score - paths
