# %% right fall_then_slope: Whose bound falls most is stale; of the other two, whose weights are not its mean responsibilities is frozen.
import torch


def name_them(bound, x, weights, rates):
    falls = -(bound[:, 1:] - bound[:, :-1]).min(1).values
    log_joint = weights.log()[:, None] + x[..., None] * rates.log()[:, None] - rates[:, None]
    r = torch.softmax(log_joint, -1)
    off = (r.mean(1) - weights).abs().max(-1).values
    names = ["right"] * 3
    stale = int(falls.argmax())
    names[stale] = "stale"
    off[stale] = -1.0
    names[int(off.argmax())] = "frozen weights"
    return names


# %% right slope_by_autograd: The slope of log p in the logit of the first weight, for each; then the fall.
import torch


def name_them(bound, x, weights, rates):
    names = []
    for i in range(3):
        logit = torch.logit(weights[i, 0]).clone().requires_grad_()
        log_w = torch.stack([torch.nn.functional.logsigmoid(logit), torch.nn.functional.logsigmoid(-logit)])
        law = torch.distributions.Poisson(rates[i])
        log_p = torch.logsumexp(log_w + law.log_prob(x[i][:, None]), -1).sum()
        (slope,) = torch.autograd.grad(log_p, logit)
        if bool((bound[i].diff() < -1e-3).any()):
            names.append("stale")
        else:
            names.append("frozen weights" if abs(float(slope)) > 0.1 else "right")
    return tuple(names)


# %% right by_loops: Bayes' rule datum by datum in plain Python, and the fall by a loop over rounds.
import math


def name_them(bound, x, weights, rates):
    names = []
    for i in range(3):
        path = [float(value) for value in bound[i]]
        w, rate = weights[i].tolist(), rates[i].tolist()
        share = 0.0
        for value in x[i].tolist():
            first, second = (a * math.exp(value * math.log(b) - b) for a, b in zip(w, rate))
            share += first / (first + second) / len(x[i])
        if any(after < before - 1e-3 for before, after in zip(path, path[1:])):
            names.append("stale")
        elif abs(share - w[0]) > 1e-3:
            names.append("frozen weights")
        else:
            names.append("right")
    return names


# %% wrong lowest_is_frozen, from right fall_then_slope: Of the two that climb the lower bound is called frozen, though the data differ.
# diagnosis: frozen_weights_for_right
#-     names[int(off.argmax())] = "frozen weights"
#+     last = bound[:, -1].clone()
#+     last[stale] = float("inf")
#+     names[int(last.argmin())] = "frozen weights"


# %% wrong slower_is_frozen, from right fall_then_slope: Of the two that climb the slower one is called frozen.
# diagnosis: frozen_weights_for_right
#-     names[int(off.argmax())] = "frozen weights"
#+     rounds = (bound < bound[:, -1:] - 1e-6).sum(1)
#+     rounds[stale] = -1
#+     names[int(rounds.argmax())] = "frozen weights"


# %% wrong slope_in_rates, from right fall_then_slope: The rates are asked whether they rest, and they rest in all three.
# diagnosis: frozen_weights_for_right
#-     off = (r.mean(1) - weights).abs().max(-1).values
#+     off = ((r * x[..., None]).sum(1) / r.sum(1) - rates).abs().max(-1).values.round(decimals=4)


# %% wrong fall_is_frozen, from right fall_then_slope: The bound that falls is blamed on the weights, and the slope on the responsibilities.
# diagnosis: frozen_weights_for_stale
#-     names[stale] = "stale"
#+     names[stale] = "frozen weights"
#@@
#-     names[int(off.argmax())] = "frozen weights"
#+     names[int(off.argmax())] = "stale"


# %% wrong smallest_climb_is_stale, from right fall_then_slope: Whoever gains least over all rounds is called stale.
# diagnosis: property
#-     stale = int(falls.argmax())
#+     stale = int((bound[:, -1] - bound[:, 0]).argmin())


# %% wrong as_they_come, from right fall_then_slope: The order in which the statement lists them is taken for theirs.
# diagnosis: always_the_same
#-     return names
#+     return ["right", "stale", "frozen weights"]


# %% wrong one_name_twice, from right fall_then_slope: All that climb are called right.
# diagnosis: form
#-     names[int(off.argmax())] = "frozen weights"


# %% wrong places_not_names, from right fall_then_slope: The numbers of the programs are returned, and not the names.
# diagnosis: form
#-     return names
#+     return [stale, int(off.argmax()), 0]


# %% wrong programs_by_name, from right fall_then_slope: For each name the place of its program is found, and the names are put in that order.
# diagnosis: property
#-     return names
#+     order = ["right", "stale", "frozen weights"]
#+     return [order[names.index(name)] for name in order]
