# %% [markdown] locked="13_header"
# # Problem set 13: Variational autoencoders
#
# You build a variational autoencoder from its parts, train it, and then do what few people do: ask it questions whose answers are known. By the end you will have
#
# - derived the KL term in closed form and written the objective, value and gradient,
# - trained a model past a stated bound, reproducibly,
# - estimated a test likelihood without bias in p(x), and seen it climb to the exact value,
# - told the active latents from the collapsed ones,
# - completed images of which half is missing, against the exact answer,
# - and **predicted**, from eigenvalues alone, how well a linear autoencoder will fit, which of its latents will collapse, and how active the others will be; then trained it and compared,
# - told three fitted models apart by nothing but the pictures that they generate.
#
# **Time**: about three hours and forty minutes; each exercise says its own. **Read first**: [the lecture](../../lectures/13_variational_autoencoders.ipynb). Exercises 2 and 5 use the first, 3 uses the second, and the measurement after 7 uses 5, 8 uses what 7 taught; the others stand alone, and one that resists
# does not hold up the rest.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random inputs, and says what came, what was expected and which mistake it looks like. Call it as
# often as you like. But for the training of exercise 3 nothing is left to chance: noise is handed to you, and where an average over noise matters the check takes it by quadrature.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Two conventions hold throughout.**
#
# - An **encoder** is a function from images $(*B, D_x)$ to $(*B, 2D)$: the first D numbers are `loc`, the last D are `log_scale`, the logarithm of a *standard deviation*. (Much code you will meet writes log *variances*.
#   Reports call that mistake by name.)
# - A **decoder** is a function from latents $(\dots, D)$ to *logits* $(\dots, D_x)$: pixel i is 1 with probability $\mathrm{sigmoid}(\text{logit}_i)$, independently given z. The prior is $z \sim N(0, I_D)$.
#
# Axes are samples, data, event: noise and z are $(K, *B, D)$, and an answer per datum is $(*B)$.

# %% locked="13_setup"
import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder import check, sealed_case
from autograder.units.unit_13 import targets
from course_vi.data import digits
from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl, sticking_the_landing
from course_vi.learning import fit
from course_vi.models import VAE
from course_vi.nets import mlp
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)
images = digits()


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained(latent_dim: int, seed: int) -> tuple[nn.Module, nn.Module]:
    """An encoder and a decoder by the course's own means, so that no exercise waits for another."""
    p = VAE(latent_dim, 64, 64, seeded(seed))
    q = Amortized(MeanField(latent_dim), mlp(64, 64, 2 * latent_dim, seeded(seed + 1)))
    fit(p, q, images.train, analytic_kl, steps=1500, batch_size=100, seed=seed, progress=False)
    return q.encoder, p.decoder


# %% [markdown]
# ## 1. The divergence from the prior
#
# *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# Half of the objective has a closed form. For one latent with $q = N(m, s^2)$ and the prior $p = N(0, 1)$ derive
#
# $$\mathrm{KL}(q \,\|\, p) = \mathbb E_q\big[\log q(z) - \log p(z)\big],$$
#
# using $\mathbb E_q z^2 = m^2 + s^2$. Return it **for each latent by itself**, $(*B, D)$; nothing is summed yet. It must also survive a posterior so narrow that $s$ is zero in double precision.

# %% exercise="13_kl"
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    """KL(N(loc, exp(log_scale)^2) || N(0, 1)) in nats, coordinate by coordinate.

    loc, log_scale: (*B, D). Returns (*B, D).
    """
    ### BEGIN SOLUTION
    return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
    ### END SOLUTION


# %% check="13_kl"
check("13_kl", kl_to_prior)

# %% [markdown]
# **The figure to aim for** is exact; the second one puts your values on it.

# %%
show(targets.kl_curves(), alt="The divergence of N(m, s squared) from the standard normal over s, for means 0, 1 and 2. Each curve has its lowest point at s = 1, at half the square of the mean.")
with when_written():
    show(targets.kl_curves(kl_to_prior), alt="The same three curves with your values as dots, which should lie on them.")

# %% [markdown]
# <details><summary>The values are right at log_scale = 0 and nowhere else</summary>
#
# There a standard deviation, a variance and their logarithms all look alike. `log_scale` is $\log s$; the variance is $s^2 = e^{2 \log s}$.
#
# </details>
# <details><summary>The report says it is not zero for the prior itself</summary>
#
# With m = 0 and s = 1 the terms in $m^2$ and $\log s$ vanish and $\tfrac12 s^2$ is left. What takes it away? Go back to $\mathbb E_q \log q(z)$.
#
# </details>
# <details><summary>Minus infinity for a very narrow q</summary>
#
# You exponentiate and take a logarithm again. $\log s$ is what you were given: use it as it is.
#
# </details>

