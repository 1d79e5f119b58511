# %% right powers: Sums over paths of likelihoods to powers, in logarithms, one forward pass for each.
import torch


def paths(initial, transition, log_lik, powers):
    now = initial.log().expand(*log_lik.shape[:-2], -1)
    for t, power in enumerate(powers):
        if t > 0:
            now = (now.unsqueeze(-1) + transition.log()).logsumexp(-2)
        now = now + power * log_lik[..., t, :]
    return now.logsumexp(-1)


def fault_limits(initial, transition, log_lik):
    T = log_lik.shape[-2]
    rows = [paths(initial, transition, log_lik, [1] * T)]
    for power in (0, 2):
        total = 0.0
        for t in range(T):
            total = total + paths(initial, transition, log_lik, [power] * t + [1]) - paths(initial, transition, log_lik, [power] * t)
        rows.append(total)
    now, total = initial.expand(*log_lik.shape[:-2], -1), 0.0
    for t in range(T):
        here = log_lik[..., t, :]
        total = total + (now.log() + here).logsumexp(-1)
        now = transition[here.masked_fill(now == 0, -torch.inf).argmax(-1)]
    rows.append(total)
    total = 0.0
    for t in range(1, T + 1):
        powers = [t - u for u in range(t)]
        total = total + paths(initial, transition, log_lik, powers) - paths(initial, transition, log_lik, powers[:-1])
    return torch.stack([*rows, total])


# %% right whole_paths: Every path of states written out: its chance, its particles and its weight; NumPy.
import itertools

import numpy as np


def log_mean(log_share, log_value):
    both = log_share + log_value
    top = both.max()
    return top + np.log(np.exp(both - top).sum())


def fault_limits(initial, transition, log_lik):
    initial, transition, log_lik = (part.numpy() for part in (initial, transition, log_lik))
    T, S = log_lik.shape[-2:]
    answers = []
    for series in log_lik.reshape(-1, T, S):
        totals = np.zeros(5)
        for fault in range(5):
            share = {(k,): np.log(initial[k]) for k in range(S) if initial[k] > 0}      # log share of the particles
            carried = {path: 0.0 for path in share}                                     # log of what each weighs
            for t in range(T):
                log_share = np.array(list(share.values()))
                before = np.array([carried[path] for path in share])
                after = before + np.array([series[t, path[-1]] for path in share])
                totals[fault] += log_mean(log_share, after) - log_mean(log_share, before)
                if fault == 1:
                    new, weights = log_share, 0 * after
                elif fault == 2:
                    new, weights = log_share + 2 * after, 0 * after
                elif fault == 3:
                    heavy = after >= after.max() - 1e-9
                    new, weights = np.where(heavy, log_share, -np.inf), 0 * after
                elif fault == 4:
                    new, weights = log_share + after, after
                else:
                    new, weights = log_share + after, 0 * after
                new = new - log_mean(new, 0.0)
                following, bring = {}, {}
                for path, one, weight in zip(list(share), new, weights):
                    if one == -np.inf:
                        continue
                    for k in range(S):
                        if transition[path[-1], k] > 0:
                            name = (*path, k) if fault == 4 else (k,)
                            value = one + np.log(transition[path[-1], k])
                            following[name] = np.logaddexp(following.get(name, -np.inf), value)
                            bring[name] = weight
                share, carried = following, bring
        answers.append(totals)
    return np.array(answers).T.reshape(5, *log_lik.shape[:-2])


# %% right layers: Particles are sorted by where they are and how often each likelihood has counted; one recursion for all faults.
import torch


def forward(initial, transition, log_lik, weight_of):
    """Sum over t of log E[w alpha_t] - log E[w], where ``weight_of(u, t)`` is the pair of powers of likelihood u in share and weight."""
    total, T = 0.0, log_lik.shape[-2]
    for t in range(T):
        pair = []
        for extra in (1, 0):
            now = torch.log(initial) + 0 * log_lik[..., 0, :]
            for u in range(t + 1):
                if u:
                    now = torch.logsumexp(now[..., :, None] + torch.log(transition), -2)
                now = now + (weight_of(u, t) if u < t else extra) * log_lik[..., u, :]
            pair.append(torch.logsumexp(now, -1))
        total = total + pair[0] - pair[1]
    return total


