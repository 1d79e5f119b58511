import itertools
import math

import numpy as np
import torch


# %% right log_recursions: five forward recursions in logarithms, powers of the likelihoods for the faults
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% right all_paths: enumerates every path and tilts it by powers of its likelihoods
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    batch = log_lik.shape[:-2]
    series = log_lik.reshape(-1, steps, states)
    out = torch.zeros(5, len(series), dtype=torch.float64)
    paths = torch.tensor(list(itertools.product(range(states), repeat=steps)))          # (M, T)
    prior = initial.log()[paths[:, 0]]
    for t in range(1, steps):
        prior = prior + transition.log()[paths[:, t - 1], paths[:, t]]
    # log chance of a path that was selected so far by the powers (a list of exponents, one a step)
    for b, lik in enumerate(series):
        along = torch.stack([lik[t][paths[:, t]] for t in range(steps)], 1)             # (M, T)
        for row in (0, 1, 2, 4):
            for t in range(steps):
                share, weight = prior, torch.zeros_like(prior)
                for s in range(t):
                    power = {0: 1, 1: 0, 2: 2, 4: t - s}[row]
                    share = share + power * along[:, s]
                    if row == 4:
                        weight = weight + along[:, s]
                arrive = share + weight
                out[row, b] += (arrive + along[:, t]).logsumexp(0) - arrive.logsumexp(0)
        held = initial
        for t in range(steps):
            out[3, b] += (held.log() + lik[t]).logsumexp(0)
            best = max((k for k in range(states) if held[k] > 0), key=lambda k: lik[t, k].item())
            held = transition[best]
    return out.reshape(5, *batch)


# %% right measure_of_particles: follows the joint measure of history, weight and state, literally as the filters are described, in NumPy
def fault_limits(initial, transition, log_lik):
    # one recursion for all: the measure of particles as {(path's weight history): share}, states grouped by their log weights, in NumPy
    steps, states = log_lik.shape[-2:]
    series = log_lik.reshape(-1, steps, states).numpy()
    with np.errstate(divide="ignore"):
        log_start, log_a = np.log(initial.numpy()), np.log(transition.numpy())

    def lse(values, axis=None):
        top = values.max(axis=axis, keepdims=True)
        top = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            answer = np.log(np.exp(values - top).sum(axis=axis, keepdims=True)) + top
        return answer.reshape(()) if axis is None else answer.squeeze(axis)

    out = np.zeros((5, len(series)))
    for b, lik in enumerate(series):
        for row in range(5):
            share, weight = log_start[None, :].copy(), np.zeros((1, states))   # (histories, states)
            for t in range(steps):
                arrive = share + weight
                out[row, b] += lse(arrive + lik[t]) - lse(arrive)
                heavy = weight + lik[t]
                if row == 0:
                    share = share + heavy
                elif row == 2:
                    share = share + 2 * heavy
                elif row == 3:
                    best = np.argmax(np.where(np.isfinite(share[0]), lik[t], -np.inf))
                    share = np.where(np.arange(states) == best, 0.0, -np.inf)[None, :]
                elif row == 4:
                    share = share + heavy
                share = share - lse(share)
                if row == 4:                                     # every (history, state) becomes a history
                    weight = np.repeat(heavy.reshape(-1, 1), states, 1)
                    share = share.reshape(-1, 1) + np.tile(log_a, (len(share), 1))
                else:
                    weight = np.zeros((1, states))
                    share = lse(share[0][:, None] + log_a, 0)[None, :]
    return torch.from_numpy(out).reshape(5, *log_lik.shape[:-2])