# %% [markdown] solution_only="13_kl"
# **Derivation.** $\log q - \log p = -\log s - \tfrac12 \big(\tfrac{z-m}{s}\big)^2 + \tfrac12 z^2$; the $2\pi$ cancel. Under q the middle term is $-\tfrac12$ and $\mathbb E_q z^2 = m^2 + s^2$, so
#
# $$\mathrm{KL} = \tfrac12 (m^2 + s^2 - 1) - \log s .$$
#
# **Notice** where it is flat: at m = 0, s = 1. A latent that carries nothing can sit there for free. And notice the two ways of being expensive: a mean far out costs $m^2/2$, a scale near zero costs $-\log s$. An ordinary autoencoder,
# whose code is a point, has s = 0: an infinite bill.

# %% [markdown]
# ## 2. The objective
#
# *Difficulty* 3/5 · *Importance* 5/5 · 25 minutes
#
# Now the whole:
#
# $$\hat{\mathcal L}(x) = \frac1K \sum_{k=1}^K \log p_\theta(x \mid z_k) - \sum_{d=1}^D \mathrm{KL}\big(q_\phi(z_d \mid x) \,\|\, N(0, 1)\big), \qquad z_k = \mathrm{loc} + e^{\mathrm{log\_scale}} \odot \epsilon_k,$$
#
# with independent bits, $\log p_\theta(x \mid z) = \sum_i x_i \log p_i + (1 - x_i) \log(1 - p_i)$ and $p_i = \mathrm{sigmoid}(\text{logit}_i)$. Return one number per datum, $(*B)$. The check asks for its value and for its gradient in *all* parameters of encoder and
# decoder, and it does not shrink from logits of several hundred.

