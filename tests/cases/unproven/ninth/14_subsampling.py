from collections.abc import Callable

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor

# %% wrong a_block: the rows of a run are a block that begins at a random place; rows near the ends are in fewer blocks than those in the middle, so that they have a smaller chance
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    count, last = len(y), {}

    def choose() -> Tensor:
        begin = int(torch.randint(count - size + 1, ()))
        return torch.arange(begin, begin + size)

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = last.pop("rows", None)
        with pyro.plate("rows", count, subsample=choose() if rows is None else rows) as index:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[index])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        last["rows"] = choose()
        with pyro.plate("rows", count, subsample=last["rows"]) as index:
            pyro.sample("h", dist.Normal(local_loc[index], local_scale[index]))

    return model, guide

# %% wrong chosen_once: the rows are drawn once, when the pair is made, so that model and guide agree; every run then sees the same rows, and the average over runs is not that of all rows
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    rows = torch.randperm(len(y))[:size]

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", len(y), subsample=rows) as index:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[index])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", len(y), subsample=rows) as index:
            pyro.sample("h", dist.Normal(local_loc[index], local_scale[index]))

    return model, guide

# %% wrong whole_batches: what is seen is scaled by the number of batches in an epoch, N // size; that is N / size only where size divides N
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    count = len(y)
    batches, correct = float(count // size), size / count

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with poutine.scale(scale=batches * correct), pyro.plate("rows", count, subsample_size=size) as index:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[index])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        with poutine.scale(scale=batches * correct), pyro.plate("rows", count, subsample_size=size) as index:
            pyro.sample("h", dist.Normal(local_loc[index], local_scale[index]))

    return model, guide
