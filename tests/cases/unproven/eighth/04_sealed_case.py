import torch
from torch import Tensor

# %% right slope_by_functional_grad: the stale one by the deepest fall of its bound; of the rest the frozen one by the slope of log p in the logit of a weight, from torch.func.grad and torch's own mixture
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    from torch.distributions import Categorical, MixtureSameFamily, Poisson

    def log_p(logit, row, rate):
        logits = torch.stack((logit, torch.zeros_like(logit)))
        return MixtureSameFamily(Categorical(logits=logits, validate_args=False), Poisson(rate, validate_args=False), validate_args=False).log_prob(row).mean()

    with torch.enable_grad():
        slopes = [abs(float(torch.func.grad(log_p)(w[0].log() - w[1].log(), row, rate))) for w, row, rate in zip(weights, x.to(rates.dtype), rates)]
    falls = [float(path.diff().min()) for path in bound]
    stale = min(range(3), key=falls.__getitem__)
    frozen = max((i for i in range(3) if i != stale), key=slopes.__getitem__)
    return ["stale" if i == stale else "frozen weights" if i == frozen else "right" for i in range(3)]

# %% wrong tolerant_of_falls: only falls of more than a thousandth count as falls, the rest is "rounding"; where no path falls so far the slowest to settle is called stale
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    steps = bound.diff(dim=-1)
    fallen = steps.amin(-1)
    settling = (steps.abs() > 1e-3).sum(-1)
    stale = int(fallen.argmin()) if fallen.min() < -1e-3 else int(settling.argmax())
    joint = weights.log()[:, None] + x[..., None] * rates.log()[:, None] - rates[:, None]
    moved = (joint.softmax(-1).mean(1) - weights).abs().amax(-1)
    moved[stale] = -1
    frozen = int(moved.argmax())
    return ["stale" if i == stale else "frozen weights" if i == frozen else "right" for i in range(3)]

# %% wrong first_step_decides: looks for the fall in the first round alone, where a wrong divisor is at its worst; but the path may fall later, and climb at first
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    stale = int(((bound[:, 1] - bound[:, 0]) / bound[:, 0].abs()).argmin())
    joint = weights.log()[:, None] + x[..., None] * rates.log()[:, None] - rates[:, None]
    moved = (joint.softmax(-1).mean(1) - weights).abs().amax(-1)
    moved[stale] = -1
    frozen = int(moved.argmax())
    return ["stale" if i == stale else "frozen weights" if i == frozen else "right" for i in range(3)]

# %% wrong still_at_one_half: the frozen weights are those nearest to one half, as everybody begins there; a program may begin anywhere, and EM may end at one half
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    stale = int(bound.diff(dim=-1).amin(-1).argmin())
    off = (weights[:, 0] - 0.5).abs()
    off[stale] = 2.0
    frozen = int(off.argmin())
    return ["stale" if i == stale else "frozen weights" if i == frozen else "right" for i in range(3)]

# %% wrong rates_of_one_more_round: takes one honest round more and asks whose rates move, where the weights are what was never moved; at rest nobody's rates do, beyond rounding
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    stale = int(bound.diff(dim=-1).amin(-1).argmin())
    joint = weights.log()[:, None] + x[..., None] * rates.log()[:, None] - rates[:, None]
    r = joint.softmax(-1)
    again = (r * x[..., None]).sum(1) / r.sum(1)
    moved = (again / rates - 1).abs().amax(-1)
    moved[stale] = -1
    frozen = int(moved.argmax())
    return ["stale" if i == stale else "frozen weights" if i == frozen else "right" for i in range(3)]