# %% exercise="13_objective"
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The ELBO, (*B), with the KL in closed form and the reconstruction averaged over the noise.

    encoder: (*B, Dx) -> (*B, 2D), loc then log_scale. decoder: (..., D) -> logits (..., Dx).
    x: (*B, Dx), zeros and ones. eps: (K, *B, D), standard normal.
    """
    ### BEGIN SOLUTION
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return log_likelihood.mean(0) - kl_to_prior(loc, log_scale).sum(-1)
    ### END SOLUTION


# %% check="13_objective"
check("13_objective", vae_objective)

# %% [markdown]
# <details><summary>The value is right, the gradient of the encoder is not</summary>
#
# The encoder is reached on two roads: through z, and through the KL. Is one of them blocked by a `detach`, a `no_grad` or a conversion to plain numbers?
#
# </details>
# <details><summary>The value is far too close to minus the KL</summary>
#
# Look at what you averaged. The log-likelihood of independent pixels is a *sum* over pixels; only samples are averaged. `reduction="none"` leaves the decision to you.
#
# </details>
# <details><summary>Infinite, or slightly off, for confident decoders</summary>
#
# `torch.sigmoid(40.)` is exactly 1 in single precision, and $\log(1 - 1)$ is minus infinity (PyTorch's `binary_cross_entropy` clamps it to -100). Work with logits: `F.logsigmoid`, or `binary_cross_entropy_with_logits`.
#
# </details>

# %% [markdown] solution_only="13_objective"
# **The code** is the formula, four lines of it. `x.expand_as(logits)` matches data $(*B, D_x)$ with samples $(K, *B, D_x)$.
#
# **Why it is right.** $\mathcal L = \mathbb E_q[\log p(x \mid z) + \log p(z) - \log q(z \mid x)]$, and the last two terms are minus the KL, whose expectation you took by hand. The last part of the check averages your value over the noise by quadrature and finds the ELBO.
#
# **Notice** what the encoder is *not* asked to do: nowhere is there a target for it. It climbs the bound of the model.

# %% [markdown]
# ## 3. Training past a bound
#
# *Difficulty* 3/5 · *Importance* 5/5 · 30 minutes
#
# Write the loop: make an encoder and a decoder, draw minibatches and noise, climb your objective. Return `(encoder, decoder)`.
#
# **The bound.** The check trains on 400 binary digits with 4 latents and 300 steps, then computes the ELBO itself on 100 new images. It must exceed **-21.5 nats an image**. For orientation: a coin for every pixel gives $-64 \log 2 = -44.4$, the best *independent* pixels
# about -24.5, and a small network, well trained, reaches about -20.3.
#
# **Reproducible.** Everything random comes from `generator`: initial weights (`mlp(inputs, hidden, outputs, generator)` does that), minibatches (`torch.randperm(n, generator=generator)`) and noise (`torch.randn(..., generator=generator)`). The same seed must give the same networks. Take exactly `steps` gradient steps. Let every image count: in 10 steps any 80 of the 400 must make a difference, and in 211 steps each of 131 must be seen. The check puts the pixels into an order of its own, so that nothing learned before fits. A run that ends near the bound is repeated from
# other seeds, and the mean decides. `x` is in single precision, and may have fewer rows than your batch size.

# %% exercise="13_train"
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """Train an encoder and a decoder on binary images x, (N, Dx), by `steps` gradient steps.

    Returns (encoder, decoder): (*B, Dx) -> (*B, 2 latent_dim), and (..., latent_dim) -> logits (..., Dx).
    """
    ### BEGIN SOLUTION
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator).to(x)
    decoder = mlp(latent_dim, 64, x.shape[-1], generator).to(x)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:100]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator, dtype=x.dtype)
        loss = -vae_objective(encoder, decoder, x[rows], eps).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return encoder, decoder
    ### END SOLUTION


# %% check="13_train"
check("13_train", train_vae)

# %% [markdown]
# <details><summary>"Collapsed": the KL is almost zero</summary>
#
# The encoder has given up telling images apart. Usual reasons: its parameters are not in the optimizer; z was detached; or the reconstruction is a mean over pixels, so that the KL outweighs it 64 to 1.
#
# </details>
# <details><summary>"The same numbers from the same seed" fails</summary>
#
# `nn.Linear` initializes itself from torch's global stream, and `torch.randn_like` and `Normal.rsample` draw from it, too. Name the generator in every draw.
#
# </details>
# <details><summary>It gets better and better in training, and the check says it stops short</summary>
#
# Three hundred steps are few. Plain gradient descent, or Adam with a rate of 0.001, is still on its way when they are over; with one hidden layer of 64 units Adam at 0.01 arrives, with minibatches of 100 as with all rows in every step. And the check looks at *new* images: the bound on your training rows flatters.
#
# </details>

# %% [markdown]
# **See it learn.** All 1,500 training digits, eight latents: images, reconstructions (the decoded `loc`), and pictures decoded from the prior. A good model's last row looks like digits that nobody wrote.

# %%
with when_written():
    encoder, decoder = train_vae(images.train, 8, 1500, seeded(0))
    with torch.no_grad():
        x = images.test[:12]
        again = decoder(encoder(x)[:, :8]).sigmoid()
        dreamt = decoder(torch.randn(12, 8, generator=seeded(1))).sigmoid()
    show(targets.picture_rows([("new images", x), ("decoded from their code", again), ("decoded from the prior", dreamt)], 12),
         alt="Three rows of twelve digits: test images, their reconstructions, which resemble them, and pictures decoded from the prior, most of which look like digits.")

# %% [markdown] solution_only="13_train"
# **The loop** is any training loop; all that is variational sits in the objective. Adam at 0.01 is bold for a deep network and right for this one.
#
# **Notice** the distance between training and new images if you print both: a decoder with four latents has little room to learn images by heart, and the encoder still can. That is why the bound is stated for images that neither has seen.

# %% [markdown]
# ## 4. The test likelihood
#
# *Difficulty* 3/5 · *Importance* 5/5 · 25 minutes
#
# The ELBO is too low by a KL that you do not know. Importance sampling does better: with $z_k \sim q_\phi(z \mid x)$,
#
# $$\hat p(x) = \frac1K \sum_{k=1}^K w_k, \qquad w_k = \frac{p_\theta(x \mid z_k)\, p(z_k)}{q_\phi(z_k \mid x)}, \qquad \log \hat p(x) \text{ is what you return, } (*B).$$
#
# $\hat p(x)$ is unbiased. Its logarithm is not: it lies below on average, less and less as K grows. No closed-form KL can help here: every sample needs its own $\log p(z_k) - \log q(z_k \mid x)$. The check includes images so large that no $w_k$ is a floating-point number.

# %% exercise="13_likelihood"
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The log of the mean importance weight, (*B).

    encoder, decoder, x: as in exercise 2. eps: (K, *B, D), standard normal: z = loc + exp(log_scale) * eps.
    """
    ### BEGIN SOLUTION
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    log_prior = -0.5 * z.square().sum(-1)                                # both densities lack the same constant,
    log_q = -0.5 * eps.square().sum(-1) - log_scale.sum(-1)              # -D/2 log 2 pi: it cancels
    log_w = log_likelihood + log_prior - log_q
    return torch.logsumexp(log_w, 0) - math.log(len(eps))
    ### END SOLUTION


# %% check="13_likelihood"
check("13_likelihood", importance_log_likelihood)

# %% [markdown]
# **Measured against the truth.** With two latents the integral over z can be done on a grid. Here such a model is trained by the course's own `fit`; watch your estimate climb.