def fault_limits(initial, transition, log_lik):
    rows = [forward(initial, transition, log_lik, rule)
            for rule in (lambda u, t: 1, lambda u, t: 0, lambda u, t: 2, lambda u, t: t - u + 1)]
    flat = log_lik.reshape(-1, *log_lik.shape[-2:])
    heavy = []
    for series in flat:
        chance, total = initial, 0.0
        for here in series:
            alive = chance > 0
            total += torch.logsumexp(chance[alive].log() + here[alive], 0).item()
            best = max((k for k in range(len(chance)) if alive[k]), key=lambda k: here[k].item())
            chance = transition[best]
        heavy.append(total)
    return [*rows[:3], torch.tensor(heavy, dtype=log_lik.dtype).reshape(log_lik.shape[:-2]), rows[3]]


# %% wrong counted_twice, from right powers: A kept weight counts each likelihood twice, once and for all.
# diagnosis: counted_twice
#-         powers = [t - u for u in range(t)]
#+         powers = [2] * (t - 1) + [1]


# %% wrong memory, from right powers: A kept weight is the last step's alone.
# diagnosis: counted_twice
#-     for t in range(1, T + 1):
#-         powers = [t - u for u in range(t)]
#-         total = total + paths(initial, transition, log_lik, powers) - paths(initial, transition, log_lik, powers[:-1])
#+     now = initial.log().expand(*log_lik.shape[:-2], -1)
#+     for t in range(T):
#+         if t > 0:
#+             now = (now + log_lik[..., t - 1, :]).log_softmax(-1)
#+             now = (now.unsqueeze(-1) + transition.log()).logsumexp(-2)
#+         now = now + log_lik[..., t, :]
#+         total = total + now.logsumexp(-1)
#+         now = now.log_softmax(-1)


# %% wrong own_sum, from right powers: The sum of the weights that are brought along is forgotten.
# diagnosis: own_sum_lost
#-         total = total + paths(initial, transition, log_lik, powers) - paths(initial, transition, log_lik, powers[:-1])
#+         total = total + paths(initial, transition, log_lik, powers)


# %% wrong not_reached, from right powers: The heaviest of all states, also of those that nobody can be in.
# diagnosis: not_reached
#-         now = transition[here.masked_fill(now == 0, -torch.inf).argmax(-1)]
#+         now = transition[here.argmax(-1)]


# %% wrong heaviest_in_all, from right powers: The most probable state of the filter, not the heaviest particle.
# diagnosis: heaviest_in_all
#-         now = transition[here.masked_fill(now == 0, -torch.inf).argmax(-1)]
#+         now = transition[(now.log() + here).argmax(-1)]


# %% wrong rows, from right powers: The second and the third row in each other's place.
# diagnosis: another_row
#-     for power in (0, 2):
#+     for power in (2, 0):


# %% wrong transposed, from right powers: The table of moves is read by columns.
# diagnosis: transposed
#-             now = (now.unsqueeze(-1) + transition.log()).logsumexp(-2)
#+             now = (now.unsqueeze(-1) + transition.T.log()).logsumexp(-2)


# %% wrong cubed, from right powers: Once as a weight and twice as a chance: three times.
# diagnosis: cubed
#-     for power in (0, 2):
#+     for power in (0, 3):


# %% wrong all_right, from right powers: Faults are noise, and vanish with more particles: every row is the evidence.
# diagnosis: another_row
#-     return torch.stack([*rows, total])
#+     return torch.stack([rows[0]] * 5)


# %% wrong no_logs, from right powers: Likelihoods as plain numbers: they underflow.
# diagnosis: not_finite
#-     return torch.stack([*rows, total])
#+     return torch.stack([*rows, total]).exp().log()
