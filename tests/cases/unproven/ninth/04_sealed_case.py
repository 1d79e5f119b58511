import torch
from torch import Tensor


def _largest_fall(bound: Tensor) -> Tensor:
    return (bound[:, :-1] - bound[:, 1:]).max(-1).values


def _named(stale: int, frozen: int) -> list[str]:
    names = ["right"] * 3
    names[stale], names[frozen] = "stale", "frozen weights"
    return names


def _round(x: Tensor, w: Tensor, rates: Tensor) -> tuple[Tensor, Tensor]:
    r = (w.log() + x[:, None] * rates.log() - rates).softmax(-1)
    return r.mean(0), (r * x[:, None]).sum(0) / r.sum(0)


# %% wrong even_weights_look_frozen: finds the stale one by its fall, and calls that of the others frozen whose weights are nearer to one half each, as if every program began there
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    stale = int(_largest_fall(bound).argmax())
    rest = [i for i in range(3) if i != stale]
    return _named(stale, min(rest, key=lambda i: float((weights[i, 0] - 0.5).abs())))


# %% wrong watches_the_rates_move: takes one honest round from where each rests and calls frozen whose rates move most; but the frozen program has updated its rates rightly, and they do not move
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    stale = int(_largest_fall(bound).argmax())
    rest = [i for i in range(3) if i != stale]

    def moved(i):
        return float((_round(x[i].to(rates.dtype), weights[i], rates[i])[1] - rates[i]).abs().max())

    return _named(stale, max(rest, key=moved))


# %% wrong slowest_is_stale: finds the frozen one rightly by the weights of an honest round, and calls the slower of the two others stale; but an honest program may take half steps
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    moved = [float((_round(x[i].to(rates.dtype), weights[i], rates[i])[0] - weights[i]).abs().max()) for i in range(3)]
    frozen = max(range(3), key=lambda i: moved[i])
    rest = [i for i in range(3) if i != frozen]

    def rounds(i):
        gap = (bound[i, -1] - bound[i]).abs()
        return int((gap > 1e-3 * gap[0].clamp_min(1e-12)).sum())

    return _named(max(rest, key=rounds), frozen)