# %%
with when_written():
    encoder2, decoder2 = trained(latent_dim=2, seed=2)
    x, counts = images.test[:100], [1, 4, 16, 64, 256, 1024]
    with torch.no_grad():
        climbing = torch.stack([importance_log_likelihood(encoder2, decoder2, x, torch.randn(count, 100, 2, generator=seeded(count)))
                                for count in counts])
    truth = targets.exact_log_likelihood(decoder2, x)[0]
    show(targets.bounds(counts, climbing.mean(-1), truth.mean().item()),
         alt="Over K from 1 to 1024 the mean importance-sampled log-likelihood of 100 test images rises from the ELBO towards a dashed line, the exact value, and comes near it.")
    gap = (truth - climbing[-1]).sort(descending=True).values
    print(f"exact {truth.mean():.3f}   with K = {counts[-1]}: {climbing[-1].mean():.3f}, short by {gap.mean():.3f} nats;")
    print(f"the three worst images alone make up {gap[:3].sum() / 100:.3f} of that, the other 97 {gap[3:].sum() / 100:.3f}")

# %% [markdown]
# <details><summary>"You took the density of eps for that of z"</summary>
#
# A change of variables: z is eps, shifted and *stretched* by $s$. Where the stretching is large the density is small. Or let a `Normal(loc, scale)` do it.
#
# </details>
# <details><summary>Minus infinity for large pictures</summary>
#
# $e^{-1000}$ is zero in floating point. Take the largest log weight out before you exponentiate and add it back after: `torch.logsumexp`.
#
# </details>
# <details><summary>Right for K = 1 only</summary>
#
# With one sample the mean of logarithms, the logarithm of the mean and the logarithm of the sum are all the same. Which one did you want?
#
# </details>

# %% [markdown] solution_only="13_likelihood"
# **Why below.** $\mathbb E \log \hat p \le \log \mathbb E \hat p = \log p(x)$ by Jensen; with relative variance $v$ of a single weight the gap is about $v / (2K)$. So every fourfold K should close three quarters of what is left, once K is large against $v$. Read it off your figure.
#
# **Notice** who is to blame for what is left. At K = 1024 three images of a hundred make up a large part of the gap: there q is too narrow or in the wrong place, the weights have an enormous variance, and no affordable K makes up for it. The law $v/(2K)$ holds once K is large against v, which for those images is never.
#
# **And notice** that an estimate of $\log p$ that *exceeds* the exact value on average, beyond its standard error, is not a good model but a bug. It can only be found where the exact value is known.

# %% [markdown]
# ## 5. Active units
#
# *Difficulty* 2/5 · *Importance* 4/5 · 20 minutes
#
# Ask for eight latents and you may get five. For each latent d return two numbers, over the rows of x:
#
# $$A_d = \operatorname{Var}_x\big(\mathbb E_{q(z \mid x)}[z_d]\big) \quad (\text{variance over the rows, dividing by } N - 1), \qquad \bar{\mathrm{KL}}_d = \frac1N \sum_n \mathrm{KL}\big(q(z_d \mid x_n) \,\|\, N(0,1)\big).$$
#
# Return `(activity, divergence)`, $(D)$ each. A latent counts as active if $A_d > 0.01$.

