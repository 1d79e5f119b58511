import torch
import torch.nn.functional as F


def fill(decoder, x, observed, z, log_q):
    logits = decoder(z)
    x = torch.where(observed, x, 0.0)
    pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    weights = (pixels[..., observed].sum(-1) - 0.5 * z.square().sum(-1) - log_q).softmax(0)
    return torch.where(observed, x, (weights.unsqueeze(-1) * logits.sigmoid()).sum(0))


# %% right loop_over_images: One image at a time.
def complete(decoder, x, observed, z, log_q):
    return torch.cat(
        [
            fill(decoder, x[b : b + 1], observed, z[:, b : b + 1], log_q[:, b : b + 1])
            for b in range(len(x))
        ]
    )


# %% right index_lists: Index lists for the mask, normalization by hand.
def complete(decoder, x, observed, z, log_q):
    seen = [i for i, o in enumerate(observed.tolist()) if o]
    logits = decoder(z)
    s = 2 * x[:, seen] - 1
    log_w = F.logsigmoid(s * logits[..., seen]).sum(-1) - 0.5 * (z**2).sum(-1) - log_q
    w = (log_w - log_w.amax(0)).exp()
    out = torch.einsum("kb,kbd->bd", w / w.sum(0), logits.sigmoid())
    out[:, seen] = x[:, seen]
    return out


# %% wrong first_half: The observed pixels are taken to be the first half.
def complete(decoder, x, observed, z, log_q):
    half = torch.arange(x.shape[-1]) < x.shape[-1] // 2
    return fill(decoder, x, half, z, log_q)


# %% wrong leading: The observed pixels are taken to be as many, from the left.
def complete(decoder, x, observed, z, log_q):
    return fill(decoder, x, torch.arange(x.shape[-1]) < observed.sum(), z, log_q)


# %% wrong destroys: The missing pixels are set to zero in the caller's images.
def complete(decoder, x, observed, z, log_q):
    x[:, ~observed] = 0.0
    return fill(decoder, x, observed, z, log_q)


# %% wrong destroys_log_q: The weights are formed inside log_q.
def complete(decoder, x, observed, z, log_q):
    out = fill(decoder, x, observed, z, log_q.clone())
    log_q.neg_()
    return out


# %% wrong one_shift: One shift for all images: an easy one beside a hard one gives 0/0.
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    s = 2 * torch.where(observed, x, 0.0) - 1
    log_w = F.logsigmoid(s * logits)[..., observed].sum(-1) - 0.5 * (z**2).sum(-1) - log_q
    w = (log_w - log_w.max()).exp()
    mean = ((w / w.sum(0)).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)


# %% wrong weights_floor: A small constant under the normalization.
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    s = 2 * torch.where(observed, x, 0.0) - 1
    log_w = F.logsigmoid(s * logits)[..., observed].sum(-1) - 0.5 * (z**2).sum(-1) - log_q
    w = (log_w - log_w.amax(0)).exp()
    mean = ((w / (w.sum(0) + 1e-2)).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)


# %% wrong log_q_ignored: log_q is dead: right where the proposals are uniform.
def complete(decoder, x, observed, z, log_q):
    return fill(decoder, x, observed, z, torch.zeros_like(log_q))


# %% wrong first_proposals: Only the first five hundred proposals are used.
def complete(decoder, x, observed, z, log_q):
    return fill(decoder, x, observed, z[:500], log_q[:500])


# %% wrong mask_by_product: Pixels times mask: NaN in the missing pixels of x spread to all.
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    pixels = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
    weights = ((pixels * observed).sum(-1) - 0.5 * z.square().sum(-1) - log_q).softmax(0)
    return torch.where(observed, x, (weights.unsqueeze(-1) * logits.sigmoid()).sum(0))
