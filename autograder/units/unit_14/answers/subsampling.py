# %% right subsample_size: Pyro draws the rows, in plates of one name.
import pyro
import pyro.distributions as dist


def subsampled(y, size, loc, scale, local_loc, local_scale):
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", len(y), subsample_size=size) as rows:
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", len(y), subsample_size=size) as rows:
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide


# %% right own_rows: The guide draws the rows, and leaves them for the model.
import pyro
import pyro.distributions as dist
import torch


class Pair:
    def __init__(self, y, size, loc, scale, local_loc, local_scale):
        self.y, self.size, self.q = y, size, (loc, scale)
        self.local = local_loc, local_scale

    def guide(self):
        self.rows = torch.randperm(len(self.y))[: self.size]
        pyro.sample("z", dist.Normal(*self.q))
        with pyro.plate("some", len(self.y), subsample=self.rows):
            pyro.sample("h", dist.Normal(self.local[0][self.rows], self.local[1][self.rows]))

    def model(self):
        z = pyro.sample("z", dist.Normal(0, 2))
        with pyro.plate("some", len(self.y), subsample=self.rows):
            h = pyro.sample("h", dist.Normal(z, 1))
            pyro.sample("y", dist.Normal(h, 0.5), obs=self.y[self.rows])


def subsampled(y, size, loc, scale, local_loc, local_scale):
    pair = Pair(y, size, loc, scale, local_loc, local_scale)
    return pair.model, pair.guide


# %% right by_scale: No subsampling plate: a plate of the batch, and poutine.scale by hand; the rows are drawn by Pyro in a site.
import pyro
import pyro.distributions as dist
from pyro import poutine


def subsampled(y, size, loc, scale, local_loc, local_scale):
    total = len(y)

    def chosen():
        return pyro.plate("choice", total, subsample_size=size)

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        rows = chosen().indices
        with poutine.scale(scale=total / size), pyro.plate("batch", size):
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        rows = chosen().indices
        pyro.sample("z", dist.Normal(loc, scale))
        with poutine.scale(scale=total / size), pyro.plate("batch", size):
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return [model, guide]


# %% wrong no_scale, from right by_scale: The rows that are seen count once.
# diagnosis: not_scaled
#-         with poutine.scale(scale=total / size), pyro.plate("batch", size):
#-             h = pyro.sample("h", dist.Normal(z, 1.0))
#+         with pyro.plate("batch", size):
#+             h = pyro.sample("h", dist.Normal(z, 1.0))


# %% wrong guide_unscaled, from right by_scale: The model is scaled, the guide is not.
# diagnosis: not_scaled
#-         with poutine.scale(scale=total / size), pyro.plate("batch", size):
#-             pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))
#+         with pyro.plate("batch", size):
#+             pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))


# %% wrong twice, from right subsample_size: The plate scales, and so does the model.
# diagnosis: scaled_twice
#-         with pyro.plate("rows", len(y), subsample_size=size) as rows:
#-             h = pyro.sample("h", dist.Normal(z, 1.0))
#-             pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])
#+         with pyro.poutine.scale(scale=len(y) / size), pyro.plate("rows", len(y), subsample_size=size) as rows:
#+             h = pyro.sample("h", dist.Normal(z, 1.0))
#+             pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])


# %% wrong everything_scaled, from right by_scale: The global latent is scaled as well.
# diagnosis: all_scaled
#-         z = pyro.sample("z", dist.Normal(0.0, 2.0))
#+         with poutine.scale(scale=total / size):
#+             z = pyro.sample("z", dist.Normal(0.0, 2.0))


# %% wrong only_data, from right by_scale: Data are scaled, their latents are not.
# diagnosis: local_not_scaled
#-         with poutine.scale(scale=total / size), pyro.plate("batch", size):
#-             h = pyro.sample("h", dist.Normal(z, 1.0))
#-             pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])
#+         with pyro.plate("batch", size):
#+             h = pyro.sample("h", dist.Normal(z, 1.0))
#+             with poutine.scale(scale=total / size):
#+                 pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])


# %% wrong first_rows, from right own_rows: Always the first rows.
# diagnosis: unfair
#-         self.rows = torch.randperm(len(self.y))[: self.size]
#+         self.rows = torch.arange(len(self.y))[: self.size]


# %% wrong drawn_once, from right own_rows: The rows are drawn once, not in every run.
# diagnosis: unfair
#-         self.local = local_loc, local_scale
#+         self.local = local_loc, local_scale
#+         self.rows = torch.randperm(len(self.y))[: self.size]
#@@
#-         self.rows = torch.randperm(len(self.y))[: self.size]
#-         pyro.sample("z", dist.Normal(*self.q))
#+         pyro.sample("z", dist.Normal(*self.q))


# %% wrong others_in_the_guide, from right own_rows: The guide looks at rows of its own.
# diagnosis: described or value
#-             pyro.sample("h", dist.Normal(self.local[0][self.rows], self.local[1][self.rows]))
#+             rows = torch.randperm(len(self.y))[: self.size]
#+             pyro.sample("h", dist.Normal(self.local[0][rows], self.local[1][rows]))


# %% wrong with_replacement, from right own_rows: A row may come twice.
# diagnosis: replacement
#-         self.rows = torch.randperm(len(self.y))[: self.size]
#+         self.rows = torch.randint(len(self.y), (self.size,))


# %% wrong never_the_last, from right own_rows: The last row is never seen.
# diagnosis: unfair
#-         self.rows = torch.randperm(len(self.y))[: self.size]
#+         self.rows = torch.randperm(max(len(self.y) - 1, self.size))[: self.size]


# %% wrong batch_is_all, from right subsample_size: The plate is said to have as many rows as are seen.
# diagnosis: unfair or not_scaled
#-         with pyro.plate("rows", len(y), subsample_size=size) as rows:
#-             h = pyro.sample("h", dist.Normal(z, 1.0))
#+         with pyro.plate("rows", size) as rows:
#+             h = pyro.sample("h", dist.Normal(z, 1.0))
#@@
#-         with pyro.plate("rows", len(y), subsample_size=size) as rows:
#-             pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))
#+         with pyro.plate("rows", size) as rows:
#+             pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))


# %% wrong all_rows, from right subsample_size: All rows are seen, whatever the size.
# diagnosis: batch_size
#-         with pyro.plate("rows", len(y), subsample_size=size) as rows:
#-             h = pyro.sample("h", dist.Normal(z, 1.0))
#+         with pyro.plate("rows", len(y)) as rows:
#+             h = pyro.sample("h", dist.Normal(z, 1.0))
#@@
#-         with pyro.plate("rows", len(y), subsample_size=size) as rows:
#-             pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))
#+         with pyro.plate("rows", len(y)) as rows:
#+             pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))


# %% wrong noise_variance, from right subsample_size: The variance of the noise where a scale belongs.
# diagnosis: value
#-             pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])
#+             pyro.sample("y", dist.Normal(h, 0.25), obs=y[rows])
