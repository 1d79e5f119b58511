import torch
import math
import pyro
import pyro.distributions as dist
from pyro import poutine

# %% right plates: two plates of one name with subsample_size
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", n, subsample_size=size) as rows:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", n, subsample_size=size) as rows:
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% right by_pyro_subsample: one helper for both, pyro.subsample picks the rows
def subsampled(y, size, loc, scale, local_loc, local_scale):
    def part():
        return pyro.plate("data", y.shape[0], size, dim=-1)

    def model():
        z = pyro.sample("z", dist.Normal(torch.zeros_like(y[0]), 2 * torch.ones_like(y[0])))
        with part():
            seen = pyro.subsample(y, event_dim=0)
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=seen)

    def guide():
        with part():
            pyro.sample("h", dist.Normal(pyro.subsample(local_loc, event_dim=0), pyro.subsample(local_scale, event_dim=0)))
        pyro.sample("z", dist.Normal(loc, scale))

    return model, guide

# %% right by_scale: rows by the order of N uniforms (a site of log-density 0, replayed), and poutine.scale by hand
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% right by_subsample_argument: rows from a site of uniforms, handed to the plate as subsample
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with pyro.plate("rows", n, subsample=rows):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with pyro.plate("rows", n, subsample=rows):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong unscaled: few rows taken for all: a plate of `size` rows, nothing is scaled up; right only at size = N
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong guide_unscaled: the model is scaled up and the guide is not: its plate has `size` rows
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong drawn_once: rows drawn once when the pair is made: all runs look at the same rows, a biased choice
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)
    chosen = torch.randperm(n)[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", n, subsample=chosen) as rows:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", n, subsample=chosen) as rows:
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong with_repeats: rows drawn with replacement: the same row may be seen twice (unbiased, but the rows must be different)
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([size]).to_event(1))
        return (order * n).long()

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong block_of_rows: a block of neighbours at a random start that does not wrap: rows at the edges are seen less often
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0))
        return torch.arange(size) + (order * (n - size + 1)).long()

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong z_in_plate: z stands in the scope of the scale, its terms are scaled up as the rows' are
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        with poutine.scale(scale=n / size):
            z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        with poutine.scale(scale=n / size):
            pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with poutine.scale(scale=n / size), pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong whole_factor: scaled by N // size, a whole number: right if size divides N
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with poutine.scale(scale=n // size), pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with poutine.scale(scale=n // size), pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong only_data: only the likelihood is scaled up, the rows' latents are not, in model and guide
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def choose():
        order = pyro.sample("order", dist.Uniform(0.0, 1.0).expand([n]).to_event(1))
        return order.argsort()[:size]

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = choose()
        with pyro.plate("rows", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            with poutine.scale(scale=n / size):
                pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        rows = choose()
        with pyro.plate("rows", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong first_numbers: guide takes the first `size` entries of its numbers, whichever rows are seen
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", n, subsample_size=size) as rows:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", n, subsample_size=size) as rows:
            pyro.sample("h", dist.Normal(local_loc[:size], local_scale[:size]))

    return model, guide

# %% right last_run: rows kept in a closure; the plate's site is replayed all the same, so that the model follows any trace
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)
    last = {"rows": torch.randperm(n)[:size]}

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", n, subsample=last["rows"]) as rows:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        last["rows"] = torch.randperm(n)[:size]
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", n, subsample=last["rows"]) as rows:
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide

# %% wrong seeded_rows: the choice of rows is seeded for reproducibility: every run looks at the same rows and draws the same z
def subsampled(y, size, loc, scale, local_loc, local_scale):
    n = len(y)

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", n, subsample_size=size) as rows:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.set_rng_seed(0)
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", n, subsample_size=size) as rows:
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide
