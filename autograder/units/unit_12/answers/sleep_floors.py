# %% right spreads: A mean KL from the product of marginals, for each factor of q.
import torch


def sleep_floors(joint, bits1, bits2):
    def left_over(table, bits):
        given = table / table.sum(1, keepdim=True).clamp_min(1e-300)
        on = given @ bits
        product = torch.where(bits > 0.5, on[:, None], 1 - on[:, None]).prod(-1)
        return (torch.xlogy(table, given) - torch.xlogy(table, product)).sum()

    s1, s2 = len(bits1), len(bits2)
    both = torch.cat([bits1.repeat_interleave(s2, 0), bits2.repeat(s1, 1)], 1)
    upward = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
    flat = left_over(joint.flatten(1), both)
    downward = left_over(joint.sum(1), bits2) + left_over(joint.transpose(1, 2).reshape(-1, s1), bits1)
    return upward, flat, downward


# %% right entropies: Entropies of single bits less the entropy of all, by loops.
import numpy as np


def sleep_floors(joint, bits1, bits2):
    joint, bits1, bits2 = joint.numpy(), bits1.numpy(), bits2.numpy()

    def entropy(p):
        p = p[p > 0]
        return -(p * np.log(p)).sum()

    def bitwise(row, bits):
        total = 0.0
        for d in range(bits.shape[1]):
            on = (row * bits[:, d]).sum()
            total += entropy(np.array([on, 1 - on]))
        return total

    all_given_x = upward = flat = downward = 0.0
    for table in joint:
        chance = table.sum()
        table = table / chance
        all_given_x += chance * entropy(table.ravel())
        upward += chance * bitwise(table.sum(1), bits1)
        flat += chance * (bitwise(table.sum(1), bits1) + bitwise(table.sum(0), bits2))
        downward += chance * bitwise(table.sum(0), bits2)
        for column in table.T:
            if column.sum() > 0:
                downward += chance * column.sum() * bitwise(column / column.sum(), bits1)
    for row in joint.sum(0):
        if row.sum() > 0:
            upward += row.sum() * bitwise(row / row.sum(), bits2)
    return [upward - all_given_x, flat - all_given_x, downward - all_given_x]


# %% right net_by_net: Each q is built as a table, and its KL from the posterior is averaged.
import torch


def sleep_floors(joint, bits1, bits2):
    posterior = joint / joint.sum((1, 2), keepdim=True)

    def product(on, bits):                               # (..., D), (S, D) -> (..., S)
        return torch.where(bits > 0.5, on[..., None, :], 1 - on[..., None, :]).prod(-1)

    def given(table):                                    # along the last axis
        return table / table.sum(-1, keepdim=True).clamp_min(1e-300)

    q1 = product(posterior.sum(2) @ bits1, bits1)                                   # (X, S1)
    q2 = product(posterior.sum(1) @ bits2, bits2)                                   # (X, S2)
    q21 = product(given(joint.sum(0)) @ bits2, bits2)                               # (S1, S2)
    q12 = product(given(posterior.transpose(1, 2)) @ bits1, bits1).transpose(1, 2)  # (X, S1, S2)
    nets = [q1[:, :, None] * q21, q1[:, :, None] * q2[:, None], q12 * q2[:, None]]
    return [(torch.xlogy(joint, posterior) - torch.xlogy(joint, q)).sum() for q in nets]


# %% wrong flat_for_upward, from right spreads: As if samples fed upward made no difference.
# diagnosis: order_swapped
#-     return upward, flat, downward
#+     return flat, flat, downward


# %% wrong means_upward, from right spreads: z2 reads x, and not a sample of z1.
# diagnosis: layers_apart
#-     upward = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
#+     upward = left_over(joint.sum(2), bits1) + left_over(joint.sum(1), bits2)


# %% wrong lower_alone, from right spreads: Only the lower layer leaves something over.
# diagnosis: lower_layer_only
#-     upward = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
#+     upward = left_over(joint.sum(2), bits1)


# %% wrong layers_independent, from right spreads: Flat: each layer by itself.
# diagnosis: layers_forgotten
#-     flat = left_over(joint.flatten(1), both)
#+     flat = left_over(joint.sum(2), bits1) + left_over(joint.sum(1), bits2)


# %% wrong no_x, from right spreads: Downward: z1 reads z2 alone.
# diagnosis: x_forgotten
#-     downward = left_over(joint.sum(1), bits2) + left_over(joint.transpose(1, 2).reshape(-1, s1), bits1)
#+     downward = left_over(joint.sum(1), bits2) + left_over(joint.sum(0).T, bits1)


# %% wrong upper_alone, from right spreads: Downward: z1 is taken for settled by x and z2.
# diagnosis: upper_layer_only
#-     downward = left_over(joint.sum(1), bits2) + left_over(joint.transpose(1, 2).reshape(-1, s1), bits1)
#+     downward = left_over(joint.sum(1), bits2)


# %% wrong in_bits, from right entropies: Logarithms to base two.
# diagnosis: bits_for_nats
#-         return -(p * np.log(p)).sum()
#+         return -(p * np.log2(p)).sum()


# %% wrong other_kl, from right net_by_net: The other KL, of q from the posterior.
# diagnosis: value
#-     return [(torch.xlogy(joint, posterior) - torch.xlogy(joint, q)).sum() for q in nets]
#+     chance = joint.sum((1, 2), keepdim=True)
#+     return [(chance * (torch.xlogy(q, q) - torch.xlogy(q, posterior.clamp_min(1e-9)))).sum() for q in nets]


# %% wrong prior_bits, from right net_by_net: Marginals of z1 without x.
# diagnosis: value
#-     q1 = product(posterior.sum(2) @ bits1, bits1)                                   # (X, S1)
#+     q1 = product(joint.sum((0, 2)).expand(len(joint), -1) @ bits1, bits1)


# %% wrong even_x, from right entropies: All x alike.
# diagnosis: value
#-         chance = table.sum()
#-         table = table / chance
#+         table = table / table.sum()
#+         chance = 1 / len(joint)


# %% wrong eps, from right entropies: A small number inside the logarithm.
# diagnosis: value
#-         return -(p * np.log(p)).sum()
#+         return -(p * np.log(p + 1e-3)).sum()
