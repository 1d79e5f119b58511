import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn

def _net(inputs, hidden, outputs, generator, dtype):
    net = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, outputs)).to(dtype)
    with torch.no_grad():
        for layer in (net[0], net[2]):
            for w in layer.parameters():
                w.uniform_(-layer.in_features ** -0.5, layer.in_features ** -0.5, generator=generator)
    return net

def _new(x, latent_dim, generator):
    with torch.random.fork_rng():
        return (_net(x.shape[1], 64, 2 * latent_dim, generator, x.dtype), _net(latent_dim, 64, x.shape[1], generator, x.dtype))

def _bound(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    return (x * logits - F.softplus(logits)).sum(-1) - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

def _batches(n, size, steps, generator):
    size, done = min(size, n), 0
    while True:
        for rows in torch.randperm(n, generator=generator).split(size):
            if done == steps:
                return
            done += 1
            yield rows

def _climb(encoder, decoder, x, rows_of, generator, rate=0.01, noise=None, bound=_bound):
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=rate)
    d = decoder[0].in_features
    for rows in rows_of:
        eps = torch.randn(len(rows), d, generator=generator, dtype=x.dtype) if noise is None else noise(len(rows), d)
        opt.zero_grad()
        (-bound(encoder, decoder, x[rows], eps).mean()).backward()
        opt.step()
    return encoder, decoder

# %% right full_batch: all rows in every step, gradients by autograd.grad, Adam with a falling rate
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    weights = [*encoder.parameters(), *decoder.parameters()]
    opt = torch.optim.Adam(weights, lr=0.015)
    for step in range(steps):
        eps = torch.randn(len(x), latent_dim, generator=generator, dtype=x.dtype)
        loss = -_bound(encoder, decoder, x, eps).mean()
        for w, slope in zip(weights, torch.autograd.grad(loss, weights)):
            w.grad = slope
        for group in opt.param_groups:
            group["lr"] = 0.015 * (1 - 0.9 * step / max(steps, 1))
        opt.step()
    return encoder, decoder

# %% right with_replacement: minibatches drawn with replacement, so all rows have the same chance at every step
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    rows_of = (torch.randint(len(x), (100,), generator=generator) for _ in range(steps))
    return _climb(encoder, decoder, x, rows_of, generator)

# %% wrong whole_epochs: trains whole epochs, which takes more steps than it was told unless they divide
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    per_epoch = math.ceil(len(x) / 100)
    return _climb(encoder, decoder, x, _batches(len(x), 100, per_epoch * math.ceil(steps / per_epoch), generator), generator)

# %% wrong one_too_many: takes one step more than it was told
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps + 1, generator), generator)

# %% wrong fixed_order_drop_last: one permutation for all epochs, and the rows of the last, incomplete batch are never seen
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    size = min(90, len(x))
    batches = [rows for rows in torch.randperm(len(x), generator=generator).split(size) if len(rows) == size]
    return _climb(encoder, decoder, x, (batches[i % len(batches)] for i in range(steps)), generator)

# %% wrong held_out: a tenth of the images is kept for validation and never trained on
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    kept = x[: max(1, int(0.9 * len(x)))]
    return _climb(encoder, decoder, kept, _batches(len(kept), 100, steps, generator), generator)

# %% wrong log_variance: trains an encoder that writes log variances, so by the convention its scales are wrong
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    def bound(encoder, decoder, x, eps):
        m, v = encoder(x).chunk(2, -1)
        logits = decoder(m + (0.5 * v).exp() * eps)
        return (x * logits - F.softplus(logits)).sum(-1) - 0.5 * (m * m + v.exp() - 1 - v).sum(-1)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator, bound=bound)

# %% wrong global_noise: noise of the latents from torch's global stream
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator, noise=lambda n, d: torch.randn(n, d, dtype=x.dtype))

# %% wrong global_weights: weights from torch's global stream, everything else from the generator
def train_vae(x, latent_dim, steps, generator):
    encoder = nn.Sequential(nn.Linear(x.shape[1], 64), nn.Tanh(), nn.Linear(64, 2 * latent_dim)).to(x.dtype)
    decoder = nn.Sequential(nn.Linear(latent_dim, 64), nn.Tanh(), nn.Linear(64, x.shape[1])).to(x.dtype)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator)

# %% wrong reseeds: seeds the generator it was given, so every seed gives the same networks
def train_vae(x, latent_dim, steps, generator):
    generator.manual_seed(0)
    encoder, decoder = _new(x, latent_dim, generator)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator)

# %% wrong needs_a_hundred: takes a hundred different rows at each step and fails where there are fewer
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    weight = torch.ones(len(x))
    rows_of = (torch.multinomial(weight, 100, replacement=False, generator=generator) for _ in range(steps))
    return _climb(encoder, decoder, x, rows_of, generator)

# %% wrong no_divergence_gradient: the divergence is a plain number in the loss, so the encoder narrows without end
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    def bound(encoder, decoder, x, eps):
        m, r = encoder(x).chunk(2, -1)
        logits = decoder(m + r.exp() * eps)
        return (x * logits - F.softplus(logits)).sum(-1) - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1).detach()
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator, bound=bound)

# %% wrong probabilities_out: the decoder that is returned ends in a sigmoid, so it gives probabilities and not logits
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator)
    return encoder, nn.Sequential(decoder, nn.Sigmoid())

# %% wrong smooths_data: moves the caller's zeros and ones to 0.02 and 0.98 in place
def train_vae(x, latent_dim, steps, generator):
    x.clamp_(0.02, 0.98)
    encoder, decoder = _new(x, latent_dim, generator)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator)

# %% wrong beta_four: the divergence counts four times, as in a beta-VAE
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = _new(x, latent_dim, generator)
    def bound(encoder, decoder, x, eps):
        m, r = encoder(x).chunk(2, -1)
        logits = decoder(m + r.exp() * eps)
        return (x * logits - F.softplus(logits)).sum(-1) - 4 * (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)
    return _climb(encoder, decoder, x, _batches(len(x), 100, steps, generator), generator, bound=bound)
