import itertools
import math

import torch
from torch import Tensor


def left_over(table, bits):
    """Sum of the bits' entropies less the joint entropy, given the row; table: (R, S), bits: (S, D)."""
    row = torch.special.entr(table.sum(1)).sum()
    on = table @ bits
    off = table @ (1 - bits)
    marginal = torch.special.entr(on).sum(0) + torch.special.entr(off).sum(0) - row
    return marginal.sum() - (torch.special.entr(table).sum() - row)


# %% right log_ratio_state_by_state: no entropies; for each net the best q is built by einsum, state by state, and p log p/q summed where p is not zero
def sleep_floors(joint: Tensor, bits1: Tensor, bits2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    one, two = bits1.to(joint.dtype), bits2.to(joint.dtype)

    def says(table, bits):
        """q of the states (R, S) whose bits have the chances of each row of table, (R, S)."""
        total = table.sum(1, keepdim=True)
        on = torch.where(total > 0, table @ bits / total.clamp(min=1e-300), 0.5)
        return torch.where(bits > 0.5, on[:, None], 1 - on[:, None]).prod(-1)

    x, s, t = joint.shape
    z1_x, z2_x = says(joint.sum(2), one), says(joint.sum(1), two)
    z2_z1 = says(joint.sum(0), two)
    z1_both = says(joint.permute(0, 2, 1).reshape(x * t, s), one).reshape(x, t, s)
    nets = (
        torch.einsum("xs,st->xst", z1_x, z2_z1),
        torch.einsum("xs,xt->xst", z1_x, z2_x),
        torch.einsum("xt,xts->xst", z2_x, z1_both),
    )
    posterior = joint / joint.sum((1, 2), keepdim=True).clamp(min=1e-300)
    seen = joint > 0
    return tuple((joint[seen] * (posterior[seen] / q[seen]).log()).sum() for q in nets)


# %% wrong lower_layer_reads_one_thing: in the downward net z1 is given the sample of z2 and not the data, as in the model; the statement lets it read both
def sleep_floors(joint: Tensor, bits1: Tensor, bits2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint = joint.double()
    up = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
    x, s, t = joint.shape
    both = torch.cat([bits1[:, None].expand(-1, t, -1), bits2[None].expand(s, -1, -1)], -1).reshape(s * t, -1)
    flat = left_over(joint.reshape(x, s * t), both)
    down = left_over(joint.sum(1), bits2) + left_over(joint.sum(0).T, bits1)
    return up, flat, down


# %% wrong layers_apart: the flat net lacks what each layer lacks by itself, added up; that the two layers know of each other, given x, is forgotten
def sleep_floors(joint: Tensor, bits1: Tensor, bits2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    x, s, t = joint.shape
    up = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
    flat = left_over(joint.sum(2), bits1) + left_over(joint.sum(1), bits2)
    down = left_over(joint.sum(1), bits2) + left_over(joint.permute(0, 2, 1).reshape(x * t, s), bits1)
    return up, flat, down


# %% wrong counting_order: takes the states of the upper layer to stand in counting order and never looks at bits2; right whenever they do
def sleep_floors(joint: Tensor, bits1: Tensor, bits2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    bits2 = torch.tensor(list(itertools.product((0.0, 1.0), repeat=bits2.shape[1])), dtype=joint.dtype)
    x, s, t = joint.shape
    both = torch.cat([bits1[:, None].expand(-1, t, -1), bits2[None].expand(s, -1, -1)], -1).reshape(s * t, -1)
    up = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
    flat = left_over(joint.reshape(x, s * t), both)
    down = left_over(joint.sum(1), bits2) + left_over(joint.permute(0, 2, 1).reshape(x * t, s), bits1)
    return up, flat, down


# %% wrong every_datum_alike: makes the posterior of each x and averages the divergences over the values of x, each counted once and not as often as it is dreamt
def sleep_floors(joint: Tensor, bits1: Tensor, bits2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    x, s, t = joint.shape
    even = joint / joint.sum((1, 2), keepdim=True).clamp(min=1e-300) / x
    both = torch.cat([bits1[:, None].expand(-1, t, -1), bits2[None].expand(s, -1, -1)], -1).reshape(s * t, -1)
    up = left_over(even.sum(2), bits1) + left_over(even.sum(0), bits2)
    flat = left_over(even.reshape(x, s * t), both)
    down = left_over(even.sum(1), bits2) + left_over(even.permute(0, 2, 1).reshape(x * t, s), bits1)
    return up, flat, down
