import math
import torch
from torch import Tensor, nn

def _bound(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    log_q = torch.distributions.Normal(m.detach(), r.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

def _noise(k, x, g):
    return torch.randn(k, *x.shape, generator=g, dtype=x.dtype)

def _train(p, encoder, x, noise, steps=300, rate=0.05, bound=_bound, parameters=None):
    opt = torch.optim.Adam(list(encoder.parameters()) if parameters is None else parameters, lr=rate)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    history = []
    for _ in range(steps):
        opt.zero_grad()
        value = bound(p, encoder, x, noise()).mean()
        (-value).backward()
        history.append(value.item())
        opt.step()
        fall.step()
    return history

# %% right hand_momentum: gradient ascent with momentum by hand, a falling rate, sticking the landing
def train_recognizer(p, encoder, x, seed):
    g, history, steps = torch.Generator().manual_seed(seed), [], 500
    weights = list(encoder.parameters())
    speed = [torch.zeros_like(w) for w in weights]
    for step in range(steps):
        bound = _bound(p, encoder, x, _noise(8, x, g)).mean()
        history.append(float(bound))
        slopes = torch.autograd.grad(bound, weights)
        rate = 0.02 * (1 + math.cos(math.pi * step / steps)) / 2
        with torch.no_grad():
            for w, v, slope in zip(weights, speed, slopes):
                v.mul_(0.9).add_(slope.clamp(-5, 5))
                w.add_(rate * v)
    return history

# %% right adam: Adam with a cosine, 300 steps of 32 samples; the last value is taken where it stops
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05, maximize=True)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 300)
    history = []
    for _ in range(300):
        opt.zero_grad()
        bound = _bound(p, encoder, x, _noise(32, x, g)).mean()
        bound.backward()
        history.append(bound.item())
        opt.step()
        fall.step()
    with torch.no_grad():
        history.append(_bound(p, encoder, x, _noise(32, x, g)).mean().item())
    return history

# %% wrong global_stream: seeds torch's global stream and draws from it, so it disturbs everybody else's randomness
# not told: the network is badly trained
def train_recognizer(p, encoder, x, seed):
    torch.manual_seed(seed)
    return _train(p, encoder, x, lambda: torch.randn(16, *x.shape, dtype=x.dtype))

# %% wrong seed_ignored: always the same seed
# not told: the network is badly trained
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(0)
    return _train(p, encoder, x, lambda: _noise(16, x, g))

# %% wrong frozen_noise: one noise per datum is drawn once and kept for all steps, so the scale runs away
def train_recognizer(p, encoder, x, seed):
    eps = _noise(1, x, torch.Generator().manual_seed(seed))
    return _train(p, encoder, x, lambda: eps.mean(1, keepdim=True).expand_as(eps))

# %% wrong trains_a_copy: trains a copy and leaves the given encoder as it was
def train_recognizer(p, encoder, x, seed):
    import copy
    g = torch.Generator().manual_seed(seed)
    return _train(p, copy.deepcopy(encoder), x, lambda: _noise(16, x, g))

# %% wrong toy_prior: writes out the toy's joint with its prior of width one
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    def bound(p, encoder, x, eps):
        m, r = encoder(x).chunk(2, -1)
        z = m + r.exp() * eps
        N = torch.distributions.Normal
        return (N(0.0, 1.0).log_prob(z) + N(z, 1.0).log_prob(x) - N(m.detach(), r.detach().exp()).log_prob(z)).sum(-1).mean(0)
    return _train(p, encoder, x, lambda: _noise(16, x, g), bound=bound)

# %% wrong starts_late: the first value of the history is that after a warm-up of fifty steps
# not told: the network is badly trained
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    return _train(p, encoder, x, lambda: _noise(16, x, g))[50:]

# %% wrong resets_encoder: sets the encoder's weights to zero before training, so the history does not begin where the encoder was
# not told: the network is badly trained
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for w in encoder.parameters():
            w.zero_()
    return _train(p, encoder, x, lambda: _noise(16, x, g))

# %% wrong summed_history: the history is the ELBO of all data together, not their mean
# not told: the network is badly trained
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    return [v * x.shape[0] for v in _train(p, encoder, x, lambda: _noise(16, x, g))]

# %% wrong short: a hundred steps of Adam at 0.002
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    return _train(p, encoder, x, lambda: _noise(16, x, g), steps=100, rate=0.002)

# %% wrong no_entropy_gradient: log q is a plain number in the objective
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    def bound(p, encoder, x, eps):
        m, r = encoder(x).chunk(2, -1)
        z = m + r.exp() * eps
        return (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1).detach()).mean(0)
    return _train(p, encoder, x, lambda: _noise(16, x, g), bound=bound)

# %% wrong biases_only: hands only the biases to the optimizer
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    return _train(p, encoder, x, lambda: _noise(16, x, g), parameters=[w for w in encoder.parameters() if w.dim() == 1])

# %% wrong wake_direction: fits the network to samples of a normal prior and their data, with log q in the forward direction and one shared scale of x
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    def bound(p, encoder, x, eps):
        z = eps
        seen = z + torch.randn(z.shape, generator=g, dtype=z.dtype)
        m, r = encoder(seen).chunk(2, -1)
        return torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1).mean(0)
    return _train(p, encoder, x, lambda: _noise(16, x, g), bound=bound)

# %% wrong smoothed_history: the history is an exponential running mean that begins at zero
# not told: the network is badly trained
def train_recognizer(p, encoder, x, seed):
    g = torch.Generator().manual_seed(seed)
    mean, out = 0.0, []
    for value in _train(p, encoder, x, lambda: _noise(16, x, g)):
        mean = 0.9 * mean + 0.1 * value
        out.append(mean)
    return out
