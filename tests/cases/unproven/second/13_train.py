import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from course_vi.nets import mlp


def elbo(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    kl = (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return -F.softplus((1 - 2 * x) * logits).sum(-1).mean(0) - kl

# %% right shuffled_epochs: shuffled epochs in minibatches of up to a hundred, Adam at 0.01
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% right all_rows_each_step: all rows in every step, Adam at 0.012 that cools down over the last third
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam(list(encoder.parameters()) + list(decoder.parameters()), lr=0.012)
    for step in range(steps):
        opt.param_groups[0]["lr"] = 0.012 * min(1.0, 3 * (1 - step / steps) + 0.1)
        eps = torch.randn((1, *x.shape[:1], latent_dim), generator=generator, dtype=x.dtype)
        opt.zero_grad(set_to_none=True)
        elbo(encoder, decoder, x, eps).mean().neg().backward()
        opt.step()
    return encoder, decoder

# %% right two_optimizers: an optimizer for each network, minibatches of 80 drawn afresh by a permutation, two samples of noise
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 80, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 80, x.shape[1], generator).to(x.dtype)
    pair = [torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.9, 0.99), maximize=True) for net in (encoder, decoder)]
    for _ in range(steps):
        rows = torch.randperm(x.shape[0], generator=generator)[:80]
        eps = torch.randn(2, rows.numel(), latent_dim, generator=generator, dtype=x.dtype)
        for opt in pair:
            opt.zero_grad()
        elbo(encoder, decoder, x[rows], eps).mean().backward()
        for opt in pair:
            opt.step()
    return encoder, decoder

# %% wrong tail_never_seen: one fixed permutation and only whole batches of a hundred: rows beyond the last whole hundred never count
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            if "order" not in locals():
                order = torch.randperm(len(x), generator=generator)
            queue = order[: max(len(x) // 100 * 100, min(len(x), 100))]
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong same_first_hundred: every minibatch is the same hundred rows, shuffled
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(min(len(x), 100), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong held_out_rows: the last tenth of the rows is held out and never trained on
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(max(len(x) * 9 // 10, 1), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong steps_are_epochs: steps counts epochs: every one of them takes a gradient step for each hundred rows
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps * max(1, math.ceil(len(x) / 100))):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong stops_early: stops when the training bound of a minibatch has once been above -20.5
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        if -loss.item() > -20.5:
            break
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong noise_of_the_global_stream: noise by torch.randn_like of the global stream
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong weights_of_the_global_stream: networks by nn.Linear, which initializes itself from the global stream
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = nn.Sequential(nn.Linear(x.shape[1], 64), nn.Tanh(), nn.Linear(64, 2 * latent_dim)).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong global_stream_seeded: torch's global stream is seeded from the generator, whose own state never moves on
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(generator.initial_seed())
    generator = None
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong generator_seeded_again: the generator is seeded with zero at the start, so every seed gives the same networks
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    generator.manual_seed(0)
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong log_variances: the encoder's second half is trained as log variances
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(lambda y: encoder(y) * torch.tensor([1.0, 0.5], dtype=x.dtype).repeat_interleave(latent_dim), decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong pixels_averaged: the reconstruction is a mean over pixels, so the KL outweighs it and the encoder collapses
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        out = encoder(x[rows])
        loc, log_scale = out[:, :latent_dim], out[:, latent_dim:]
        kl = (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
        loss = (F.softplus((1 - 2 * x[rows]) * decoder(loc + log_scale.exp() * eps)).mean(-1) + kl).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong small_rate: Adam at 0.001, still on its way after three hundred steps
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.001)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong encoder_not_trained: only the decoder is given to the optimizer
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam(decoder.parameters(), lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong optimizer_forgets: a new optimizer at each epoch, so Adam begins again every four steps and its steps stay at full length
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.03)
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong four_latents: four latents whatever latent_dim is
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    latent_dim = 4
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong caller_shuffled: the caller's rows are shuffled in place at each epoch
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            x.copy_(x[torch.randperm(len(x), generator=generator)])
            queue = torch.arange(len(x))
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, decoder

# %% wrong decoder_gives_probabilities: the decoder that is returned ends in a sigmoid, so its outputs are probabilities and not logits
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[1], generator).to(x.dtype)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) == 0:
            queue = torch.randperm(len(x), generator=generator)
        rows, queue = queue[:100], queue[100:]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -elbo(encoder, decoder, x[rows], eps).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return encoder, nn.Sequential(decoder, nn.Sigmoid())
