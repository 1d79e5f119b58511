# %% [markdown]
# # The gradient laboratory
#
# A page of its own, for [unit 09](09_sticking_the_landing.ipynb) and after. You put a Gaussian q at a distance from the posterior, choose
# what to climb and how to estimate its slope, say what you expect, and see the estimates beside the exact gradient.
#
# Three things are asked of an estimator. Is it right on average (**bias**)? How far does one estimate scatter (**variance**), and does the
# slope stand out of that scatter (**signal to noise**, SNR)? And what does it **cost**? If half the variance costs twice the work, nothing
# is gained, so the number to compare is variance times cost.
#
# Nothing here is taken on trust. On both models the exact K-sample bound and its gradient are known, whatever K and the dimension are, so a
# bias is a difference from the exact slope. It is called one from 4.5 standard errors on.

# %%
from course_vi.laboratory import Settings, laboratory, measure

# %% [markdown]
# ## 1. Choose, predict, measure
#
# - **model**: the toy of the course with its prior mean to learn, $z \sim N(\theta, I)$, $x \mid z \sim N(z, I)$ at $\theta = 0$, $x = (2, \dots, 2)$;
#   or two Bernoullis with one latent, whose posterior has no closed form.
# - **mean and sd of q**: relative to the posterior, in its standard deviations. At 0 and 1, q *is* the posterior of the toy.
# - **bound**: the ELBO, IWAE, or a Rényi bound with its $\alpha$, of $K$ samples.
# - **estimator**: the score function; the same with a baseline made of the other samples (leave-one-out for the ELBO, VIMCO for IWAE); the
#   total derivative along the path (*reparametrized*); the path with the score term dropped whatever the bound (*naive landing*), which
#   [sticking the landing](09_sticking_the_landing.ipynb) does for the ELBO alone; and the doubly reparametrized gradient.
#
# A combination that means nothing says why. Without a kernel you see a sheet of snapshots; the course's folder `docs` also holds
# `laboratory.html`, which needs none.

# %%
laboratory()

# %% [markdown]
# ## 2. Things to try
#
# 1. On the toy, put q on the posterior (0 and 1) with the ELBO. Which estimators fall silent, and which go on rattling?
# 2. Stay there, and turn to IWAE with the naive landing. Then widen q a little.
# 3. Off by half a standard deviation, IWAE: raise $K$ from 2 to 64 and follow the SNR of the mean of q for the total derivative, and for
#    the doubly reparametrized one. And the model's own parameter? (The SNR is measured from $R$ estimates. Even where there is no signal,
#    it reads about $R^{-1/2}$: compare a small one with the exact gradient over the spread.)
# 4. Raise the dimension. Whose variance grows, and whose does not?
# 5. Which estimator wins by variance, and which by variance times cost?
#
# ## 3. The same as a call
#
# The sliders call one function; what it returns you can plot, loop over, or doubt.

# %%
one = measure(Settings(shift=0.5, scale=1.2, num_samples=8, estimator="naive landing"))
for name, report in one.gradients.items():
    print(f"{name:10s} exact {report.exact:+.4f}   mean {report.mean:+.4f} ± {report.bias_se:.4f}   {report.finding}")
