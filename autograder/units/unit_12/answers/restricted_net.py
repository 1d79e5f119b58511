# %% right bisected: The slope of the mean log-probability, whose zero is bracketed; least squares in closed form.
import torch


def three_targets(joint, h, data):
    chance, posterior = joint.sum(-1), joint[:, 1] / joint.sum(-1)

    def best(weights):
        low, high = torch.zeros(()).double(), 1 / h.max()
        for _ in range(80):
            phi = (low + high) / 2
            slope = (weights * (posterior - phi * h) / (phi * (1 - phi * h))).sum()
            low, high = (phi, high) if slope > 0 else (low, phi)
        return phi

    squares = (chance * h * posterior).sum() / (chance * h * h).sum()
    return best(chance), squares, best(data)


# %% right scipy: Both objectives are minimized by a library.
import numpy as np
from scipy.optimize import minimize_scalar


def three_targets(joint, h, data):
    joint, h, data = joint.numpy(), h.numpy(), data.numpy()
    chance = joint.sum(1)
    posterior = joint[:, 1] / chance
    options = {"method": "bounded", "bounds": (1e-9, (1 - 1e-9) / h.max()), "options": {"xatol": 1e-13}}

    def cross_entropy(phi, weights):
        return -(weights * (posterior * np.log(phi * h) + (1 - posterior) * np.log1p(-phi * h))).sum()

    def newton(phi, weights):
        for _ in range(5):
            slope = (weights * (posterior / phi - (1 - posterior) * h / (1 - phi * h))).sum()
            curve = (weights * (posterior / phi**2 + (1 - posterior) * h**2 / (1 - phi * h) ** 2)).sum()
            phi += slope / curve
        return phi

    found = [newton(minimize_scalar(cross_entropy, args=(w,), **options).x, w) for w in (chance, data)]
    squares = np.average(posterior / h, weights=chance * h**2)
    return [found[0], squares, found[1]]


# %% right loops: Plain numbers, loops over x, and a bracket.
def three_targets(joint, h, data):
    table, h, data = joint.tolist(), h.tolist(), data.tolist()

    def slope(phi, at_data):
        total = 0.0
        for (zero, one), height, weight in zip(table, h, data):
            scale = weight / (zero + one) if at_data else 1.0
            total += scale * (one / phi - zero * height / (1 - phi * height))
        return total

    def solve(at_data):
        low, high = 0.0, 1.0 / max(h)
        while high - low > 1e-15 * high:
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            if slope(middle, at_data) > 0:
                low = middle
            else:
                high = middle
        return low

    above = sum(one * height for (zero, one), height in zip(table, h))
    below = sum((zero + one) * height**2 for (zero, one), height in zip(table, h))
    return solve(False), above / below, solve(True)


# %% wrong squares_asleep, from right bisected: Least squares for sleep.
# diagnosis: order_swapped
#-     return best(chance), squares, best(data)
#+     return squares, squares, best(data)


# %% wrong dreams_at_data, from right bisected: Dreams for data.
# diagnosis: order_swapped
#-     return best(chance), squares, best(data)
#+     return best(chance), squares, best(chance)


# %% wrong data_in_dreams, from right bisected: Data for dreams.
# diagnosis: order_swapped
#-     return best(chance), squares, best(data)
#+     return best(data), squares, best(data)


# %% wrong even, from right bisected: Every x counts alike.
# diagnosis: even_weights
#-     chance, posterior = joint.sum(-1), joint[:, 1] / joint.sum(-1)
#+     chance, posterior = torch.ones_like(h) / len(h), joint[:, 1] / joint.sum(-1)


# %% wrong moments, from right bisected: The mean of f is set equal to that of z.
# diagnosis: mean_matched
#-             slope = (weights * (posterior - phi * h) / (phi * (1 - phi * h))).sum()
#+             slope = (weights * (posterior - phi * h)).sum()


# %% wrong logit_slope, from right bisected: The slope of the logit is forgotten, as if f were a sigmoid of phi h.
# diagnosis: order_swapped
#-             slope = (weights * (posterior - phi * h) / (phi * (1 - phi * h))).sum()
#+             slope = (weights * h * (posterior - phi * h)).sum()


# %% wrong ratios, from right bisected: The average of what each x would like.
# diagnosis: mean_of_ratios
#-     squares = (chance * h * posterior).sum() / (chance * h * h).sum()
#+     squares = (chance * posterior / h).sum()


# %% wrong few_halvings, from right bisected: Ten halvings are called enough.
# diagnosis: value
#-         for _ in range(80):
#+         for _ in range(10):


# %% wrong ones, from right loops: Only z = 1 has a say.
# diagnosis: value
#-             total += scale * (one / phi - zero * height / (1 - phi * height))
#+             total += scale * one * (1 / phi - height / (1 - phi * height))


# %% wrong zeros_twice, from right loops: p(x, z = 0) is taken for p(x).
# diagnosis: value
#-     below = sum((zero + one) * height**2 for (zero, one), height in zip(table, h))
#+     below = sum(zero * height**2 for (zero, one), height in zip(table, h))
