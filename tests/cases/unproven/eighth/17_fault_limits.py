import math

import torch
from torch import Tensor

# %% right all_paths_in_a_row: writes down every path once; the right filter and the kept weights are powers of likelihoods on paths, the other three follow shares
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    from itertools import product

    initial, transition, log_lik = initial.double(), transition.double(), log_lik.double()
    steps, states = log_lik.shape[-2:]
    paths = torch.tensor(list(product(range(states), repeat=steps)))
    chance = initial[paths[:, 0]]
    for before, after in zip(paths.T[:-1], paths.T[1:], strict=True):
        chance = chance * transition[before, after]
    paths, log_p = paths[chance > 0], chance[chance > 0].log()

    def one(lik: Tensor) -> Tensor:
        along = lik[torch.arange(steps), paths]
        powers = lambda numbers: torch.logsumexp(log_p + along @ torch.tensor(numbers, dtype=torch.float64), 0)
        right = powers([1.0] * steps)
        kept = sum(
            powers([float(max(t - s, 0)) for s in range(steps)]) - powers([float(t - s) if s < t - 1 else 0.0 for s in range(steps)])
            for t in range(1, steps + 1)
        )
        rest = []
        for power in (0.0, 2.0, None):
            share, total = initial.log(), 0.0
            for row in lik:
                total = total + (share + row).logsumexp(0)
                if power is None:
                    best = torch.where(share > -math.inf, row, -math.inf).argmax()
                    after = torch.full_like(share, -math.inf)
                    after[best] = 0.0
                else:
                    after = share + power * row
                    after = after - after.logsumexp(0)
                share = (after.unsqueeze(1) + transition.log()).logsumexp(0)
            rest.append(total)
        return torch.stack([right, *rest, kept])

    flat = torch.stack([one(lik) for lik in log_lik.reshape(-1, steps, states)], 1) if log_lik.numel() else log_lik.new_zeros(5, 0)
    return flat.reshape(5, *log_lik.shape[:-2])

# %% wrong heaviest_state: lets the state with the largest total weight take all, share times likelihood, instead of the state of the heaviest single particle
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    T, S = log_lik.shape[-2:]
    move = transition.log()
    push = lambda log_share: (log_share.unsqueeze(-1) + move).logsumexp(-2)

    def follow(change) -> Tensor:
        share, total = initial.log().expand(*log_lik.shape[:-2], S), 0.0
        for t in range(T):
            total = total + (share + log_lik[..., t, :]).logsumexp(-1)
            share = push(change(share, log_lik[..., t, :]).log_softmax(-1))
        return total

    def power(exponents: list[float]) -> Tensor:
        a = initial.log() + exponents[0] * log_lik[..., 0, :]
        for t in range(1, len(exponents)):
            a = push(a) + exponents[t] * log_lik[..., t, :]
        return a.logsumexp(-1)

    def heaviest(share: Tensor, lik: Tensor) -> Tensor:
        return torch.nn.functional.one_hot((share + lik).argmax(-1), S).to(share.dtype).log()

    kept = sum(power([float(t - s) for s in range(t)]) - (power([float(t - s) for s in range(t - 1)] + [0.0]) if t > 1 else 0.0) for t in range(1, T + 1))
    return torch.stack([follow(lambda s, g: s + g), follow(lambda s, g: s), follow(lambda s, g: s + 2 * g), follow(heaviest), kept])

# %% wrong square_of_the_share: resamples twice by the weight of a state, share times likelihood, so that the share is squared, too
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    T, S = log_lik.shape[-2:]
    move = transition.log()
    push = lambda log_share: (log_share.unsqueeze(-1) + move).logsumexp(-2)

    def follow(change) -> Tensor:
        share, total = initial.log().expand(*log_lik.shape[:-2], S), 0.0
        for t in range(T):
            total = total + (share + log_lik[..., t, :]).logsumexp(-1)
            share = push(change(share, log_lik[..., t, :]).log_softmax(-1))
        return total

    def power(exponents: list[float]) -> Tensor:
        a = initial.log() + exponents[0] * log_lik[..., 0, :]
        for t in range(1, len(exponents)):
            a = push(a) + exponents[t] * log_lik[..., t, :]
        return a.logsumexp(-1)

    def heaviest(share: Tensor, lik: Tensor) -> Tensor:
        alive = torch.where(share > -math.inf, lik, -math.inf)
        return torch.nn.functional.one_hot(alive.argmax(-1), S).to(share.dtype).log()

    kept = sum(power([float(t - s) for s in range(t)]) - (power([float(t - s) for s in range(t - 1)] + [0.0]) if t > 1 else 0.0) for t in range(1, T + 1))
    return torch.stack([follow(lambda s, g: s + g), follow(lambda s, g: s), follow(lambda s, g: 2 * (s + g)), follow(heaviest), kept])

# %% wrong selected_once: lets each likelihood select a path once and stand in its weight once, though a weight that is kept selects again at every later step
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    T, S = log_lik.shape[-2:]
    move = transition.log()
    push = lambda log_share: (log_share.unsqueeze(-1) + move).logsumexp(-2)

    def follow(change) -> Tensor:
        share, total = initial.log().expand(*log_lik.shape[:-2], S), 0.0
        for t in range(T):
            total = total + (share + log_lik[..., t, :]).logsumexp(-1)
            share = push(change(share, log_lik[..., t, :]).log_softmax(-1))
        return total

    def power(exponents: list[float]) -> Tensor:
        a = initial.log() + exponents[0] * log_lik[..., 0, :]
        for t in range(1, len(exponents)):
            a = push(a) + exponents[t] * log_lik[..., t, :]
        return a.logsumexp(-1)

    def heaviest(share: Tensor, lik: Tensor) -> Tensor:
        alive = torch.where(share > -math.inf, lik, -math.inf)
        return torch.nn.functional.one_hot(alive.argmax(-1), S).to(share.dtype).log()

    kept = sum(power([2.0] * (t - 1) + [1.0]) - power([2.0] * (t - 1) + [0.0]) for t in range(1, T + 1))
    return torch.stack([follow(lambda s, g: s + g), follow(lambda s, g: s), follow(lambda s, g: s + 2 * g), follow(heaviest), kept])

# %% wrong scaled_by_the_best: scales the likelihoods of a step by the largest of all states and goes on without logarithms, which underflows if that state is out of reach
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    T, S = log_lik.shape[-2:]
    top = log_lik.amax(-1, keepdim=True)
    g = (log_lik - top).exp()
    level = top.squeeze(-1)

    def follow(change) -> Tensor:
        share, total = initial.expand(*log_lik.shape[:-2], S), 0.0
        for t in range(T):
            total = total + (share * g[..., t, :]).sum(-1).log() + level[..., t]
            new = change(share, g[..., t, :])
            share = new / new.sum(-1, keepdim=True) @ transition
        return total

    def power(exponents: list[float]) -> Tensor:
        a = initial * g[..., 0, :] ** exponents[0]
        for t in range(1, len(exponents)):
            a = a @ transition * g[..., t, :] ** exponents[t]
        return a.sum(-1).log()

    def heaviest(share: Tensor, lik: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(torch.where(share > 0, lik, -1.0).argmax(-1), S).to(share.dtype)

    kept = sum(
        power([float(t - s) for s in range(t)]) - (power([float(t - s) for s in range(t - 1)] + [0.0]) if t > 1 else 0.0) + level[..., t - 1]
        for t in range(1, T + 1)
    )
    return torch.stack([follow(lambda s, g: s * g), follow(lambda s, g: s), follow(lambda s, g: s * g**2), follow(heaviest), kept])