# %% exercise="13_active_units"
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Activity and mean divergence of each latent over the data x, (N, Dx): two tensors (D)."""
    ### BEGIN SOLUTION
    loc, log_scale = encoder(x).chunk(2, -1)
    return loc.var(0), kl_to_prior(loc, log_scale).mean(0)
    ### END SOLUTION


# %% check="13_active_units"
check("13_active_units", unit_activity)

# %%
with when_written():
    many, _ = trained(latent_dim=16, seed=3)
    with torch.no_grad():
        activity, divergence = unit_activity(many, images.test)
    print(f"{int((activity > 0.01).sum())} of 16 latents are active; they carry {divergence[activity > 0.01].sum():.2f} of {divergence.sum():.2f} nats")
    show(targets.units(activity, divergence), alt="Two bar charts over sixteen latents in order of activity. The first handful have activities near one and divergences of about one nat; the rest are near zero in both.")

# %% [markdown]
# <details><summary>The activity comes out near one for latents that say nothing</summary>
#
# A collapsed latent has posterior variance one: its *samples* vary, its *mean* does not. Take the variance of `loc`.
#
# </details>
# <details><summary>Wrong by a few per cent</summary>
#
# N or N - 1? `torch.var` divides by N - 1.
#
# </details>
# <details><summary>The shape is (N), not (D)</summary>
#
# Variance and mean are over the rows, axis 0. Each latent keeps its own.
#
# </details>

# %% [markdown] solution_only="13_active_units"
# **Two witnesses.** A latent may have zero activity and still cost nats (a constant that is not the prior), which is why the last part of the check hands you identical rows. In a trained model the two nearly always agree.
#
# **Notice** that sixteen latents were offered and few were taken. Whether that is a failure or thrift is a question with an exact answer in the linear case: exercise 7.

# %% [markdown]
# ## 6. The missing half
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Of each image only the pixels with `observed[i]` are seen. Given z the pixels are independent, so a missing pixel is known through z alone:
#
# $$p(x_i = 1 \mid x_{\text{obs}}) = \int p(x_i = 1 \mid z)\, p(z \mid x_{\text{obs}})\, dz \approx \sum_{k=1}^K \bar w_k\, p(x_i = 1 \mid z_k), \qquad
#   w_k = \frac{p(x_{\text{obs}} \mid z_k)\, p(z_k)}{q(z_k)}, \quad \bar w_k = \frac{w_k}{\sum_j w_j}.$$
#
# You get latents z, $(K, B, D)$, and the log density they were drawn from, `log_q`, $(K, B)$ (up to a constant; it may be the prior's, an encoder's or a grid's). Return $(B, D_x)$: observed pixels as they are, missing ones as probabilities. What stands in the missing pixels of `x` must not matter, be it NaN. All pixels may be missing, or none.

# %% exercise="13_completion"
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    """Fill in the missing pixels with their predictive probabilities, (B, Dx).

    decoder: (..., D) -> logits (..., Dx). x: (B, Dx). observed: (Dx), bool, True where a pixel is seen.
    z: (K, B, D), proposals. log_q: (K, B), their log density.
    """
    ### BEGIN SOLUTION
    logits = decoder(z)
    x = torch.where(observed, x, 0.0)
    pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    log_w = pixels[..., observed].sum(-1) - 0.5 * z.square().sum(-1) - log_q
    weights = log_w.softmax(0)
    return torch.where(observed, x, (weights.unsqueeze(-1) * logits.sigmoid()).sum(0))
    ### END SOLUTION


# %% check="13_completion"
check("13_completion", complete)

# %% [markdown]
# **Against the exact answer.** A model with two latents, as in exercise 4: the aim is computed on the grid, yours from 4,000 draws from the prior.

# %%
with when_written():
    _, decoder = trained(latent_dim=2, seed=2)
    top = torch.arange(64) < 32
    x = images.test[:12]
    aim = torch.where(top, x, targets.exact_log_likelihood(decoder, x, top)[1])
    z = torch.randn(4000, 12, 2, generator=seeded(4))
    with torch.no_grad():
        mine = complete(decoder, x, top, z, -0.5 * z.square().sum(-1))
    print(f"largest difference from the exact predictive mean: {(mine - aim).abs().max():.3f}")
    show(targets.completions(x, torch.where(top, x, 0.5), aim, mine),
         alt="Four rows of twelve digits: whole images; their upper halves, the lower half grey; the exact predictive means, often blurred between two digits; and your completions, which look the same.")

# %% [markdown]
# <details><summary>The report says the weights look at the missing pixels</summary>
#
# The sum inside $\log p(x_{\text{obs}} \mid z)$ runs over observed pixels only. `pixels[..., observed]` picks them. A product with a mask of zeros does not: zero times NaN is NaN, and it is the NaN that you get.
#
# </details>
# <details><summary>Every datum gets nearly the same completion</summary>
#
# Which axis did you normalize over? Each column of `log_w`, $(K, B)$, belongs to one datum, and its weights add up to one.
#
# </details>
# <details><summary>Sharp pictures, but the check wants blurred ones</summary>
#
# The predictive mean averages *pictures*. Decoding the mean of z, or the best z, gives one plausible picture, and hides that there are others.
#
# </details>

# %% [markdown] solution_only="13_completion"
# **The identity.** $p(x_i, x_{\text{obs}}) = \int p(x_i \mid z)\, p(x_{\text{obs}} \mid z)\, p(z)\, dz$; divide by $p(x_{\text{obs}})$. Both integrals use the same samples, so unknown constants in `log_q` cancel.
#
# **Notice** the blur. Where the upper half could belong to a 3, a 5 or a 9, the mean is their mixture. The model is not vague: it is telling you the truth about the pixel. A *draw* from the posterior is sharp; the lecture shows several.

# %% [markdown]
# ## 7. The linear autoencoder, predicted exactly
#
# *Difficulty* 4/5 · *Importance* 5/5 · 30 minutes
#
# Here is a VAE that you can solve on paper. $z \sim N(0, I_D)$ and $x \mid z \sim N(W z + b, \sigma^2 I)$ with **fixed** $\sigma$; W and b are learned by maximum likelihood. Let $\lambda_1 \ge \lambda_2 \ge \dots$ be the eigenvalues of the covariance of the data (dividing by N).
# The likelihood does not change when z is rotated; take the rotation that a diagonal q picks, in which the columns of W are orthogonal. At the maximum b is then the mean, and column i of W lies along the i-th eigenvector with squared length $\max(\lambda_i - \sigma^2, 0)$. Hence x has variance $\max(\lambda_i, \sigma^2)$ along the first D axes and $\sigma^2$ along the rest.
#
# Without training anything, return two predictions, for `latent_dim` up to the number of pixels:
#
# 1. the mean log evidence $\frac1N \sum_n \log p(x_n)$ at the maximum, in nats per datum;
# 2. the activity of each of the D latents at the exact posterior, largest first: the variance over the data (dividing by N) of the posterior mean. Derive it: along axis i the posterior mean is $\sqrt{\lambda_i - \sigma^2}\,/\,\lambda_i$ times the coordinate of $x - b$.
#
# A latent whose eigenvalue is below $\sigma^2$ has a zero column: it **collapses**, and not because of any fault of training.

# %% exercise="13_linear"
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    """The mean log evidence, (), and the activities, (latent_dim), of the best linear VAE with fixed noise.

    x: data, (N, Dx). noise_scale: sigma.
    """
    ### BEGIN SOLUTION
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    variance = torch.full_like(values, noise_scale**2)
    variance[:latent_dim] = values[:latent_dim].clamp_min(noise_scale**2)          # of x, axis by axis
    log_evidence = -0.5 * (math.log(2 * math.pi) + variance.log() + values / variance).sum()
    activity = 1 - noise_scale**2 / variance[:latent_dim]
    return log_evidence, activity
    ### END SOLUTION


# %% check="13_linear"
check("13_linear", predict_linear_vae)

# %% [markdown]
# **Now measure.** Grey digits, 12 latents, $\sigma = 0.36$. The cell below shows your prediction first. Then it trains a linear VAE with a *mean-field* encoder by sticking the landing, and compares: its exact evidence with your first number, its activities (through your `unit_activity`) with your second. Before you run it, count: how many of the twelve
# will be active?

# %%
with when_written():
    grey = digits(binary=False, dtype=torch.float64).train
    predicted_evidence, predicted_activity = predict_linear_vae(grey, 12, 0.36)
    print(f"predicted: {predicted_evidence:.3f} nats per image, {int((predicted_activity > 0.01).sum())} active latents")
    show(targets.activities(predicted_activity), alt="Predicted activities of twelve latents as bars, falling from 0.8 to small values, with the last ones at zero.")

# %%
with when_written():
    p = VAE(12, 64, 0, seeded(0), likelihood="gaussian", scale=0.36).double()
    q = Amortized(MeanField(12), mlp(64, 0, 24, seeded(1))).double()
    with torch.no_grad():
        p.decoder[0].bias.copy_(grey.mean(0))
    for rate in (0.02, 0.004, 0.001):
        fit(p, q, grey, sticking_the_landing, steps=500, learning_rate=rate, batch_size=500, seed=0, progress=False)
    with torch.no_grad():
        measured_evidence = p.log_evidence(grey).mean()
        measured_activity = unit_activity(q.encoder, grey)[0].sort(descending=True).values
    print(f"measured:  {measured_evidence:.3f} nats per image, {int((measured_activity > 0.01).sum())} active latents")
    print(f"evidence short of your prediction by {predicted_evidence - measured_evidence:.4f} nats; largest difference of an activity "
          f"{(measured_activity - predicted_activity).abs().max():.4f}")
    show(targets.activities(predicted_activity, measured_activity), alt="The same bars with measured activities as dots, which sit on top of the bars, also where the bars are at zero.")

# %% [markdown]
# <details><summary>The evidence is too low when the noise is large</summary>
#
# You let every latent in. If $\lambda_i < \sigma^2$ the formula $\lambda_i - \sigma^2$ for a squared length is negative; the best column is then zero, and the variance of x along that axis is $\sigma^2$.
#
# </details>
# <details><summary>Right but for a small factor</summary>
#
# Maximum likelihood divides by N: `torch.cov(x.T, correction=0)`. And the data must be centred before the covariance is taken (`torch.cov` does that).
#
# </details>
# <details><summary>I do not see how to get the mean of the quadratic form</summary>
#
# In the eigenbasis everything separates: axis i contributes $-\tfrac12 (\log 2\pi + \log v_i + \lambda_i / v_i)$, where $v_i$ is the *model's* variance along it and $\lambda_i$ the data's.
#
# </details>

# %% [markdown] solution_only="13_linear"
# **Derivation.** The model says $x \sim N(b, C)$ with $C = WW^\top + \sigma^2 I$, and the mean log-density of the data is $-\tfrac12(\log\det 2\pi C + \operatorname{tr} C^{-1} S)$. In the eigenbasis of S that is a sum over axes; $-\log v - \lambda/v$ is largest at $v = \lambda$, but $v \ge \sigma^2$, and only D axes may exceed $\sigma^2$. Spend them on
# the largest eigenvalues. The posterior mean along axis i is $\frac{w_i}{w_i^2 + \sigma^2} c_i$ with $w_i^2 = \lambda_i - \sigma^2$ and $\operatorname{Var} c_i = \lambda_i$, so its variance is $w_i^2/\lambda_i = 1 - \sigma^2/\lambda_i$.
#
# **Notice.** (1) The bound was climbed, not the evidence, with a mean-field q; still the evidence is reached, because at the optimum with orthogonal columns the posterior *is* diagonal, so that the gap closes. (2) Collapse here is not a disease of the ELBO or of the encoder: maximum likelihood itself wants those columns to be zero, because the noise is large enough to explain what they
# could. Learn $\sigma$ as well, and the threshold moves: that is probabilistic PCA, and then a collapsed latent returns as soon as it pays.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people fitted the linear autoencoder of exercise 7 to the same data, with the same D and the same fixed $\sigma$, and all of them trained to rest. You get pictures that their models generate, $x \sim N(Wz + b, \sigma^2 I)$ with $z \sim N(0, I_D)$, and nothing else of theirs. One climbed the ELBO, and is **right**: the maximum of the likelihood. One climbed
# **another objective**: the KL term of the ELBO was multiplied by $\beta$. One climbed the ELBO, and is right but for one latent, any one of those that pay, which is never used: it has **collapsed**. Which pictures are whose?
#
# `draws` is (3, R, Dx), by person. Of the data you get the `mean`, (Dx), and the `covariance`, (Dx, Dx), dividing by N. `latent_dim` is D, `noise_scale` is $\sigma$, `beta` is $\beta$. Beta may be above one or below. There may be eigenvalues below $\sigma^2$ among the first D, so that latents without use are no evidence in themselves.
#
# Return the three names `"right"`, `"another objective"`, `"collapsed"` in the order of the persons. The budget is enough: of any two models the variances along some eigenvector of the covariance differ by at least six standard errors of an empirical variance. The check brings 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: with $\beta$ above one, will the pictures be more varied than the data, or less? Write down the objective divided by $\beta$, and look for an ELBO that you know.

# %% exercise="13_sealed_case"
def name_them(draws: Tensor, mean: Tensor, covariance: Tensor, latent_dim: int, noise_scale: float, beta: float) -> list[str]:
    """Which model is "right", which maximizes "another objective", and which is "collapsed", in the order of draws.

    draws: pictures from each model, (3, R, Dx). mean, covariance: of the data, (Dx) and (Dx, Dx). noise_scale: sigma, fixed.
    beta: by which one of the three has its KL term multiplied.
    """
    ### BEGIN SOLUTION
    values, axes = torch.linalg.eigh(covariance)
    values, axes, noise = values.flip(0), axes.flip(1), noise_scale**2
    rank = torch.arange(len(values))

    def signal(weight: float) -> Tensor:
        """The squared lengths of the columns, axis by axis, when the KL term has this weight."""
        return torch.where(rank < latent_dim, (values - weight * noise).clamp_min(0), 0.0)

    came = ((draws - mean) @ axes).square().mean(1)                                         # variances along the axes, (3, Dx)

    def misfit(lengths: Tensor) -> Tensor:
        expected = noise + lengths
        return ((came - expected) / (expected * (2 / draws.shape[1]) ** 0.5)).square().sum(-1)

    full = signal(1.0)
    without = [misfit(full * (rank != d)) for d in range(latent_dim) if full[d] > 0]        # any one of the latents in use may be lost
    fits = {"right": misfit(full), "another objective": misfit(signal(beta)), "collapsed": torch.stack(without).amin(0)}
    orders = itertools.permutations(fits)
    return list(min(orders, key=lambda order: sum(fits[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="13_sealed_case"
check("13_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first, then open.

# %%
with when_written():
    case = sealed_case("13_sealed_case", seed=5)
    values, axes = torch.linalg.eigh(case.given["covariance"])
    print(f"sigma^2 = {case.given['noise_scale']**2:.2f}, beta = {case.given['beta']:.2f}, eigenvalues", " ".join(f"{v:6.2f}" for v in values.flip(0)))
    for letter, pictures in zip("ABC", case.given["draws"], strict=True):
        print(f"{letter}: variances along the axes            ", " ".join(f"{v:6.2f}" for v in ((pictures - case.given["mean"]) @ axes.flip(1)).var(0)))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>The model with the fewest latents in use is not always the collapsed one</summary>
#
# A $\beta$ above one makes columns shorter, and some of them vanish: as many as the other has lost, or more. Look at the columns that are left.
#
# </details>
# <details><summary>I do not know what maximizes the other objective</summary>
#
# Divide it by $\beta$. The KL term then has weight one, and the reconstruction $-\|x - Wz - b\|^2 / 2\beta\sigma^2$: an ELBO with another noise. W follows exercise 7 at *that* noise. The pictures come with the old one.
#
# </details>
# <details><summary>Nearly always right, and not in 38 of 40</summary>
#
# Predict the variance along *every* eigenvector, for each of the three; for the collapsed one there is a prediction for each latent that may be lost. An empirical variance v of R draws has the standard error $v\sqrt{2/R}$. Then ask which of the six orders fits best.
#
# </details>

# %% [markdown] solution_only="13_sealed_case"
# **Three predictions.** Divided by $\beta$, and up to a constant, the other objective is the ELBO of a model with noise $\beta\sigma^2$. So its columns have squared lengths $\max(\lambda_i - \beta\sigma^2, 0)$, and its pictures, made with the noise $\sigma^2$, have variance $\sigma^2 + \max(\lambda_i - \beta\sigma^2, 0)$ along axis i. Right is $\beta = 1$: $\max(\lambda_i, \sigma^2)$. Collapsed is right but for
# one axis, on which $\sigma^2$ is all.
#
# **What $\beta$ does to a model.** Above one every latent in use says less than the data have to say, by the same variance $(\beta - 1)\sigma^2$, and the weakest fall silent. Below one the model generates *more* variance than there is: its columns are those for a smaller noise, and the pictures come with the larger one. (It is no bound then: an objective whose KL term counts less
# than once may exceed $\log p(x)$.)
#
# **A latent out of use proves nothing.** It may be right ($\lambda_i < \sigma^2$), the other objective's ($\lambda_i < \beta\sigma^2$), or a fault of training ($\lambda_i$ above both). Which it is, the eigenvalue says.

# %% [markdown]
# ## 9. In words: what Bob needs
#
# *Difficulty* 3/5 · *Importance* 4/5 · 15 minutes
#
# A lecture tells the story of Alice, who sends images to Bob as samples $\hat z \sim q_\phi(z \mid x)$, and concludes: the KL term makes the messages for each image look like the prior, so Bob can invent messages himself. A reader objects: "If *each* $q(z \mid x)$ were the prior, the messages would say nothing about the images. The lecture contradicts itself." Write five to eight sentences. Say what is right in the
# objection. Say exactly what has to match the prior for Bob's trick to work, with a formula. Split the average KL term into two parts, and say which of them one would like to be small and which not. Then name one measurement on a trained model that shows whether Bob's trick will work.

# %% [markdown] written="13_written"
# The objection is right: if $q(z \mid x) = p(z)$ for every image, message and image are independent, the decoder can do no better than one distribution for all images, and the KL term is zero for the worst of reasons. What Bob needs is weaker. He draws z from the prior and hands it to a decoder that has seen messages distributed as the *aggregate* posterior $q(z) = \frac1N \sum_n q(z \mid x_n)$. If that
# mixture equals $p(z)$ his inventions are indistinguishable from Alice's messages, although each component may be narrow and far from the prior.
#
# The average KL term splits: $\frac1N \sum_n \mathrm{KL}(q(z \mid x_n) \,\|\, p(z)) = I_q(x; z) + \mathrm{KL}(q(z) \,\|\, p(z))$. The first part is the mutual information of image and message, which we want (it is what the reconstruction uses, and what the messages cost); the second is the mismatch that harms Bob, and should be small. The objective pays for both alike.
#
# To test it, estimate $\mathrm{KL}(q(z) \,\|\, p(z))$ by sampling messages of random images and averaging $\log q(z) - \log p(z)$, with $q(z)$ the mixture; or compare pictures decoded from the prior with pictures decoded from messages of real images.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: what is right in the objection. If every $q(z \mid x)$ equals the prior, z carries no information about x (posterior collapse). "The lecture is wrong" without this reason: nothing.
# - 0.5: the aggregate posterior, with its formula, $q(z) = \frac1N \sum_n q(z \mid x_n)$ or $\mathbb E_x\, q(z \mid x)$, has to match $p(z)$. In words only: 0.25.
# - 0.5: the split, average KL = mutual information + KL(aggregate || prior), with the first wanted and the second not. The formula without saying which is wanted: 0.25.
# - 0.5: a measurement that decides. Accept: an estimate of $\mathrm{KL}(q(z) \,\|\, p(z))$ or of moments of the aggregate posterior against the prior's; samples decoded from prior and from aggregate compared (by eye, by a classifier, by nearest neighbours); a two-sample test. "Look at the KL term": nothing, for it holds both parts.
# === END MARK SCHEME ===
