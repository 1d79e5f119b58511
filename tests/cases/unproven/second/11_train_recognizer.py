import math
import torch
from torch import Tensor, nn
from torch.distributions import Normal
from course_vi.models import Model


def bounds(p, encoder, x, eps):
    """The ELBO of each datum, (N), by sticking the landing."""
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)).mean(0)

# %% right adam_with_a_cosine: Adam, a rate that falls to zero, twenty samples a step
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% right lbfgs_on_fixed_noise: one large fixed draw from the generator makes a deterministic objective, which Adam climbs roughly and LBFGS to the end
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    eps = torch.randn(100, *x.shape, generator=generator, dtype=x.dtype)
    eps = torch.cat([eps, -eps])
    opt = torch.optim.LBFGS(encoder.parameters(), lr=1, max_iter=1, line_search_fn="strong_wolfe")
    history = []

    def total():
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        return (p.log_joint(x, z) + (0.5 * eps**2 + 0.5 * math.log(2 * math.pi) + log_scale).sum(-1)).mean()

    def closure():
        opt.zero_grad()
        loss = -total()
        loss.backward()
        return loss

    rough = torch.optim.Adam(encoder.parameters(), lr=0.1)
    for _ in range(80):
        history.append(-closure().item())
        rough.step()
    for _ in range(20):
        history.append(-opt.step(closure).item())
    with torch.no_grad():
        history.append(total().item())
    return history

# %% right sgd_with_many_samples: plain ascent with momentum and minibatch-free steps, a linear fall of the rate
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    weights, velocity, history = list(encoder.parameters()), None, []
    for i in range(600):
        eps = torch.empty(32, *x.shape, dtype=x.dtype).normal_(generator=generator)
        value = bounds(p, encoder, x, eps).mean()
        grads = torch.autograd.grad(value, weights)
        norm = torch.sqrt(sum(g.square().sum() for g in grads))
        grads = [g * (5 / norm).clamp(max=1) for g in grads]
        velocity = grads if velocity is None else [0.8 * v + g for v, g in zip(velocity, grads)]
        with torch.no_grad():
            for w, v in zip(weights, velocity):
                w += 0.02 * (1 - i / 600) * v
        history.append(value.item())
    return history

# %% wrong toy_targets: regresses on x/2 and log sqrt(1/2), right for the standard prior only; the history is the model's own bound
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        out = encoder(x)
        ((out[:, :1] - x / 2).square().mean() + (out[:, 1:] + 0.5 * math.log(2)).square().mean()).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong standard_prior: climbs the toy with its standard prior and asks the model for the history alone
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        (-(Normal(0.0, 1.0).log_prob(z) + Normal(z, 1.0).log_prob(x) + log_scale).mean()).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong seed_ignored: the generator is seeded with zero whatever seed is
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(0)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong global_stream: torch's global stream is seeded and drawn from, and is another one afterwards
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    torch.manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong copy_is_trained: a copy of the encoder is trained, the one given stays as it was
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    import copy
    encoder = copy.deepcopy(encoder)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong history_of_the_loss: the history holds minus the bound
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(-value.item())
    return history

# %% wrong history_of_sums: the history holds the sum over the data and not the mean
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item() * len(x))
    return history

# %% wrong history_after_the_step: training is repeated from its own end: five hundred steps are made before the history begins
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(500):
        opt.zero_grad()
        (-bounds(p, encoder, x, torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)).mean()).backward()
        opt.step()
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong too_few_steps: thirty steps at a rate of 0.01 are not enough
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 30, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.01)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong few_data: only the first eight rows are used for training, and history
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    x = x[:8]
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong entropy_weighted: the entropy has weight 0.7 in what is climbed, so scales come out too small by a sixth; the history is the true bound
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        (-(p.log_joint(x, z).mean() + 0.7 * log_scale.mean())).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong bias_forgotten: only tensors of two axes are given to the optimizer, so the biases never move
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam([w for w in encoder.parameters() if w.dim() > 1], lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong shrunk_by_weight_decay: the optimizer has a weight decay, which pulls the slope of the mean and the scale to zero
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05, weight_decay=1.5)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong importance_bound: climbs and reports the importance-weighted bound of twenty samples, whose best q is not pinned to the posterior and whose values lie above the ELBO
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        log_w = p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
        value = (log_w.logsumexp(0) - math.log(20)).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong reset_at_the_start: the weights are set to zero before training, so the history does not begin with the encoder as it was
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    with torch.no_grad():
        for w in encoder.parameters():
            w.zero_()
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong history_smoothed: the history is an exponential average that begins at zero
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(0.9 * (history[-1] if history else 0.0) + 0.1 * value.item())
    return history

# %% wrong scale_of_first_datum: the network's log scale is trained through its value at the first datum only and is free to tilt elsewhere
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale[:1].exp() * eps
        (-(p.log_joint(x, z).mean() + log_scale[0].mean())).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    return history

# %% wrong left_frozen: after training the parameters are switched off, so the encoder no longer learns
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    steps, history = 400, []
    opt = torch.optim.Adam(encoder.parameters(), lr=0.05)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for _ in range(steps):
        eps = torch.randn(20, *x.shape, generator=generator, dtype=x.dtype)
        value = bounds(p, encoder, x, eps).mean()
        opt.zero_grad()
        (-value).backward()
        opt.step()
        fall.step()
        history.append(value.item())
    encoder.requires_grad_(False)
    return history
