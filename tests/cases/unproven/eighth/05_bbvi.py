import torch
from torch import Tensor


def climb(p, q, x, seed, steps=1500, K=100, rate=0.05, weights=None, rows=None, report=None):
    generator = torch.Generator().manual_seed(seed)
    phi, theta = list(q.parameters()), list(p.parameters())
    climber = torch.optim.Adam(phi + theta, lr=rate)
    seen = []
    for step in range(steps):
        climber.param_groups[0]["lr"] = rate * (1 - step / steps)
        data = x if rows is None else x[torch.randperm(len(x), generator=generator)[:rows]]
        z = q.sample(K, generator=generator)
        log_p, log_q = p.log_joint(data, z), q(data, z)
        log_w = (log_p - log_q).detach()
        own = (log_w - log_w.mean()) * (K / (K - 1))
        for_theta = torch.ones_like(own) if weights is None else weights(own)
        # cotangents by hand: no surrogate is ever written down
        slopes = torch.autograd.grad(log_q, phi, grad_outputs=-own / K) + torch.autograd.grad(log_p, theta, grad_outputs=-for_theta / K)
        for parameter, slope in zip(phi + theta, slopes):
            parameter.grad = slope
        climber.step()
        seen.append(float(log_w.mean()) if report is None else float(report(own, log_p, log_q)))
    for parameter in phi + theta:
        parameter.grad = None
    return seen

# %% right cotangents: vector-Jacobian products with the centred rewards as cotangents of log q, and ones for log p
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    return climb(p, q, x, seed)

# %% wrong the_loss_is_reported: trains well and returns the surrogate's value at each step in place of an estimate of the bound
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    def report(own, log_p, log_q):
        return (own * log_q + log_p).mean()

    return climb(p, q, x, seed, report=report)

# %% wrong seed_ignored: makes its generator from a seed of its own, "for reproducibility", so that every seed gives the same run
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    return climb(p, q, x, 0)

# %% wrong minibatches_unscaled: takes twenty random rows at each step and forgets to scale their likelihood up to all of the data
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    return climb(p, q, x, seed, rows=max(1, min(20, len(x) // 2)))

# %% wrong theta_by_its_reward: theta, too, is moved by centred reward times the gradient of log p, as if it had been sampled from
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    return climb(p, q, x, seed, weights=lambda own: own)
