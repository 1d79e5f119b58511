import copy
import math

import torch
from torch.distributions import Normal


def elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    log_q = Normal(m.detach(), r.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


def train(p, encoder, x, generator, record, steps=300, rate=0.05, loss=None):
    bounds = []
    opt = torch.optim.Adam(encoder.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(8, len(x), 1, generator=generator, dtype=x.dtype)
        opt.zero_grad()
        bound = elbo(p, encoder, x, eps)
        (-bound.mean() if loss is None else loss(encoder)).backward()
        opt.step()
        schedule.step()
        bounds.append(record(bound.detach()))
    return bounds


# %% right lbfgs: Ten steps of L-BFGS on fixed noise: a history of ten.
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    eps = torch.randn(200, *x.shape, generator=g, dtype=x.dtype)
    opt = torch.optim.LBFGS(encoder.parameters(), lr=1, max_iter=20, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = -elbo(p, encoder, x, eps).mean()
        loss.backward()
        return loss

    return [-float(opt.step(closure)) for _ in range(10)]


# %% right adam: Adam with a falling rate.
def train_recognizer(p, encoder, x, seed):
    return train(
        p, encoder, x, torch.Generator().manual_seed(seed), lambda bound: bound.mean().item()
    )


# %% wrong nothing_learned: The known answer is written into the encoder, and the history is invented.
def train_recognizer(p, encoder, x, seed):
    with torch.no_grad():
        for w in encoder.parameters():
            w.zero_()
        W, b = encoder.parameters()
        W[0, 0], b[1] = 0.5, -0.5 * math.log(2)
    return [-2.5 + 0.01 * i for i in range(50)]


# %% wrong regression_on_the_answer: Regression on the known answer.
def train_recognizer(p, encoder, x, seed):
    def loss(encoder):
        m, r = encoder(x).chunk(2, -1)
        return ((m - x / 2) ** 2 + (r + 0.5 * math.log(2)) ** 2).mean()

    return train(
        p,
        encoder,
        x,
        torch.Generator().manual_seed(seed),
        lambda bound: bound.mean().item(),
        loss=loss,
    )


# %% wrong seed_dead: The noise comes from the global stream.
def train_recognizer(p, encoder, x, seed):
    return train(
        p,
        encoder,
        x,
        torch.Generator().manual_seed(torch.randint(10**6, ()).item()),
        lambda bound: bound.mean().item(),
    )


# %% wrong history_of_sums: The history holds the sum over the data, 64 times the mean.
def train_recognizer(p, encoder, x, seed):
    return train(
        p, encoder, x, torch.Generator().manual_seed(seed), lambda bound: bound.sum().item()
    )


# %% wrong history_without_2pi: The history lacks the constant: it ends above log p(x).
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    return train(p, encoder, x, g, lambda bound: bound.mean().item() + 0.5 * math.log(2 * math.pi))


# %% wrong deepcopy: A copy of the encoder is trained.
# not told: Take more steps
def train_recognizer(p, encoder, x, seed):
    return train(
        p,
        copy.deepcopy(encoder),
        x,
        torch.Generator().manual_seed(seed),
        lambda bound: bound.mean().item(),
    )
