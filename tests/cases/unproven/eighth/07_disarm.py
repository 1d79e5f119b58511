import torch
from torch import Tensor

# %% right half_way_between_the_marks: folds u at one half; a pair disagrees beyond the mark |p - 1/2|, and the mean of u there is half way between that mark and the end
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = logits.sigmoid()
    bit, opposite = (u > 1 - p).to(u), (1 - u > 1 - p).to(u)
    middle = ((p - 0.5).abs() + 0.5) / 2
    mean_of_u = torch.copysign(middle.expand_as(u), u - 0.5) * (bit != opposite)
    return torch.einsum("k...,k...d->...d", f(bit) - f(opposite), mean_of_u) / u.shape[0]

# %% wrong the_flipped_bit: takes 1 - b for the opposite, which is another sample unless p is one half
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    b = (u > 1 - logits.sigmoid()).to(u)
    opposite = 1 - b
    weight = 0.5 * (b - opposite) * logits.abs().sigmoid()
    return ((f(b) - f(opposite)).unsqueeze(-1) * weight).mean(0)

# %% wrong noise_where_they_agree: averages u where the pair disagrees, and leaves u - 1/2 where it agrees, "for there is nothing to average": unbiased, and noise
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = logits.sigmoid()
    b, opposite = (u > 1 - p).to(u), (u < p).to(u)
    weight = torch.where(b == opposite, u - 0.5, 0.5 * (b - opposite) * logits.abs().sigmoid())
    return ((f(b) - f(opposite)).unsqueeze(-1) * weight).mean(0)

# %% wrong once_for_every_bit: fills the gradient bit by bit and asks f anew for each of them: the numbers are right, and f is asked D times as often as allowed
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = logits.sigmoid()
    b, opposite = (u > 1 - p).to(u), (u < p).to(u)
    columns = [
        (0.5 * (f(b) - f(opposite)) * (b - opposite)[..., i] * logits[..., i].abs().sigmoid()).mean(0) for i in range(u.shape[-1])
    ]
    return torch.stack(columns, -1)

# %% wrong given_the_first_only: replaces u - 1/2 by its mean given b alone, (b - p) / 2, and forgets that the pair says more
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = logits.sigmoid()
    b, opposite = (u > 1 - p).to(u), (u < p).to(u)
    return ((f(b) - f(opposite)).unsqueeze(-1) * 0.5 * (b - p)).mean(0)
