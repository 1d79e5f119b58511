# %% right by_hand: Sums of squares by hand.
def z_score(samples, exact):
    count = samples.shape[0]
    mean = samples.sum(0) / count
    variance = ((samples - mean) ** 2).sum(0) / (count - 1)
    error = (variance / count).sqrt()
    return mean, error, (mean - exact) / error


# %% right scipy: SciPy's standard error of the mean.
import torch
from scipy.stats import sem


def z_score(samples, exact):
    mean = samples.mean(0)
    error = torch.as_tensor(sem(samples.numpy(), axis=0))
    return mean, error, (mean - exact) / error


# %% right torch: Torch's std, which divides by R - 1.
def z_score(samples, exact):
    mean = samples.mean(0)
    error = samples.std(0) / len(samples) ** 0.5
    return mean, error, (mean - exact) / error


# %% wrong absolute, from right torch: The absolute value is taken because only the distance seemed to matter. The sign says on which side the estimate errs.
# diagnosis: absolute
#-     return mean, error, (mean - exact) / error
#+     return mean, error, (mean - exact).abs() / error


# %% wrong axis, from right torch: The last axis is reduced, by habit from features; replicates come first.
# diagnosis: wrong_axis
def z_score(samples, exact):
    mean = samples.mean(-1)
    error = samples.std(-1) / samples.shape[-1] ** 0.5
    return mean, error, error


# %% wrong biased, from right torch: The sum of squares is divided by R, as NumPy does by default. The mean took one degree of freedom: R - 1.
# diagnosis: biased_variance
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0, correction=0) / len(samples) ** 0.5


# %% wrong divided_by_r, from right torch: Divided by R and not by its root: the variance of a mean falls like 1 / R, and its standard error like the root of that.
# diagnosis: divided_by_r
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0) / len(samples)


# %% wrong over_everything, from right torch: One mean over all columns, because mean() was given no axis: right for a single quantity.
# diagnosis: over_everything
#-     mean = samples.mean(0)
#+     mean = samples.mean()


# %% wrong relative, from right torch: A relative error, which says how large the error is. Whether it is there depends on the noise.
# diagnosis: relative_error
#-     return mean, error, (mean - exact) / error
#+     return mean, error, (mean - exact) / exact


# %% wrong sign, from right torch: exact minus mean, as one writes a residual: z then says 'too small' of an estimate that is too large.
# diagnosis: sign
#-     return mean, error, (mean - exact) / error
#+     return mean, error, (exact - mean) / error


# %% wrong standard_deviation, from right torch: The scatter of one replicate, and not of the mean of R: no bias would ever be found, however many there are.
# diagnosis: standard_deviation
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0)


# %% wrong variance_of_mean, from right torch: The root is forgotten, so that a variance is returned as a standard error.
# diagnosis: variance_of_mean
#-     error = samples.std(0) / len(samples) ** 0.5
#-     return mean, error, (mean - exact) / error
#+     error = samples.var(0) / len(samples)
#+     return mean, error, (mean - exact) / error**0.5