# %% wrong heaviest_state: takes the likeliest of ALL states, also of states that no particle holds; right while all moves have a chance
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = lik.argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong heaviest_posterior: takes the state with the largest share times likelihood, not the particle with the largest weight
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = (share + lik).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong twice_squares_share: squares the whole posterior for the second draw, the share too; right only where shares are equal or 0
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(2 * (share + lik)))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong twice_in_factor: the second draw's likelihood is also counted in the factor, that is, the evidence of squared likelihoods
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        total = total + (share + 2 * lik).logsumexp(-1) - (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong kept_by_state: lets the state tell the weight, only the last likelihood is brought along: right up to two steps
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    share, weight, total = start, torch.zeros_like(start), 0.0   # kept
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + weight + lik).logsumexp(-1) - (share + weight).logsumexp(-1)
        share = move(normalized(share + weight + 2 * lik))
    rows.append(total)
    return torch.stack(rows)


# %% wrong kept_same_power: every earlier likelihood counts twice (once selected, once in the weight), however long ago: right up to two steps, and the same as drawing twice
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + min(t - s + 1, 2) * log_lik[..., s, :]
            if s < t:
                below = move(below + min(t - s + 1, 2) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong kept_telescopes: divides by the numerator of the step before, in which likelihoods count once less, so the sum telescopes; right for one step
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = above.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong linear_shares: shares as plain numbers, one maximum taken out per step: an impossible state is the likeliest by hundreds of nats, and all else underflows to log 0
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    start = initial.expand(*log_lik.shape[:-2], states)
    rows = []
    for fault in range(4):
        share, total = start, 0.0
        for t in range(steps):
            log_l = log_lik[..., t, :]
            top = log_l.max(-1, keepdim=True).values
            lik = (log_l - top).exp()
            total = total + (share * lik).sum(-1).log() + top.squeeze(-1)
            if fault == 0:
                share = share * lik
            elif fault == 2:
                share = share * lik**2
            elif fault == 3:
                held = torch.where(share > 0, log_l, torch.full_like(log_l, -math.inf))
                share = torch.nn.functional.one_hot(held.argmax(-1), states).double()
            share = share / share.sum(-1, keepdim=True) @ transition
        rows.append(total)
    total = 0.0
    for t in range(steps):
        above = below = start.log()
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = ((below + (t - s + 1) * log_lik[..., s, :]).unsqueeze(-1) + transition.log()).logsumexp(-2)
                above = (above.unsqueeze(-1) + transition.log()).logsumexp(-2)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong epsilon_in_log: log(p + 1e-12) against log 0: an impossible state hundreds of nats likelier wins, and always holds particles
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = (initial + 1e-12).log(), (transition + 1e-12).log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong no_draw_carries_weights: takes 'no draw' for a filter that carries its weights along, which has the right limit
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-1) + log_a).logsumexp(-2)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)


# %% wrong transposed: moves shares by the transpose; right for symmetric transitions, or one step
def fault_limits(initial, transition, log_lik):
    steps, states = log_lik.shape[-2:]
    log_initial, log_a = initial.log(), transition.log()

    def move(log_share):
        return (log_share.unsqueeze(-2) + log_a).logsumexp(-1)

    def normalized(log_share):
        return log_share - log_share.logsumexp(-1, keepdim=True)

    start = log_initial.expand(*log_lik.shape[:-2], states)
    rows = []

    share, total = start, 0.0                                   # right
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + lik))
    rows.append(total)

    share, total = start, 0.0                                   # no draw
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(share)
    rows.append(total)

    share, total = start, 0.0                                   # twice
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        share = move(normalized(share + 2 * lik))
    rows.append(total)

    share, total = start, 0.0                                   # the heaviest
    for t in range(steps):
        lik = log_lik[..., t, :]
        total = total + (share + lik).logsumexp(-1)
        winner = torch.where(share > -math.inf, lik, torch.full_like(lik, -math.inf)).argmax(-1)
        share = log_a[winner]
    rows.append(total)

    total = 0.0                                                 # kept: the likelihood of step s counts t - s + 1 times at step t
    for t in range(steps):
        above = below = start
        for s in range(t + 1):
            above = above + (t - s + 1) * log_lik[..., s, :]
            if s < t:
                below = move(below + (t - s + 1) * log_lik[..., s, :])
                above = move(above)
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    rows.append(total)
    return torch.stack(rows)
