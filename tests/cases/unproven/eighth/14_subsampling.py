from collections.abc import Callable

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor

# %% right pyro_subsample: one plate of the same name in both programs, and pyro.subsample for every tensor that has a row for each row of data
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    def some_rows():
        return pyro.plate("rows", len(y), subsample_size=size, dim=-1)

    def model() -> None:
        z = pyro.sample("z", dist.Normal(torch.zeros_like(loc), 2.0))
        with some_rows():
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=pyro.subsample(y, event_dim=0))

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        with some_rows():
            pyro.sample("h", dist.Normal(*(pyro.subsample(part, event_dim=0) for part in (local_loc, local_scale))))

    return model, guide


# %% wrong with_replacement: draws row numbers with randint, shared by both programs; unbiased as well, but a row may come twice where different ones are asked
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    chosen = {"rows": torch.randint(len(y), (size,))}

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = chosen["rows"]
        with pyro.plate("rows", len(y), subsample=rows):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        rows = chosen["rows"] = torch.randint(len(y), (size,))
        with pyro.plate("rows", len(y), subsample=rows):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide


# %% wrong neighbours: takes `size` neighbouring rows from a random start, each start equally likely; rows in the middle come more often than those at the ends
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    chosen = {"rows": torch.arange(size)}

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = chosen["rows"]
        with pyro.plate("rows", len(y), subsample=rows):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        rows = chosen["rows"] = torch.randint(len(y) - size + 1, ()) + torch.arange(size)
        with pyro.plate("rows", len(y), subsample=rows):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide


# %% wrong whole_number_of_batches: scales the rows by hand, by how many batches fit into the data, N // size; right where they fit exactly
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    chosen = {"rows": torch.randperm(len(y))[:size]}
    factor = float(len(y) // size)

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = chosen["rows"]
        with pyro.plate("rows", size), poutine.scale(scale=factor):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        rows = chosen["rows"] = torch.randperm(len(y))[:size]
        with pyro.plate("rows", size), poutine.scale(scale=factor):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide


# %% wrong everything_scaled: puts a scale of N over size around whole programs, so that the latent of all rows is scaled up too, in p and in q
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    chosen = {"rows": torch.randperm(len(y))[:size]}

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = chosen["rows"]
        with pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, scale))
        rows = chosen["rows"] = torch.randperm(len(y))[:size]
        with pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return poutine.scale(model, scale=len(y) / size), poutine.scale(guide, scale=len(y) / size)
