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


# %% wrong absolute, from right torch: You took the absolute value. The sign says on which side the estimate errs: keep it.
# diagnosis: absolute
#-     return mean, error, (mean - exact) / error
#+     return mean, error, (mean - exact).abs() / error


# %% wrong axis, from right torch: You averaged over the last axis. Replicates come first: axis 0.
# diagnosis: wrong_axis
def z_score(samples, exact):
    mean = samples.mean(-1)
    error = samples.std(-1) / samples.shape[-1] ** 0.5
    return mean, error, error


# %% wrong biased, from right torch: You divided the sum of squares by R. The mean was estimated from the same numbers: divide by R - 1.
# diagnosis: biased_variance
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0, correction=0) / len(samples) ** 0.5


# %% wrong divided_by_r, from right torch: You divided the standard deviation by R instead of its root.
# diagnosis: divided_by_r
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0) / len(samples)


# %% wrong over_everything, from right torch: You averaged over all numbers. Each column is a quantity of its own: average over axis 0.
# diagnosis: over_everything
#-     mean = samples.mean(0)
#+     mean = samples.mean()


# %% wrong relative, from right torch: This is a relative error. How large it may be depends on the noise: divide by the standard error.
# diagnosis: relative_error
#-     return mean, error, (mean - exact) / error
#+     return mean, error, (mean - exact) / exact


# %% wrong sign, from right torch: The sign is turned: z is positive when the mean is too large.
# diagnosis: sign
#-     return mean, error, (mean - exact) / error
#+     return mean, error, (exact - mean) / error


# %% wrong standard_deviation, from right torch: This is the standard deviation of one replicate.
# diagnosis: standard_deviation
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0)


# %% wrong variance_of_mean, from right torch: This is the variance of the mean. Its root is the standard error.
# diagnosis: variance_of_mean
#-     error = samples.std(0) / len(samples) ** 0.5
#-     return mean, error, (mean - exact) / error
#+     error = samples.var(0) / len(samples)
#+     return mean, error, (mean - exact) / error**0.5
