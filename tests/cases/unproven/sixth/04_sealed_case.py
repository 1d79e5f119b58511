import math

import numpy as np

NAMES = ["right", "stale", "frozen weights"]


def put(right, stale, frozen):
    names = [""] * 3
    names[right], names[stale], names[frozen] = NAMES
    return names


def arrays(*tensors):
    return [np.asarray(each, dtype=float) for each in tensors]


def shares(x, weights, rates):
    """The responsibilities of one program, (N, 2)."""
    log_r = np.log(weights) + x[:, None] * np.log(rates) - rates
    r = np.exp(log_r - log_r.max(1, keepdims=True))
    return r / r.sum(1, keepdims=True)


# %% right falls_then_slope: whoever's bound falls most, in units of its size, is stale; of the others the one whose log p has the larger slope in the logit of a weight has frozen weights
def name_them(bound, x, weights, rates):
    bound, x, weights, rates = arrays(bound, x, weights, rates)
    falls = (np.diff(bound, axis=1) / (1 + abs(bound).max(1, keepdims=True))).min(1)
    stale = int(falls.argmin())
    rest = [i for i in range(3) if i != stale]
    slope = [abs((shares(x[i], weights[i], rates[i])[:, 0] - weights[i, 0]).mean()) for i in range(3)]
    frozen = max(rest, key=lambda i: slope[i])
    return put(3 - stale - frozen, stale, frozen)

# %% right one_honest_round: takes one honest E and M step from where each program rests; whoever's weights move has frozen weights; of the others whoever's path ever falls is stale
def name_them(bound, x, weights, rates):
    bound, x, weights, rates = arrays(bound, x, weights, rates)
    moved = []
    for i in range(3):
        total = [0.0, 0.0]
        for count in x[i]:
            logs = [math.log(weights[i, c]) + count * math.log(rates[i, c]) - rates[i, c] for c in range(2)]
            top = max(logs)
            parts = [math.exp(value - top) for value in logs]
            for c in range(2):
                total[c] += parts[c] / sum(parts)
        moved.append(abs(total[0] / len(x[i]) - weights[i, 0]))
    frozen = max(range(3), key=lambda i: moved[i])
    rest = [i for i in range(3) if i != frozen]
    stale = min(rest, key=lambda i: min(b - a for a, b in zip(bound[i, :-1], bound[i, 1:])))
    return put(3 - stale - frozen, stale, frozen)

# %% wrong printed_order: the order of one case that was opened, whatever comes
def name_them(bound, x, weights, rates):
    return ["right", "stale", "frozen weights"]

# %% wrong last_bound: the highest bound at rest is the right program's, the lowest the frozen one's; the data differ, and so do the levels
def name_them(bound, x, weights, rates):
    order = np.asarray(bound)[:, -1].argsort().tolist()
    return put(order[2], order[1], order[0])

# %% wrong slope_in_rates: finds the stale one by its fall, and looks for the frozen one by the slope of log p in the rates, which is at rest in all three: what is left is rounding
def name_them(bound, x, weights, rates):
    bound, x, weights, rates = arrays(bound, x, weights, rates)
    stale = int(np.diff(bound, axis=1).min(1).argmin())
    slope = []
    for i in range(3):
        r = shares(x[i], weights[i], rates[i])
        slope.append(abs((r * (x[i][:, None] / rates[i] - 1)).sum(0)).max())
    frozen = max((i for i in range(3) if i != stale), key=lambda i: slope[i])
    return put(3 - stale - frozen, stale, frozen)

# %% wrong near_one_half: finds the stale one, and takes for frozen whoever's weights lie nearest to one half, as if every program began there; the starts are not told
def name_them(bound, x, weights, rates):
    bound, weights = np.asarray(bound), np.asarray(weights)
    stale = int(np.diff(bound, axis=1).min(1).argmin())
    frozen = min((i for i in range(3) if i != stale), key=lambda i: abs(float(weights[i, 0]) - 0.5))
    return put(3 - stale - frozen, stale, frozen)

# %% wrong quick_is_frozen: finds the stale one, and takes for frozen whoever of the others comes to rest first, having less to move; half steps make the frozen one slow, and the data decide as well
def name_them(bound, x, weights, rates):
    bound = np.asarray(bound)
    stale = int(np.diff(bound, axis=1).min(1).argmin())
    left = [int((bound[i, -1] - bound[i] > 1e-3).sum()) for i in range(3)]
    frozen = min((i for i in range(3) if i != stale), key=lambda i: left[i])
    return put(3 - stale - frozen, stale, frozen)

# %% wrong slow_is_stale: finds the frozen one by its slope, and takes for stale whoever of the others needs more rounds; old counts delay, but so do half steps
def name_them(bound, x, weights, rates):
    bound, x, weights, rates = arrays(bound, x, weights, rates)
    slope = [abs((shares(x[i], weights[i], rates[i])[:, 0] - weights[i, 0]).mean()) for i in range(3)]
    frozen = int(np.argmax(slope))
    left = [int((abs(bound[i, -1] - bound[i]) > 1e-3).sum()) for i in range(3)]
    stale = max((i for i in range(3) if i != frozen), key=lambda i: left[i])
    return put(3 - stale - frozen, stale, frozen)

# %% wrong turned_round: the fall is taken for the frozen weights and the slope for the stale counts, both faults turned round
def name_them(bound, x, weights, rates):
    bound, x, weights, rates = arrays(bound, x, weights, rates)
    frozen = int(np.diff(bound, axis=1).min(1).argmin())
    slope = [abs((shares(x[i], weights[i], rates[i])[:, 0] - weights[i, 0]).mean()) for i in range(3)]
    stale = max((i for i in range(3) if i != frozen), key=lambda i: slope[i])
    return put(3 - stale - frozen, stale, frozen)

# %% wrong mean_and_weights: finds the stale one, and looks for the frozen one by the mean of the data, which the mixture's mean must match at rest; a true sign, but the tolerance of one tenth was typed in from one case, and many frozen ones miss by less
def name_them(bound, x, weights, rates):
    bound, x, weights, rates = arrays(bound, x, weights, rates)
    stale = int(np.diff(bound, axis=1).min(1).argmin())
    rest = [i for i in range(3) if i != stale]
    off = [abs((weights[i] * rates[i]).sum() - x[i].mean()) for i in range(3)]
    frozen = rest[0] if off[rest[0]] > 0.1 else rest[1]
    return put(3 - stale - frozen, stale, frozen)
