import torch
from torch import Tensor


def states_of(D: int, like: Tensor) -> Tensor:
    return torch.tensor([[s >> i & 1 for i in range(D)] for s in range(2**D)], dtype=like.dtype)


def read(scope, table, bits: Tensor) -> Tensor:
    """A factor at bits (N, D): (N)."""
    return table[tuple(bits[:, i].long() for i in scope)].expand(len(bits))


def log_q_of(logits: Tensor, bits: Tensor) -> Tensor:
    return torch.where(bits > 0.5, torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits))


def both(logits, factors, bits, kept, constant=None, reader=read):
    """s A and s (A + R) with A = what `kept(scope, i)` says, (N, D) each; the scores; R."""
    log_q, score = log_q_of(logits, bits), bits - logits.sigmoid()
    values = [(set(scope), reader(scope, table, bits)) for scope, table in factors]
    full = sum((v for _, v in values), torch.zeros(len(bits), dtype=bits.dtype)) - log_q.sum(-1)
    own = torch.stack([kept(values, log_q, i) for i in range(len(logits))], -1)
    if constant is not None:
        own = own + constant
    return score * full.unsqueeze(-1), score * own, score, full.unsqueeze(-1) - own


def usual(values, log_q, i):
    return sum((v for scope, v in values if i in scope), torch.zeros(len(log_q), dtype=log_q.dtype)) - log_q[:, i]


def answer(logits, factors, z, kept=usual, constant=None, reader=read):
    at = states_of(len(logits), logits)
    chance = log_q_of(logits, at).sum(-1).exp().unsqueeze(-1)
    full, own, score, rest = both(logits, factors, at, kept, constant, reader)

    def variance(g):
        return (chance * g**2).sum(0) - (chance * g).sum(0) ** 2

    one, two, dropped = variance(full), variance(own), variance(score * rest)
    g_full, g_own, _, _ = both(logits, factors, z.to(logits.dtype), kept, constant, reader)
    return torch.stack([g_full, g_own]), torch.stack([one, two, dropped, one - two - dropped])

# %% right a_tensor_with_an_axis_per_bit: log p is one tensor of D axes, a lookup is an index, and an expectation contracts the axes one after the other
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    D, p = len(logits), logits.sigmoid()
    log_q = torch.stack([torch.nn.functional.logsigmoid(-logits), torch.nn.functional.logsigmoid(logits)], -1)    # (D, 2)

    def spread(scope, table):
        order = sorted(range(len(scope)), key=lambda axis: scope[axis])
        return table.permute(order).reshape([2 if i in scope else 1 for i in range(D)])

    def mean(t):
        t = t.expand((2,) * D)
        for i in reversed(range(D)):
            t = t @ torch.stack([1 - p[i], p[i]])
        return t

    factors = [(tuple(int(i) for i in scope), table) for scope, table in factors]
    terms = [(set(scope), spread(scope, table)) for scope, table in factors]
    terms += [({i}, -spread((i,), log_q[i])) for i in range(D)]
    everything = sum(t for _, t in terms)
    index = tuple(z[:, i].long() for i in range(D))
    gradients, columns = [], []
    for i in range(D):
        own = sum(t for scope, t in terms if i in scope)
        rest = everything - own
        score = spread((i,), torch.stack([-p[i], 1 - p[i]]))
        parts = [(score * t).expand((2,) * D) for t in (everything, own)]
        gradients.append(torch.stack([part[index] for part in parts]))
        first, second = (mean((part - mean(part)) ** 2) for part in parts)
        columns.append(torch.stack([first, second, mean(score**2) * mean(rest**2), 2 * mean(score**2 * own * rest)]))
    return torch.stack(gradients, -1), torch.stack(columns, -1)

# %% wrong entropy_of_the_blanket: keeps everything that touches the Markov blanket, so -log q of the neighbouring bits stays in: right on average, and it does not depend on z_i
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    def kept(values, log_q, i):
        mine = [(scope, v) for scope, v in values if i in scope]
        blanket = set().union({i}, *(scope for scope, _ in mine))
        zero = torch.zeros(len(log_q), dtype=log_q.dtype)
        return sum((v for _, v in mine), zero) - log_q[:, sorted(blanket)].sum(-1)

    return answer(logits, factors, z, kept)

# %% wrong scopes_in_order: looks a table up with its bits in ascending order; right for every scope that is sorted already, wrong for (child, parents) with later numbers first
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    def reader(scope, table, bits):
        return table[tuple(bits[:, i].long() for i in sorted(scope))].expand(len(bits))

    return answer(logits, factors, z, reader=reader)

# %% wrong one_factor_for_each_scope: puts the factors into a dictionary by scope, so of two factors that read the same bits only the last one counts
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    by_scope = {tuple(scope): table for scope, table in factors}
    return answer(logits, list(by_scope.items()), z)

# %% wrong a_true_conditional_expectation: takes "Rao-Blackwell" at its word and integrates out what does not depend on z_i, which adds the constant E[R] where only bit i's own terms were asked for
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    at = states_of(len(logits), logits)
    chance = log_q_of(logits, at).sum(-1).exp().unsqueeze(-1)
    rest = both(logits, factors, at, usual)[3]
    return answer(logits, factors, z, constant=(chance * rest).sum(0))
