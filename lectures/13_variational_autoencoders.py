# %% [markdown]
# # 13 · Variational autoencoders
#
# A variational autoencoder is explained, mostly, as an autoencoder with a strange loss. That explanation works until the first question: why this loss? what does the encoder approximate? why are half of my latents dead?
# We take the other road. **The model comes first**: a latent vector, a network, noise. **The encoder comes second**: it is the amortized posterior of unit 11, and nothing in the model knows of it. Then every part of the loss is there for a reason,
# and every question has a place where we can look for the answer; often an exact one.
#
# **After this unit you can**
#
# - say what an autoencoder lacks and what a density fitted to its codes adds, and rank five ways of training exactly,
# - write down the model of a VAE, and its objective with the KL in closed form; say when the closed form helps,
# - generate, interpolate, map and complete images, say which distribution each of these acts needs, and score a completion as a whole,
# - choose a likelihood, with $\mu_\theta(z)$ and $\Sigma_\theta(z)$, and know how a Gaussian one can run away,
# - estimate a test likelihood, and say by how much it is too low,
# - predict for a linear VAE which latents are active and what each costs; and put that beside what happens in a deep one,
# - explain why two stochastic layers are hard to use, and what Bob needs from Alice.
#
# **Time**: about 65 minutes of reading and playing on the main line; what is marked *aside* takes 35 minutes more, and the ten-week route skips it. The whole page computes in about two minutes.
#
# > **What you need, if you read this unit alone**
# >
# > - The **ELBO**: for any density $q(z)$, $\log p(x) \ge \mathbb E_q[\log p(x, z) - \log q(z)]$, and the gap is $\mathrm{KL}(q \,\|\, p(z \mid x))$ (unit 03).
# > - **Reparametrization**: $z = \mathrm{loc} + s\,\epsilon$ with $\epsilon \sim N(0, I)$ carries gradients through samples (unit 06). **Sticking the landing** is such a gradient without its score term; at the exact posterior it has no noise at all (unit 09).
# > - **Importance weights**: $\log w_k = \log p(x, z_k) - \log q(z_k \mid x)$; the mean of the $w_k$ is unbiased for $p(x)$ (unit 02), and the log of that mean is a tighter bound than the ELBO (unit 10).
# > - **Amortization**: one network, the encoder, maps each x to the parameters of $q_\phi(z \mid x)$ (unit 11).
# > - Axes are samples, data, event: `z` is $(K, *B, D)$, `x` is $(*B, D_x)$. `log_scale` is the logarithm of a *standard deviation*.

# %%
import copy
import math

import torch
from ipywidgets import FloatSlider, interact
from torch import nn
from torch.distributions import kl_divergence
from torch.nn.functional import softplus

# %%
from course_vi.bounds import elbo, iwae
from course_vi.data import binarized_mnist, digits
from course_vi.diagnostics import active_units, claim, gradient_moments
from course_vi.exact import log_integral
from course_vi.experiments.collapse_trial import REMEDIES, collapse_trial
from course_vi.experiments.exact_arena import WAYS, fitted_normal, grid_log_evidence, train_one_way
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import Amortized, Layered, MeanField
from course_vi.gradients import (
    analytic_kl,
    doubly_reparametrized,
    reparametrized,
    sticking_the_landing,
)

# %%
from course_vi.learning import fit, importance_log_evidence, smoke_cap
from course_vi.models import (
    VAE,
    Autoencoder,
    ConjugateToy,
    HierarchicalVAE,
    Model,
    ProbabilisticPCA,
)
from course_vi.nets import mlp

# %%
from course_vi.plots import lecture_13 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %% [markdown]
# **The data** are scikit-learn's digits, 8 x 8 pixels cut at one half. Set `full = True` and the same cells run on binarized MNIST, 28 x 28 pixels, with wider networks, more steps and a GPU if there is one (section 12).
#
# Two kinds of training stand on this page. Single models, for pictures and for looking inside, are trained for 1,500 steps at a fixed rate; they are **not at rest**, and no two of them are ranked by small differences. What is ranked (sections 6, 7 and 9) is trained for five seeds, at a rate that falls to zero. Where that takes longer than a page may, the
# numbers were computed beforehand, by `benchmarks/lecture_13.py`: the page reads them, computes one seed again, and holds its sentences to them.

# %%
full = False
device = "cuda" if full and torch.cuda.is_available() else "cpu"
hidden, steps, batch = (400, 50_000, 200) if full else (64, 1500, 100)
if full:
    mnist = binarized_mnist()                          # from the folder that COURSE_VI_DATA names
    train, test, labels = mnist.train.to(device), mnist.test[:1000].to(device), None
else:
    train, test, labels, _ = digits()
pixels = train.shape[-1]

# %%
normal = torch.distributions.Normal(0.0, 1.0)


def seeded(seed, where="cpu"):
    return torch.Generator(where).manual_seed(seed)


# %% [markdown]
# ## 1. Squeezing is not modelling
#
# An **autoencoder** is two networks with a bottleneck between them. The encoder $f$ maps an image to a few numbers, the decoder $g$ maps them back, and both are trained so that $g(f(x)) \approx x$. We train one with a bottleneck of two numbers.

# %%
auto = Autoencoder(2, pixels, hidden, seeded(0)).to(device)
optimizer, rows = torch.optim.Adam(auto.parameters(), lr=0.01), seeded(1, device)
for _ in range(smoke_cap(steps)):
    some = train[torch.randperm(len(train), generator=rows, device=device)[:batch]]
    loss = auto.loss(some).mean()
    optimizer.zero_grad(), loss.backward(), optimizer.step()
with torch.no_grad():
    codes, rebuilt = auto.encode(train), auto.decode(auto.encode(test[:12]))
    invented = auto.decode(torch.randn(12, 2, generator=seeded(2, device), device=device))
print(f"error on new images: {auto.loss(test).mean():.2f} nats per image; "
      f"a coin for every pixel: {pixels * math.log(2):.1f}")

# %% [markdown]
# > **Predict 1.** The decoder turns any two numbers into a picture. We draw pairs from $N(0, I)$ and decode them. What will they be?

# %%
predict("13_1", choices=["digits of all kinds", "digits of a few kinds", "no digits at all"])

# %%
reach = codes.abs().max().item() * 1.05
show(figures.maps([("Codes of the autoencoder", codes, labels, reach)]),
     alt="The codes of 1,500 digits in the plane, in coloured clusters spread over a range of tens; the circles "
         "of the standard normal are tiny, in the middle of the page and at the right edge of the cloud.")
rows_ = [("new images", test[:12]), ("squeezed through two numbers", rebuilt), ("decoded from N(0, I)", invented)]
show(figures.picture_rows(rows_, 12),
     alt="Twelve test digits; their reconstructions, mostly recognizable; and twelve pictures decoded "
         "from standard normal codes: hardly more than threes, fives and sevens, no blurrier than the reconstructions.")

# %%
# Run this cell to compare it with your prediction.
reveal("13_1", "digits of a few kinds")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# Digits, more or less, but of a few kinds: those whose codes happen to lie near the origin. Nobody told the encoder where to put its codes, or how densely. They are spread over a range of tens, and $N(0, I)$ covers a small part of it. (Section 11 measures this: these pictures are nearer to *some* training image than new digits are, but training images are about twice as far from the nearest of them.)
# There is no distribution over codes, so there is none over images: "draw a new image" has no meaning yet, and neither has "how probable is this image".
#
# </details>
#
# So the autoencoder compresses, and has no probabilities of its own. One can fit a density to the codes afterwards (Ghosh and his co-authors, 2020), and then it *has* a $p(x)$: section 6 scores it, exactly. A VAE begins with that density instead.
#
# ## 2. The model first
#
# Forget encoders. We want a distribution over images, and build it from parts we can handle:
#
# $$z \sim N(0, I_D), \qquad x \mid z \sim p_\theta(x \mid z), \qquad\text{so}\qquad p_\theta(x) = \int p_\theta(x \mid z)\, N(z; 0, I)\, dz,$$
#
# where a network reads z and writes the parameters of $p_\theta(x \mid z)$: the logits of independent bits, or $\mu_\theta(z)$ and $\Sigma_\theta(z)$ of a normal with independent coordinates. *Given* z the pixels are independent. Without z they are not, and that is the point: a mixture with one component for every z, **infinitely many**. You have met it: with bits it is the *deep Bernoulli* model of unit 01, and its two-layer relative (section 10) the *doubly deep* one.

# %%
show(figures.vae_graph(),
     alt="Two graphs with a plate over the data. Left: z with an arrow to the shaded x, and theta "
         "pointing to x. Right: the same, plus dashed arrows from x and phi back to z: the encoder, "
         "which is no part of the model.")

# %% [markdown]
# Note what $p(x)$ needs: a prior and a decoder. No encoder. And note its shape: the image of the latent space under $\mu_\theta$ is a curved surface of at most D dimensions, the **manifold**. A VAE says that data lie near it, and that N(0, I) tells where on it.
#
# ### Aside: squashed, or flexible?
#
# > You will read (*Deep Generative Models*, Stanford CS236, on latent variable models) that $\mu_\theta(z) = \sigma(Az + c)$ and $\Sigma_\theta(z) = \mathrm{diag}(\exp(\sigma(Bz + d)))$ give a "very complex/flexible" $p(x)$, with $\sigma$ the sigmoid. But then every mean lies in (0, 1) and every variance in $(1, e)$: a heap of wide bumps, all in nearly the same place. The network is what makes
# > the mixture flexible, together with scales that may become small.
#
# We fit both to points along an arc, with one latent. With one latent the integral over z is one-dimensional, so that $p(x)$ is exact by quadrature.

# %%
class Squashed(nn.Module):
    """A parametrization that is often shown: means sigmoid(Az + c), log variances sigmoid(Bz + d)."""

    def __init__(self):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(1, 2), nn.Linear(1, 2)

    def forward(self, z):
        return torch.cat([self.mean(z).sigmoid(), self.log_variance(z).sigmoid() / 2], -1)


# %%
turn = torch.rand(600, 1, generator=seeded(0))
arc = (0.5 + turn) * torch.cat([(1.5 * math.pi * turn).cos(), (1.5 * math.pi * turn).sin()], -1)
arc = arc + 0.06 * torch.randn(600, 2, generator=seeded(1))
curved = VAE(1, 2, 64, seeded(0), likelihood="gaussian", scale="shared", smallest=0.04)
squashed = VAE(1, 2, 64, likelihood="gaussian", scale="network")
torch.manual_seed(0)
squashed.decoder = Squashed()
with torch.no_grad():
    curved.output.log_scale.fill_(-1.0)                # start with a scale of about a third, not one

# %%
def exact_density(p, x):
    """p(x), one latent: quadrature over z."""
    def log_joint(z):
        return p.log_joint(x, z.unsqueeze(1).expand(-1, len(x), 1))
    with torch.no_grad():
        return log_integral(log_joint, low=-6, high=6, points=301, dtype=torch.float32).exp()


left, right, low, high = extent = (-3.5, 3.0, -3.0, 3.0)
grid = torch.cartesian_prod(torch.linspace(low, high, 120), torch.linspace(left, right, 150)).flip(-1)
area = (right - left) * (high - low) / 149 / 119
line = torch.linspace(-2.5, 2.5, 200).unsqueeze(-1)

# %%
panels = []


def fit_the_arc(title, p):
    q = Amortized(MeanField(1), mlp(2, 64, 2, seeded(1)))
    fit(p, q, arc, sticking_the_landing, steps=1500, num_samples=4, batch_size=100, seed=0, progress=False)
    density = exact_density(p, grid)
    print(f"{title:30s} mean log p(x) {exact_density(p, arc).log().mean():7.3f}"
          f"   p integrates to {area * density.sum():.3f}")
    panels.append((f"{title}: p(x)", density.reshape(120, 150), p.likelihood(line).mean.detach()))


fit_the_arc("Means and log variances squashed", squashed)

# %%
fit_the_arc("A network, and a learned scale", curved)
show(figures.infinite_mixtures(arc, panels, extent),
     alt="Two densities over the plane with the data, points along three quarters of a spiral. Under the "
         "squashed parametrization one wide blob covers everything, and the curve of means is hardly more than a dot in "
         "its middle. Under the network a curve of means follows the arc, with the density, hidden under the data, around it.")

# %% [markdown]
# ## 3. The encoder second
#
# To learn $\theta$ we want $\nabla_\theta \log p_\theta(x)$. With more than two or three latents that integral is out of reach, and we climb the ELBO instead, with an amortized Gaussian $q_\phi(z \mid x) = N(\mathrm{loc}_\phi(x), \mathrm{diag}\, s_\phi(x)^2)$:
#
# $$\mathcal L(x) = \mathbb E_{q_\phi}\big[\log p_\theta(x \mid z)\big] - \mathrm{KL}\big(q_\phi(z \mid x) \,\|\, N(0, I)\big).$$
#
# Read from left to right it *looks* like an autoencoder: encode, add noise, decode, be punished for errors; and a term that keeps codes near the prior. But no term was invented. It is the bound of unit 03, grouped in its second form, and $q_\phi$ is the approximate **posterior** of the model: its noise is uncertainty about z, its scale is learned, and the trade-off between the two terms
# is not ours to choose. The KL of two normals has a closed form (the first exercise of the problem set), and `analytic_kl` uses it; one may as well sample all of $\log p(x, z) - \log q(z \mid x)$. Both estimate the same number:

# %%
def autoencoder(latents, seed, **options):
    """A model p(x, z) and an amortized family q(z | x), on the device."""
    p = VAE(latents, pixels, hidden, seeded(seed), **options).to(device)
    return p, Amortized(MeanField(latents), mlp(pixels, hidden, 2 * latents, seeded(seed + 100))).to(device)


p2, q2 = autoencoder(2, seed=0)
ways = {estimator.__name__: estimator(p2, q2, test[:5], 20_000, generator=seeded(1, device)).detach()
        for estimator in (analytic_kl, reparametrized)}
for name, bounds in ways.items():
    print(f"{name:15s} ELBO of five images: " + "  ".join(f"{bound:.3f}" for bound in bounds))

# %% [markdown]
# ### Aside: a slip, and whether the closed form helps
#
# > You will read (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018) that the $\phi$-gradient of a VAE ends in "$+\, \partial \log q / \partial f$". But $\log q$ enters the bound with a minus, so it is minus; unit 09 shows that the slip is nevertheless unbiased, because that term has mean zero.
#
# A VAE is said to fuse the wake and sleep phases of a Helmholtz machine. In one respect it does: both halves are trained together. But the sleep phase climbs another objective, on dreamt data (unit 12); here both halves climb the same one, on the data you have.
#
# Evaluating entropy and $\log p(z)$ without sampling may reduce the variance. *May* is the word. On the toy $z \sim N(0,1)$, $x \mid z \sim N(z, 1)$, with $q = N(m, s^2)$, the gradient of m for one sample has variance $4s^2$ (everything sampled), $s^2$ (KL in closed form), and $(1/s - 2s)^2$ (sticking the landing).

# %%
toy, x_toy = ConjugateToy(), torch.tensor([1.5], dtype=torch.float64)
scales = torch.linspace(0.3, 1.1, 100)
exact = {"all sampled": 4 * scales**2, "KL in closed form": scales**2,
         "sticking the landing": (1 / scales - 2 * scales) ** 2}
estimators, measured = (reparametrized, analytic_kl, sticking_the_landing), {}
for name, estimator, s in zip(exact, estimators, (0.6, 0.9, 0.5**0.5), strict=True):
    m, log_s = torch.tensor([[0.2], [math.log(s)]], dtype=torch.float64)
    q = MeanField(1, m, log_s)
    found = gradient_moments(estimator, toy, q, x_toy, replicates=40_000, generator=seeded(0))
    measured[name] = (s, found.variance["loc"].item())
    print(f"{name:22s} at s = {s:.3f}: measured variance {measured[name][1]:.4f}")
show(figures.three_variances(exact, scales, measured),
     alt="Three curves over the scale of q: four s squared, s squared, and the variance of sticking "
         "the landing, which touches zero at the posterior's scale 0.71 and is highest at the left. "
         "Measured dots lie on the curves.")

# %% [markdown]
# For this gradient the closed form beats full sampling at every s. Where q is good ($1/\sqrt3 < s < 1$) it loses to the estimator that samples everything but drops the score. A closed form is no promise.
#
# ### Train, with two latents

# %%
def learn(p, q, x=None, estimator=analytic_kl, steps=steps, seed=0, **options):
    x = train if x is None else x
    rate = 0.001 if full else 0.01
    return fit(p, q, x, estimator, steps=steps, batch_size=min(batch, len(x)), learning_rate=rate, seed=seed,
               progress=False, **options)


shown, places = train[:: len(train) // 30][:30], []
history = learn(p2, q2, callback=lambda *_: places.append(q2.distribution(shown).mean.detach()))
with torch.no_grad():
    bound = analytic_kl(p2, q2, test, 50, generator=seeded(3, device)).mean()
    spread = q2.distribution(test)
print(f"ELBO of new images {bound:.2f} nats per image")
print(f"average scale of q {spread.stddev.mean():.2f}, spread of its means {spread.mean.std(0).mean():.2f}")

# %% [markdown]
# Watch the codes of 30 images find their places, in this one run. Untrained, the encoder sends all of them to nearly the same one; how soon they are spread as widely as the prior, whose deviation is 1, the numbers below say. What do they do afterwards?

# %%
at = sorted({round(len(places) ** (k / 9)) - 1 for k in range(10)})       # few steps at first, more later
digits_shown = None if labels is None else labels[:: len(train) // 30][:30]
show_moving(movies.codes_spread([places[k] for k in at], digits_shown, [k + 1 for k in at]),
            alt="The means of q for 30 images, coloured by digit, as dots, with circles at one and two standard deviations of the "
                "prior. At first they lie close together; soon they are spread over the disc, and then they sort themselves by digit.")
for k in sorted({min(k, len(places) - 1) for k in (0, 24, 99, 1499)}):
    print(f"step {k + 1:4d}   standard deviation of the codes: " + "  ".join(f"{value:.2f}" for value in places[k].std(0)))

# %%
with torch.no_grad():
    means = q2.distribution(train).mean
some = None if labels is None else labels[::3]
panels = [("Autoencoder: codes", codes[::3], some, reach), ("VAE: means of q(z | x), some with 1 sd", means[::3], some, 3.5)]
show(figures.maps(panels, q2.distribution(train[:60])),
     alt="Two maps of every third training digit, coloured by digit. Left the autoencoder's codes, scattered "
         "over a range of tens with gaps. Right the VAE's posterior means: the same digits in "
         "clusters that fill most of the disc of the standard normal, with a few small holes; sixty of them have "
         "an ellipse of one standard deviation of q around them, small against the disc.")

# %% [markdown]
# **Reflect.** Both have networks of the same shape (but for the scales that the VAE's encoder writes as well), the same data and nearly the same reconstruction loss. What made the codes of the VAE fill most of the disc? (Nothing else differs: noise, of a size that is learned, and the KL, which charges for distance from the origin and for certainty. Both come with the bound on $\log p(x)$.)
#
# ## 4. What the model can do
#
# **Generate.** Draw z from the prior, decode, draw the pixels. Two steps, because $p(x) = \int p(x \mid z)\,p(z)\,dz$ has two; most pictures in the literature show the second step's *mean*.

# %%
with torch.no_grad():
    z = torch.randn(12, 2, generator=seeded(4, device), device=device)
    drawn = p2.output.draw(p2.decoder(z), seeded(5, device))
    mean = p2.likelihood(z).mean
rows_ = [("autoencoder: N(0, I) decoded", invented), ("VAE: means of p(x | z)", mean), ("VAE: draws of x", drawn)]
show(figures.picture_rows(rows_, 12),
     alt="Three rows. The autoencoder's inventions are mostly threes, fives and sevens; the VAE's means look like digits "
         "of more kinds, some of them between two; the draws of pixels are grainy versions of the means.")

# %% [markdown]
# **See the manifold.** All means that the decoder can write lie on one curved surface in the space of images; z is a position on it, and $q(z \mid x)$ says where on the surface an image belongs, and how surely. The inverse normal cumulative distribution function turns a square grid into one that the prior visits evenly. Decoding it unrolls the surface, all but the outermost two per cent on each side.

# %%
def on_a_grid(p, points):
    quantiles = torch.distributions.Normal(0.0, 1.0).icdf(torch.linspace(0.02, 0.98, points))
    z = torch.stack(torch.meshgrid(quantiles, quantiles.flip(0), indexing="xy"), -1).reshape(-1, 2)
    with torch.no_grad():
        return p.likelihood(z.to(device)).mean


show(figures.manifold(on_a_grid(p2, 16), 16, "The manifold of a VAE with two latents"),
     alt="A sixteen by sixteen page of decoded digits. Neighbours are alike; regions of threes, twos, zeros, "
         "sixes, fours and sevens pass smoothly into one another, blurred in the middle.")

# %%
def slider():
    return FloatSlider(0.0, min=-2.5, max=2.5, step=0.1)


@interact(first=slider(), second=slider())
def stroll(first, second):
    """Move through the plane; the static figure above shows the same."""
    with torch.no_grad():
        mean = p2.likelihood(torch.tensor([[first, second]], device=device)).mean
    show(figures.picture_rows([(f"z = ({first:.1f}, {second:.1f})", mean)], 1),
         alt="The digit decoded at the chosen point of the latent plane.")

# %% [markdown]
# > You will read (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part IV) that "by design, the latent space is disentangled", and that the prior "enforces this". But $\mathcal N(0, I)$ looks the same from all directions. Turn z by any rotation R and give the decoder $R^{-1}$: the prior is the same, $p(x \mid \cdot)$ undoes the turn, and **$p(x)$ does not change at all**. What the likelihood cannot see, it cannot enforce. (Unit 15 takes this up.)
#
# For new data a latent representation costs one call: `q2.distribution(new_x)`.

# %%
fine = 481 if full else 161                            # larger images know their z more exactly


def on_the_plane(decoder, x, reach=5.0, fine=fine):
    """For two latents: log p(x) by a sum over a grid of z, the grid, and log p(x, z) on it, (B, grid)."""
    axis = torch.linspace(-reach, reach, fine, device=device)
    z = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        logits = decoder(z)
        log_joint = x @ logits.T - softplus(logits).sum(-1) + normal.log_prob(z).sum(-1)
    return log_joint.logsumexp(-1) + 2 * math.log(axis[1] - axis[0]), z, log_joint


# %%
c, s = math.cos(0.7), math.sin(0.7)
turn = torch.tensor([[c, -s], [s, c]], device=device)
exact2, turned2 = (on_the_plane(decoder, test[:200])[0] for decoder in (p2.decoder, lambda z: p2.decoder(z @ turn)))
print(f"largest change of log p(x) when the latent space is turned: {(turned2 - exact2).abs().max():.1e} nats")
finer = on_the_plane(p2.decoder, test[:200], fine=2 * fine - 1)[0]
print(f"largest change of log p(x) when the grid is made twice as fine: {(finer - exact2).abs().max():.1e} nats")

# %% [markdown]
# ### Aside: walking between images
#
# To interpolate between two images, walk on a straight line between their codes. Compare with a cross-fade of pixels, which leaves the manifold at once. We walk with two codes, with two latents, and with eight. Look at the middle of each row: staying on the manifold is no promise of a clean digit there.

# %%
p8, q8 = autoencoder(8, seed=1)
learn(p8, q8)
way = torch.linspace(0, 1, 10, device=device).unsqueeze(-1)
start, end = (test[0], test[3])
with torch.no_grad():
    one, two = q8.distribution(torch.stack([start, end])).mean
    walk = p8.likelihood(one + way * (two - one)).mean
    one, two = auto.encode(torch.stack([start, end]))
    squeezed = auto.decode(one + way * (two - one))
    one, two = q2.distribution(torch.stack([start, end])).mean
    flat_walk = p2.likelihood(one + way * (two - one)).mean

# %%
rows_ = [("pixels: a cross-fade", start + way * (end - start)), ("autoencoder, two numbers", squeezed),
         ("VAE, two latents", flat_walk), ("VAE, eight latents", walk)]
show(figures.picture_rows(rows_, 10),
     alt="Four rows of ten pictures between two digits: a cross-fade of pixels, which shows both at "
         "once in the middle; an autoencoder with two codes; and VAEs with two and with eight latents.")

# %% [markdown]
# ## 5. Aside: the likelihood, $\mu_\theta(z)$ and $\Sigma_\theta(z)$
#
# Grey pixels ask for another likelihood, $x \mid z \sim N(\mu_\theta(z), \Sigma_\theta(z))$, and with it comes a choice that much code makes without saying so. "Mean squared error plus KL" is a Gaussian with a *fixed* $\sigma$, usually $\sigma^2 = \tfrac12$; then the weight between the two terms is arbitrary. The scale belongs to the model, and can be learned: one for all pixels, one for each, or one for
# each pixel *and image*, written by the network.
#
# > **Predict 2.** We let each pixel learn a scale of its own. A few pixels at the edge are white in every single image. What happens to their scales?

# %%
predict("13_2",
        choices=["they go to zero", "they stay near 1/16", "they become those of the others"])

# %%
grey = digits(binary=False)
runaway = VAE(8, 64, 64, seeded(2), likelihood="gaussian", scale="diagonal")
q = Amortized(MeanField(8), mlp(64, 64, 16, seeded(3)))
learn(runaway, q, grey.train, steps=600)
constant = grey.train.std(0) == 0
scale = runaway.output.log_scale.exp()
print(f"without a floor, after 600 steps: scales of the {int(constant.sum())} constant pixels {scale[constant].mean():.1e}, "
      f"of the others {scale[~constant].mean():.3f}")

# %% [markdown]
# The scales started at 1 and are still falling. Training follows slowly: Adam at a rate of 0.01 lowers a log scale by hardly more than 0.01 a step, and later the scale can fall no further than the error of the pixel's *mean*, which noisy steps never make exact. The theorem is about the objective. So we set the mean of the constant pixels to their value, and halve their scales by hand.

# %%
bounds, last = [], runaway.decoder[-1]
with torch.no_grad():
    last.weight[constant], last.bias[constant] = 0.0, grey.train[0, constant]
    for _ in range(5):
        bounds.append(analytic_kl(runaway, q, grey.train, 1, generator=seeded(0)).mean().item())
        runaway.output.log_scale[constant] -= math.log(2)
gains = [after - before for before, after in zip(bounds, bounds[1:], strict=False)]
print("gain of the ELBO for each halving, per constant pixel:", "  ".join(f"{gain / constant.sum().item():.4f}" for gain in gains))
assert all(abs(gain / constant.sum().item() - math.log(2)) < 1e-3 for gain in gains)

# %%
# Run this cell to compare it with your prediction.
reveal("13_2", "they go to zero")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# They go to zero. Once its mean is exact, the density at a constant pixel is $1/(\sigma\sqrt{2\pi})$, and nothing stops it from growing: the likelihood has **no maximum**, and $\log p(x)$ grows by $\log 2$ for each halving and each such pixel. Scores of such models mean nothing. A floor helps: $\sigma = \sigma_{\min} + e^{s}$. Grey values come in steps of 1/16, so a floor of that order says no more than the data do.
#
# </details>
#
# With a floor of 1/32 we compare four likelihoods, by the importance-sampled log-density of new images (section 6 explains the estimate).

# %%
choices = {"fixed, sigma² = 1/2": 0.5**0.5, "one learned scale": "shared", "one for each pixel": "diagonal",
           "written by the network": "network"}
grey_models, scores = {}, {}


def fit_grey(name):
    p = VAE(8, 64, 64, seeded(2), likelihood="gaussian", scale=choices[name], smallest=1 / 32)
    q = Amortized(MeanField(8), mlp(64, 64, 16, seeded(3)))
    learn(p, q, grey.train)
    found = importance_log_evidence(p, q, grey.test, 100, seeded(4)).value
    grey_models[name], scores[name] = (p, q), (found.mean().item(), (found.std() / len(found) ** 0.5).item())
    print(f"{name:24s} log p(x) of new images {scores[name][0]:8.2f} ± {scores[name][1]:.2f}"
          f"   active latents {active_units(q, grey.test).number}")


fit_grey("fixed, sigma² = 1/2"), fit_grey("one learned scale");

# %%
fit_grey("one for each pixel"), fit_grey("written by the network");

# %%
with torch.no_grad():
    p, q = grey_models["written by the network"]
    written = p.likelihood(q.distribution(grey.test).mean).stddev
one_each = grey_models["one for each pixel"][0].output.log_scales(grey.train).exp()
seven = grey.test_labels == 7
pages = [("one scale for each pixel", one_each), ("the network's, mean", written.mean(0)),
         ("the network's, for the seven", written[seven][0])]
show(figures.scale_maps(grey.test[seven][0], pages, scores),
     alt="A grey seven, and three maps of learned scales: small at the border, large where strokes vary. For the seven "
         "the network's scales are smallest on the white ground, and largest at two ends of the strokes. Right: log-densities of new images, from "
         "lowest to highest: fixed, one learned scale, one for each pixel, network.")

# %% [markdown]
# In these runs, one of each and not at rest, learning the scale is worth tens of nats, many times the errors printed; letting it depend on z more again: the model may say *where it is unsure* in this image. The fixed one also kept fewer latents active. Section 8 says exactly how many, in a case where it can be computed.
#
# ## 6. How good is it?
#
# The ELBO confuses two faults: a bad model, and a bad encoder. The honest score is $\log p(x)$ of images held out. It is estimated by importance sampling with the encoder as proposal,
#
# $$\log \hat p_K(x) = \log \frac1K \sum_{k=1}^K w_k, \qquad w_k = \frac{p_\theta(x, z_k)}{q_\phi(z_k \mid x)}, \quad z_k \sim q_\phi(z \mid x).$$
#
# $\hat p_K$ is unbiased for $p(x)$; its logarithm is biased *downwards*, by about $v / 2K$ once K is large against v, the variance of $w / p(x)$. Reported test likelihoods are therefore too low, by an amount that the paper seldom knows. We know: with two latents $\log p(x)$ is a sum over a grid.
#
# ### Aside: how far too low?
#
# > **Predict 3.** An encoder that maximizes the ELBO is, if anything, too *narrow*. We also try it with all scales multiplied by 1.5, as a proposal only. Does that help or harm? And is the *mean* over images a fair summary?

# %%
predict("13_3", choices=[
    "helps, and is fair",
    "harms at K = 1, helps at larger K; not fair",
    "harms at every K; not fair",
    "harms at K = 1, helps at larger K; fair"])

# %% [markdown]
# The middle image's gaps become tiny, and to measure them we use what we know: with $r = \hat p_K / p(x)$, $\mathbb E\, r = 1$ exactly, so that the gap $-\mathbb E \log r$ is also $\mathbb E[r - 1 - \log r]$, which is never negative and much less noisy: $r - 1$ is a control variate.

# %%
def gaps_of(q, k, again):
    """Mean over images of the gap, and the gap of the middle image by the control variate."""
    values = [importance_log_evidence(p2, q, test[:200], k, seeded(1000 * k + r, device)).value for r in range(again)]
    log_r = torch.stack(values) - exact2
    return -log_r.mean().item(), (log_r.exp() - 1 - log_r).mean(0).median().item()


wide = copy.deepcopy(q2)
with torch.no_grad():
    wide.encoder[-1].bias[2:] += math.log(1.5)
counts, gaps = torch.tensor([1, 4, 16, 64, 256, 1024]), {}
for name, q in (("encoder", q2), ("scales times 1.5", wide)):
    mean, middle = zip(*(gaps_of(q, k, max(8, 256 // k)) for k in counts.tolist()), strict=True)
    gaps[f"{name}: mean"], gaps[f"{name}: middle image"] = mean, middle

# %%
v = 1024 * importance_log_evidence(p2, wide, test[:200], 1024, seeded(1, device)).standard_error.square().median().item()
for name, gap in gaps.items():
    print(f"{name:32s} gap at K = 1, 4, ..., 1024: " + "  ".join(f"{value:.4f}" for value in gap))
print(f"{'predicted, v / 2K':32s} {' ':49s} {v / 512:.4f}  {v / 2048:.4f}")
show(figures.evidence_bias(counts, gaps, v / (2 * counts)),
     alt="On log scales, gaps below the exact log-likelihood over K. The widened encoder's middle "
         "image falls in proportion to 1 over K, on the dashed prediction from K = 16 on; the "
         "encoder's own middle image is above it from K = 4 on. From K = 4 on the means over images "
         "lie above both and fall more slowly; at K = 1024 they are far above.")

# %%
# Run this cell to compare it with your prediction.
reveal("13_3", "harms at K = 1, helps at larger K; not fair")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# It harms at K = 1: the wider q is the worse approximation, and the ELBO is lower. It helps at larger K: where q has lighter tails than the posterior, a few enormous weights are missing from most samples, and v is huge or infinite. A wider proposal wastes samples and misses less: importance sampling forgives width better than narrowness. For the middle image the gap then follows $v/2K$.
# The mean does not, for either proposal: at large K it is many times the middle image's gap, so a minority of images rules it. Presumably they are those whose posterior the encoder misses; unit 10 finds such images with the Pareto $\hat k$.
#
# </details>
#
# ### Aside: two bounds are hard to compare
#
# With eight latents there is no grid, and importance sampling is what we have. Its log stays a lower bound on average, and to compare two lower bounds is safe in no direction: the higher one may belong to the worse model with the better encoder. Safe is only this: if A's *lower* bound is above B's exact value, or above an upper bound for B, then A is better.

# %%
for name, p, q in (("two latents", p2, q2), ("eight latents", p8, q8)):
    with torch.no_grad():
        lower = analytic_kl(p, q, test, 50, generator=seeded(3, device)).mean()
    found = [importance_log_evidence(p, q, test, k, seeded(k, device)).value.mean() for k in (10, 100, 1000)]
    print(f"{name:14s} ELBO {lower:7.2f}   K = 10, 100, 1000: " + "  ".join(f"{value:7.2f}" for value in found)
          + f"   active {active_units(q, test).number}")

# %% [markdown]
# ### Five ways, ranked exactly
#
# Fit a normal $N(m, CC^\top)$ to the autoencoder's codes. Then $z \sim N(0, I)$, $x \mid z \sim$ bits with logits $g(m + Cz)$ *is* a latent-variable model, with two latents, and the grid gives its $\log p(x)$ exactly. So it can be ranked with others of its size. Here is an arena: one model (two latents, 64 hidden units), five ways to find its decoder, one exact judge.
#
# 1. The **autoencoder**, with the normal fitted to its codes.
# 2. The **VAE**, with the KL in closed form.
# 3. The same objective by **sticking the landing**.
# 4. The **IWAE**: the importance-weighted bound of ten samples (unit 10).
# 5. **Exact likelihood**: no encoder. We climb $\log p(x)$ itself, a sum over a grid of 41 by 41 points that is shifted at random at each step.
#
# All start at the same weights and see the same batches, five seeds each; Adam's rate falls to zero. `train_one_way` trains one of them. The judge's grid has 161 by 161 points. How exact is that? The autoencoder is the hardest to judge, since nothing keeps its codes apart: for one seed, after 8,000 steps, twice and four times as fine a grid added 0.010 and then 0.002 nats to its mean score (and up to 0.9 to a single image). That is small beside the differences below.
#
# > **Predict 4.** All five are trained for 2,000 steps, and the first four once more, from the start, for 8,000 (exact likelihood, whose step costs nine times the VAE's, is not).
# > Which of the four then has the highest $\log p(x)$ of new images?

# %%
predict("13_4", choices=["the autoencoder", "the VAE", "sticking the landing", "the IWAE"])

# %%
arena, small = stored_table("arena"), digits()
for steps in sorted(arena, key=int):
    for way in arena[steps]:
        found = {part: torch.tensor(arena[steps][way][part]) for part in ("train", "test")}
        print(f"{steps:>6s} steps  {way:26s}" + "   ".join(
            f"{part} {scores.mean():.2f} ± {scores.std() / 5**0.5:.2f}" for part, scores in found.items())
            + f"   {arena[steps][way]['seconds']:4d} s for five seeds")
unfitted = torch.tensor(arena["8000"]["autoencoder"]["unfitted"])
print(f"the autoencoder with N(0, I), not fitted: test {unfitted.mean():.2f}")

# %%
show(figures.arena(arena, WAYS),
     alt="Exact log p(x) over training steps, five ways, left of training images and right of new ones. After 2,000 steps the exact likelihood, the autoencoder and the IWAE lie close together, above both VAEs. "
         "After 8,000 steps the autoencoder and the IWAE are together on training images, 0.6 to 0.8 nats above the VAEs; on new images the IWAE is highest, then the autoencoder, then sticking the landing, then the VAE.")

# %%
def lead(first, second, part, steps="8000"):
    """Paired over the seeds: exact log p(x) of the first way minus that of the second."""
    return [one - two for one, two in zip(arena[steps][first][part], arena[steps][second][part], strict=True)]


landing = "VAE, sticking the landing"
claim("not fitted, the autoencoder is worse than the VAE", unfitted - torch.tensor(arena["8000"]["VAE"]["test"]), -1)
for rival in ("VAE", landing):
    claim(f"fitted, the autoencoder is better than the {rival}, on new images", lead("autoencoder", rival, "test"), +1)
    claim(f"and on training images, than the {rival}", lead("autoencoder", rival, "train"), +1)
    claim(f"IWAE is better than the {rival}, on new images", lead("IWAE", rival, "test"), +1)
claim("sticking the landing is better than the closed form, on new images", lead(landing, "VAE", "test"), +1)
claim("IWAE is better than the fitted autoencoder, on new images", lead("IWAE", "autoencoder", "test"), +1)
claim("IWAE and the autoencoder: no difference seen on training images", lead("IWAE", "autoencoder", "train"), 0);

# %%
for rival in ("VAE", landing):
    claim(f"after 2,000 steps: exact likelihood is better than the {rival}, on training images", lead("exact likelihood", rival, "train", "2000"), +1)
    claim(f"and on new ones, than the {rival}", lead("exact likelihood", rival, "test", "2000"), +1)
claim("after 2,000 steps: exact likelihood and the autoencoder, no difference seen on new images", lead("exact likelihood", "autoencoder", "test", "2000"), 0);

# %%
# Run this cell to compare it with your prediction.
reveal("13_4", "the IWAE")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Not fitted, the autoencoder is nine nats behind: what it lacked was not a good decoder but a distribution. Fitted, it is *ahead of both VAEs*, by two tenths and one tenth of a nat on new images after 8,000 steps, and by 0.8 and 0.7 on training images. So "a VAE has a better $p(x)$" is not the reason to want one, at least not with two latents. (How sure is the order? The errors count seeds; all five share the same 297 images, so it is an order for these. With five seeds the two differences of a tenth of a nat are just past our three standard errors, and $p = 0.03$ by Student's distribution, for each of them alone. The other orderings are clearer.)
#
# What holds the VAEs back? The two ways that come closer to climbing $\log p(x)$ itself, on the same networks and batches, do better: the exact likelihood is ahead of both VAEs after 2,000 steps (and not distinguishable from the autoencoder), and the IWAE, whose bound is tighter, is ahead of both VAEs and, on new images, of the autoencoder after 8,000. (It also takes ten samples a step where the VAEs take one, and quieter gradients count: noise is all that sticking the landing and the closed form differ in.) That points at the price of the ELBO: it pays for a posterior that a Gaussian cannot express and the encoder does not find (unit 11's
# two gaps), and the decoder is bent to make them small. It is a reading of the ranking, not a proof of it.
#
# What the table does not show: rest. With 8,000 steps in place of 2,000 the four gain about a nat each on new images, and the autoencoder's lead over the VAEs falls from half a nat or more to a quarter or less; with more steps the order may change again. And exact likelihood was not trained for more than 2,000. On training images it should win in the end, since nothing else climbs just that; after 2,000 steps it leads the VAEs there, and not yet clearly the autoencoder.
#
# </details>
#
# What only the VAE and its kin give: *one* objective for all of it; a posterior for each image and not a point; a lower bound on $\log p(x)$ that needs no grid; and, with the encoder as proposal, an unbiased estimate of $p(x)$ in any dimension. The grid that ranks these five exists in two dimensions and is out of reach in eight; the autoencoder's encoder proposes only a point, so to score it in eight dimensions takes another sampler of the posterior: a second encoder, fitted to the finished decoder, or annealed importance sampling (Wu and his co-authors, 2017).

# %% [markdown]
# ### Aside: one seed again
#
# One seed, alone and for 1,000 steps, to see that the code still does what it did when the table was made.

# %%
def score_again(way, seed=0, steps=1000):
    run = train_one_way(way, small.train, [seed], steps)
    place = fitted_normal(run.encoder, small.train) if way == "autoencoder" else lambda z: z.unsqueeze(0)
    with torch.no_grad():
        now = grid_log_evidence(run.decoder, small.test, place=place).mean().item()
    then = stored_table("again")[str(steps)][way]["test"][seed]
    print(f"{way:26s} now {now:.2f}   then {then:.2f}")
    assert smoke_cap(steps) < steps or abs(now - then) < 0.3


score_again("autoencoder"), score_again("VAE")

# %%
score_again("VAE, sticking the landing"), score_again("IWAE")

# %%
score_again("exact likelihood")

# %% [markdown]
# ## 7. The missing half
#
# Show the model the upper half of a digit. Pixels are independent given z, so the lower half is known through z alone:
#
# $$p(x_{\text{low}} \mid x_{\text{up}}) = \int p(x_{\text{low}} \mid z)\, p(z \mid x_{\text{up}})\, dz, \qquad p(z \mid x_{\text{up}}) \propto p(z) \prod_{i \in \text{up}} p(x_i \mid z).$$
#
# The encoder is of no direct use: it was trained on whole images. The model does not care: a missing pixel is a factor left out. With two latents we have the posterior on the grid, exactly, and may *draw* from it.

# %%
upper = torch.arange(pixels, device=device) < pixels // 2
seen = test[:12]
_, z, log_joint = on_the_plane(lambda z: p2.decoder(z)[:, upper], seen[:, upper])      # the lower pixels are left out
weights = log_joint.softmax(-1)
pictures = p2.likelihood(z).mean.detach()
mean = torch.where(upper, seen, weights @ pictures)
chosen = torch.multinomial(weights, 3, generator=seeded(0, device)).T                 # three z for each image

# %%
rows_ = [("whole", seen), ("what is seen", torch.where(upper, seen, 0.5)), ("mean of the posterior predictive, exact", mean),
         *((f"completion {r + 1}: the mean of x at a z drawn from the posterior", torch.where(upper, seen, pictures[chosen[r]])) for r in range(3))]
show(figures.picture_rows(rows_, 12),
     alt="Six rows of twelve digits: whole, upper halves, exact predictive means, which are blurred "
         "where several digits fit, and three rows of completions, each the decoded mean at a z drawn from "
         "the posterior: mostly sharper, and sometimes different from one another.")

# %% [markdown]
# The blur of the mean is no weakness: where a 3, a 5 and an 8 begin alike, the right answer *is* a mixture. But a mixture of what? The mean gives a probability to each pixel, and multiplying them says that the missing pixels know nothing of each other. The model says more. Its **joint predictive density** of the whole missing half is two sums over the grid,
#
# $$\log p(x_{\text{low}} \mid x_{\text{up}}) = \log p(x) - \log p(x_{\text{up}}).$$
#
# > **Predict 5.** By which of the two does the true lower half score higher: by the product of its pixels' predictive probabilities, or by the joint? By a tenth of a nat, one nat, or ten?

# %%
predict("13_5", choices=[
    "the product, by a nat",
    "the joint, by a tenth",
    "the joint, by a nat",
    "the joint, by ten"])

# %% [markdown]
# We score all 297 test images under five models (sticking the landing, 2,000 steps, five seeds).

# %%
half = torch.arange(64) < 32
five = train_one_way("VAE, sticking the landing", small.train, range(5), 2000)


@torch.no_grad()
def completion_scores(decoder, x):
    """Log-scores of the true lower halves, (seeds, N): jointly, and pixel by pixel."""
    joint = grid_log_evidence(decoder, x) - grid_log_evidence(lambda z: decoder(z)[..., half], x[:, half])
    axis = torch.linspace(-5, 5, 101)
    z = torch.cartesian_prod(axis, axis)
    up, low = decoder(z).split(32, -1)
    log_w = x[:, half] @ up.mT - (softplus(up).sum(-1) + 0.5 * z.square().sum(-1)).unsqueeze(-2)
    return joint, pixel_by_pixel(log_w.softmax(-1) @ low.sigmoid(), x)


def pixel_by_pixel(probability, x):
    return torch.distributions.Bernoulli(probability.clamp(1e-3, 1 - 1e-3)).log_prob(x[:, ~half]).sum(-1)


# %%
joint, product = completion_scores(five.decoder, small.test)
alone = pixel_by_pixel(small.train.mean(0)[~half], small.test)
for name, found in (("pixels independent, upper half unused", alone.expand(5, -1)), ("product of predictive probabilities", product),
                    ("joint predictive density", joint)):
    print(f"{name:38s} {found.mean():7.2f} nats   by seed " + "  ".join(f"{value:.2f}" for value in found.mean(-1)))
claim("the joint predictive density gives the true half a higher score than its pixels one by one", (joint - product).mean(-1), +1);

# %%
# Run this cell to compare it with your prediction.
reveal("13_5", "the joint, by a nat")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# The joint, by more than a nat. Averaged over lower halves drawn from the model itself, given the upper one, the difference is $\mathrm{KL}(\text{joint} \,\|\, \text{product of its marginals})$, which is never negative: what the missing pixels know of each other once the upper half is seen. On real digits nothing guarantees the sign; it is measured. The lesson for use: *draw* z once and then all the pixels (the figure above stops at their means), or score them together; an average of
# pictures is the answer to another question, one pixel at a time.
#
# </details>
#
# The problem set has you complete images with importance weights, in any dimension.
#
# ## 8. A case with every answer: the linear VAE
#
# Let the decoder be affine and the noise Gaussian with one scale: $x \mid z \sim N(Wz + b, \sigma^2 I)$. Then $x \sim N(b, WW^\top + \sigma^2 I)$, the posterior is Gaussian, and the model is **probabilistic PCA**. With $\lambda_1 \ge \lambda_2 \ge \dots$ the eigenvalues of the covariance of the data, the maximum of the likelihood is known, up to a rotation of z (Tipping and Bishop):
#
# - column i of W lies along eigenvector i and has squared length $\lambda_i - \sigma^2$ if that is positive, **else it is zero**;
# - if $\sigma$ is learned too, $\sigma^2$ is the mean of the eigenvalues left out.
#
# And an affine encoder with a *diagonal* q is enough to reach it: a rotation of z leaves $p(x)$ alone, but only the rotation in which the columns of W are orthogonal has a diagonal posterior, hence no gap. Lucas and his co-authors prove more: in this model the ELBO has no local maxima that the likelihood does not have, and its other stationary points are saddles. So training by the ELBO should end at the maximum likelihood, **and on the principal axes**.
#
# ### Water over the eigenvalues
#
# Fix $\sigma$, and look along one principal axis.
#
# - If $\lambda_i > \sigma^2$, the model's variance there equals the data's, and q is the exact posterior. Posterior means are linear in x, so second moments are all that counts, and a z drawn from the posteriors of the data has the variance of one drawn from the model: 1. By the law of total variance it splits into the variance of the posterior's mean and the mean of its variance: **activity + posterior variance = 1**. The aggregate posterior matches the prior (in mean and covariance; in all if the data are Gaussian). That will matter to Bob in section 11.
# - x has variance $\lambda_i$ along that axis, and $\sigma^2$ of it is noise: a Gaussian channel. The average KL of that latent, what its messages say, is $\tfrac12 \log(\lambda_i / \sigma^2)$ nats.
# - If $\lambda_i \le \sigma^2$ the latent is off: activity 0, posterior variance 1, KL 0.
#
# Picture the eigenvalues as a landscape and $\sigma^2$ as the level of the water. What sticks out is transmitted, at a rate of half its height above the water *on a log scale*, as in the left panel below; what lies below is not. It is the **reverse water-filling** of rate-distortion theory, for a Gaussian source (T. M. Cover, J. A. Thomas, *Elements of Information Theory*, 2nd edition 2006, section 10.3), found by a VAE:
#
# $$\frac1N \sum_n \mathrm{KL}\big(q(z \mid x_n) \,\|\, p(z)\big) = \sum_{i:\, \lambda_i > \sigma^2} \tfrac12 \log \frac{\lambda_i}{\sigma^2}.$$
#
# > **Predict 6.** We fix $\sigma = 0.36$, so the water stands at 0.1296, and offer twelve latents. Eigenvalues 7 to 12 of the data are 0.197, 0.171, 0.159, 0.143, 0.111 and 0.105. How many latents will be active? Which one costs most?

# %%
predict("13_6", choices=["7", "9", "10", "12"])

# %%
data = digits(binary=False).train.double()
eigenvalues = torch.linalg.eigvalsh(torch.cov(data.T, correction=0)).flip(0)
sigma, offered = 0.36, 12
print(f"water {sigma**2:.4f}; eigenvalues 7 to 12:", "  ".join(f"{value:.4f}" for value in eigenvalues[6:12].tolist()))
rate = (0.5 * (eigenvalues[:offered] / sigma**2).log()).clamp_min(0)                     # predicted, in nats
linear = VAE(offered, 64, 0, seeded(0), likelihood="gaussian", scale=sigma).double()
flat = Amortized(MeanField(offered), mlp(64, 0, 2 * offered, seeded(1))).double()
for learning_rate in (0.02, 0.004, 0.001):
    fit(linear, flat, data, sticking_the_landing, steps=500, learning_rate=learning_rate, batch_size=500, seed=0, progress=False)

# %%
with torch.no_grad():
    q = flat.distribution(data)
    cost = kl_divergence(torch.distributions.Normal(q.loc, q.stddev), normal).mean(0)
order = cost.argsort(descending=True)
activity, remaining, cost = q.loc.var(0, correction=0)[order], q.variance.mean(0)[order], cost[order]
off = {"activity + posterior variance - 1": activity + remaining - 1, "KL of a latent, measured - predicted": cost - rate}
for name, found in off.items():
    print(f"{name:38s} largest {found.abs().max():.4f}")
    assert smoke_cap(500) < 500 or found.abs().max() < 0.06
print(f"average KL: predicted {rate.sum():.3f} nats, measured {cost.sum():.3f}")

# %%
show(figures.water_filling(eigenvalues[:20], sigma**2, rate, cost, activity, remaining),
     alt="Left: the first twenty eigenvalues as bars on a log scale, and the water level; ten stand above it, the eleventh is just below. "
         "Middle: predicted rates as bars that fall from the first latent to the tenth and are zero after it, with measured ones as dots on them, but for the tenth, whose dot is near zero. "
         "Right: for each latent, activity and posterior variance stacked: they fill the unit for all twelve.")

# %%
fit(linear, flat, data, sticking_the_landing, steps=2000, learning_rate=0.004, batch_size=500, seed=0, progress=False)
with torch.no_grad():
    q = flat.distribution(data)
later = kl_divergence(torch.distributions.Normal(q.loc, q.stddev), normal).mean(0).detach().sort(descending=True).values[9].item()
print(f"latent 10: predicted {rate[9]:.3f} nats, measured {cost[9]:.3f}, and after 2,000 steps more {later:.3f}")
assert smoke_cap(2000) < 2000 or later > (cost[9] + rate[9]) / 2

# %%
# Run this cell to compare it with your prediction.
reveal("13_6", "10")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# Ten. The eleventh eigenvalue is below the water, if not by much, and the last two latents are off: not by a fault of training, but because maximum likelihood wants it so. The first costs most, since it says most. After 1,500 steps nine of the ten cost what they should, to 0.02 nats. The tenth, barely above the water, should cost 0.05 nats and has hardly begun: at $w = 0$ the curvature of the log-likelihood along its axis is $(\lambda_i - \sigma^2)/\sigma^4$, so what stands lowest above the water should rise last. It does rise: trained on for 2,000 steps, it closes most of the gap. A silent latent need not be a fault. (What evidence and activities come to is the problem set's to predict.)
#
# </details>

# %% [markdown]
# ### Aside: with $\sigma$ learned
#
# The closed form is the course's `ProbabilisticPCA.maximum_likelihood`; here with five latents.

# %%
pca = ProbabilisticPCA.maximum_likelihood(data, 5)
p = VAE(5, 64, 0, seeded(2), likelihood="gaussian", scale="shared").double()
q = Amortized(MeanField(5), mlp(64, 0, 10, seeded(3))).double()
for rate in (0.02, 0.004, 0.001):
    fit(p, q, data, sticking_the_landing, steps=500, learning_rate=rate, batch_size=500, seed=0, progress=False)
with torch.no_grad():
    lower = sticking_the_landing(p, q, data, 20, generator=seeded(4)).mean()
    columns = nn.functional.normalize(p.decoder[0].weight, dim=0)
print(f"evidence: probabilistic PCA {pca.log_evidence(data).mean():.4f}   VAE {p.log_evidence(data).mean():.4f}   ELBO {lower:.4f}")
print(f"sigma: {pca.log_noise_scale.exp():.4f} and {p.output.log_scale.exp().item():.4f}")
print(f"columns of W, largest |cosine| between two: {(columns.T @ columns - torch.eye(5)).abs().max():.3f}")
assert smoke_cap(500) < 500 or abs(pca.log_evidence(data).mean() - lower) < 0.03

# %% [markdown]
# So in the linear case bound, evidence and closed form meet, here to 0.02 nats. The diagonal q does no harm, and it even chooses the axes. Note that last point: it is not the prior but the *family* that breaks the symmetry.
#
# ## 9. Collapse
#
# A latent has **collapsed** when $q(z_d \mid x)$ is the prior for every x: it costs nothing and says nothing. We count **active units**, $A_d = \operatorname{Var}_x(\mathbb E_q[z_d]) > 0.01$. Why do units collapse? Three reasons, often confused:
#
# 1. **The model wants it.** Section 8: if the noise can explain what the latent could, maximum likelihood itself sets the column to zero. No trick of training is right here; change the model (learn $\sigma$).
# 2. **The optimum has it, but only for this q.** A family that cannot express the posterior makes a latent more expensive than it is worth.
# 3. **Training falls into it.** At the start z is noise to the decoder, so the KL may win, the encoder falls silent, and the decoder learns to do without. Two remedies are in use: **warm-up** (KL annealing), the KL weighted by $\beta$ that rises from 0 to 1 over the first part of training; and **free bits**, each latent's KL, averaged over the batch, counted as at least so many nats, so that nothing is gained by going below.
#
# Both change the objective: with $\beta < 1$ it is **no lower bound** on $\log p(x)$; with free bits it lies below the ELBO. Warm-up ends at the ELBO; free bits do not. Judge the result by the unchanged ELBO or $\log p(x)$.
#
# The third reason needs a decoder that can do without, and ours hardly can: a pixel knows the others through z alone. So we give it one, whose logits are $f_\theta(z)_i + \sum_j A_{ij} x_j$, where j runs over the pixels *before* i that are at most two rows and two columns away. Eight latents, five seeds; plain, warm-up over the first half of the steps, free bits of 0.3 nats; all from the same weights, on the same batches, with the same noise.
#
# > **Predict 7.** Which decoder lets go of more latents? Which of the three ways keeps most of them under the one that sees neighbours, and which has the best $\log p(x)$ of new images? Is it the same one?

# %%
predict("13_7", choices=[
    "the plain one; a remedy wins both",
    "the plain one; two winners",
    "the one that sees neighbours; a remedy wins both",
    "the one that sees neighbours; no winner on new images"])

# %%
trials = stored_table("collapse")


def numbers(steps, decoder, part):
    """(3 ways, 5 seeds); activities become the number above 0.1."""
    values = torch.tensor(trials[steps][decoder][part])
    return (values > 0.1).sum(-1).float() if part == "activity" else values


for steps in trials:
    for decoder in trials[steps]:
        print(f"{steps} steps, {decoder}, {trials[steps][decoder]['seconds']} s")
        for way, active, test_score, train_score, kl in zip(REMEDIES, *(
                numbers(steps, decoder, part) for part in ("activity", "test", "train", "rate")), strict=True):
            print(f"   {way:10s} active {active.int().tolist()}   KL {kl.mean():.2f}   log p(x) {test_score.mean():.3f}, training images {train_score.mean():.3f}")

# %%
for steps in trials:
    alone, seeing = (numbers(steps, f"neighbours {reach}", "rate") for reach in (0, 2))
    claim(f"{steps} steps, plain: a decoder that sees neighbours lets z say less (nats)", seeing[0] - alone[0], -1)
    silent = numbers(steps, "neighbours 2", "activity")[0] - numbers(steps, "neighbours 0", "activity")[0]
    claim(f"{steps} steps, plain: a decoder that sees neighbours leaves fewer latents above 0.1", silent, -1)
    active, fitted, new = (numbers(steps, "neighbours 2", part) for part in ("activity", "train", "test"))
    for row, way in ((1, "warm-up"), (2, "free bits")):
        claim(f"{steps} steps, neighbours: {way} keeps more latents above 0.1 than plain", active[row] - active[0], +1)
        claim(f"{steps} steps, neighbours: between {way} and plain no difference is seen on new images", new[row] - new[0], 0)
    claim(f"{steps} steps, neighbours: on training images warm-up has the higher log p(x)", fitted[1] - fitted[0], +1)

# %%
STEPS = max(trials, key=int)
activities = dict(zip(REMEDIES, torch.tensor(trials[STEPS]["neighbours 2"]["activity"]), strict=True))
differences = {f"{way},\n{steps} steps": numbers(steps, "neighbours 2", "test")[row] - numbers(steps, "neighbours 2", "test")[0]
               for row, way in ((1, "warm-up"), (2, "free bits")) for steps in sorted(trials, key=int)}
show(figures.collapse(activities, differences),
     alt="Left: activities of eight latents under the decoder that sees neighbours, mean over five seeds after 4,000 steps. Under plain training the seventh is near 0.2 and the eighth at zero; "
         "free bits keep all above 0.45 and warm-up all above 0.55. Right: log p(x) of new images minus that of plain training, a dot for each seed. After 1,500 steps of warm-up all "
         "five lie above zero; in the other three columns they lie on both sides.")

# %%
# Run this cell to compare it with your prediction.
reveal("13_7", "the one that sees neighbours; no winner on new images")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# The one that sees neighbours: under plain training its latents say more than a nat less, and one or two of eight fall silent. So the disease is there, if mildly. Both remedies keep all eight. Warm-up also fits the *training* images better, by two or three tenths of a nat: that speaks against the first reason here, for the likelihood does not ask for the silence. On **new** images, after 1,500 steps, warm-up is ahead in all five seeds, by $0.14 \pm 0.05$: less than the three standard errors that this course asks for.
# After 4,000 steps nothing of it is left, and free bits make no difference that we can see at either. So here the remedies do what they promise, to the latents, and new images gain little or nothing. What the kept latents say may be of use for the training images only; that is a guess, and we did not vary the number of images. (All scores here are importance-sampled, with K = 100, so each is low by an amount of its own; differences of hundredths of a nat would not bear weight.) On larger images and with stronger decoders the silence can be complete, and then there is more to cure
# (Bowman and his co-authors, 2016; Chen and his, 2017). The point is to *look*, and to look at the right number: $\log p(x)$ of new images, over seeds, and not the count of active units.
#
# </details>

# %% [markdown]
# ### Aside: one seed again
#
# For 1,500 steps.

# %%
trial = collapse_trial(small.train, small.test, [0], 1500)
for way, active, score, then in zip(REMEDIES, trial.activity > 0.1, trial.log_evidence, numbers("1500", "neighbours 2", "test"), strict=True):
    print(f"{way:10s} active {int(active.sum())}   log p(x) now {score.item():.2f}, in the table {then[0]:.2f}")
    assert smoke_cap(1500) < 1500 or abs(score.item() - then[0]) < 0.3

# %% [markdown]
# ## 10. Aside: two stochastic layers
#
# Why stop at one? Let the prior of $z_1$ be a VAE itself:
#
# $$z_2 \sim N(0, I), \qquad z_1 \mid z_2 \sim N(m_\theta(z_2), \mathrm{diag}\, s_\theta(z_2)^2), \qquad x \mid z_1 \sim p_\theta(x \mid z_1).$$
#
# It is the *doubly deep Bernoulli* model of unit 01, with networks and scales learned. One may read the middle line as $z_1 = m_\theta(z_2) + s_\theta(z_2) \odot \epsilon_1$: a decoder with **noise at its transition**, and not only at its output. Every such noise is another unknown, and the recognition model has to infer it. *How* it is parametrized matters. Take the chain $z_2 \sim N(0,1)$, $z_1 = z_2 + s\,\epsilon_1$, $x = z_1 + \epsilon$. All is Gaussian, so that each family's gap to $\log p(x)$ is known:
# with $\rho$ the correlation (given x) of the two unknowns, a mean-field family misses $-\tfrac12 \log(1 - \rho^2)$. For the unknowns $(z_1, z_2)$ that is $\rho = 1/(1+s^2)$; for the noise itself, $(\epsilon_1, z_2)$, it is $\rho^2 = s^2 / (2(1 + s^2))$; and a layered family $q(z_1 \mid x)\, q(z_2 \mid z_1)$ misses nothing.

# %%
class Chain(Model):
    """z2 ~ N(0, 1), z1 = z2 + s eps1, x = z1 + noise; the latents are (z1, z2), or (eps1, z2)."""
    latent_dim, data_dim = 2, 1

    def __init__(self, s, noise_as_latent):
        super().__init__()
        self.s, self.noise_as_latent = s, noise_as_latent

    def log_factors(self, x, z):
        one, z2 = z[..., :1], z[..., 1:]
        eps, z1 = (one, z2 + self.s * one) if self.noise_as_latent else ((one - z2) / self.s, one)
        density = sum(normal.log_prob(part) for part in (z2, eps, x - z1)).sum(-1)
        return {"all": density if self.noise_as_latent else density - math.log(self.s)}


# %%
s = torch.logspace(-0.7, 0.7, 60)
families = {"mean field on (z1, z2)": -0.5 * (1 - (1 + s**2) ** -2).log(),
            "mean field on the noise (eps1, z2)": -0.5 * (1 - s**2 / (2 * (1 + s**2))).log(),
            "layered q(z1 | x) q(z2 | z1)": 0 * s}
at, x_seen, measured = torch.tensor([0.3, 1.0, 3.0]), torch.tensor([1.2]), {}

# %%
for name, as_noise in zip(families, (False, True), strict=False):
    found = []
    for scale in at.tolist():
        q, p = MeanField(2), Chain(scale, as_noise)
        fit(p, q, x_seen, sticking_the_landing, steps=600, num_samples=20, learning_rate=0.02, progress=False)
        lower = sticking_the_landing(p, q, x_seen, 20_000, generator=seeded(0)).item()
        width = (2 + scale**2) ** 0.5                                  # of x: p(x) = N(0, 2 + s^2)
        found.append(normal.log_prob(x_seen / width).item() - math.log(width) - lower)
    measured[name] = (at, torch.tensor(found))
    print(f"{name:36s} gaps measured {[f'{value:.3f}' for value in found]}")
show(figures.two_layers(s, families, measured),
     alt="Left: the two-layer model as a chain from z2 to z1 to x with noise entering at z1, and "
         "dashed arrows of the encoder upwards. Right: gaps over the scale of the transition. Mean "
         "field on the two layers has a large gap at small scales, mean field on the noise a small "
         "one that rises; the layered family has none. Dots lie on the curves.")

# %% [markdown]
# `Layered(q(z1 | x), q(z2 | z1))` is such a family, and unit 09's warning applies: in $\log q(z_2 \mid z_1)$ the parameters are frozen, and $z_1$ is not. With both layers linear the exact posterior is of this kind, so that sticking the landing and its importance-weighted form must have **no noise** in $\phi$ there. The course's tests do this in five dimensions; here with one number for each layer.

# %%
chain = HierarchicalVAE((1, 1), 1, 0, likelihood="gaussian", scale=1.0, transition=1.0).double()
with torch.no_grad():
    for net in (chain.network, chain.bottom.decoder):
        net[0].weight.fill_(1.0), net[0].bias.zero_()


def upward(slope, variance):
    """q = N(slope * input, variance), as an encoder."""
    layer = nn.Linear(1, 2).double()
    with torch.no_grad():
        layer.weight.zero_(), layer.bias.zero_()
        layer.weight[0], layer.bias[1] = slope, math.log(variance) / 2
    return Amortized(MeanField(1), layer).double()


# %%
both = Layered(upward(2 / 3, 2 / 3), upward(1 / 2, 1 / 2))
seen = torch.tensor([1.5], dtype=torch.float64)
for estimator, bound in ((reparametrized, elbo), (sticking_the_landing, elbo), (doubly_reparametrized, iwae)):
    found = gradient_moments(estimator, chain, both, seen, 5, replicates=200, bound=bound, generator=seeded(0), method="loop")
    worst = max(found.variance[key].max().item() for key, _ in both.named_parameters())
    print(f"{estimator.__name__:24s} {bound.__name__:5s} K = 5: largest variance of a phi-gradient at the posterior {worst:.1e}")

# %% [markdown]
# ### Why hierarchy is hard
#
# In practice hierarchical models are difficult to learn (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018), and the reasons can be named.
#
# *If everything is linear, there is nothing to learn*: $z_1 = A z_2 + \text{noise}$ is Gaussian again, and a decoder that absorbs its covariance makes the top layer superfluous. *If the decoder of $z_1$ is flexible*, it can do the same with other shapes: most of what $z_2$ could say, $z_1$ with the prior N(0, I) can say too. With encoder and decoder of $z_1$ given, all that a top layer can add to the ELBO is
# $\mathrm{KL}(q(z_1) \,\|\, N(0, I))$, the distance between the *aggregate* posterior and the old prior; section 11 measures it for our eight latents. *And at the start* $z_2$ is two noisy steps away from the data, so its KL may win there first: that is a guess, which we do not test.

# %%
def two_layers(seed):
    p = HierarchicalVAE((8, 4), pixels, hidden, seeded(seed)).to(device)
    first = Amortized(MeanField(8), mlp(pixels, hidden, 16, seeded(seed + 1)))
    second = Amortized(MeanField(4), mlp(8, hidden, 8, seeded(seed + 2)))
    return p, Layered(first, second).to(device)


# %%
p, q = two_layers(seed=7)
learn(p, q, estimator=sticking_the_landing)
with torch.no_grad():
    bottom = q.first.distribution(test).mean
    layers = {"two layers, one seed": (bottom.var(0).cpu(), q.second.distribution(bottom).mean.var(0).cpu())}
print("activities on top:", "  ".join(f"{value:.3f}" for value in layers["two layers, one seed"][1].tolist()))

# %%
show(figures.layers_used(layers),
     alt="Activities of eight latents of the bottom layer and four of the top layer, as bars, each "
         "layer sorted from the most to the least active.")

# %% [markdown]
# The top layer is in use, in this one run. (The bottom layer's activities exceed one because its prior is no longer N(0, I); its unit is arbitrary.) Is it worth anything in $\log p(x)$? One run cannot say, and we claim no order between one layer and two.
#
# **Reflect.** Suppose that it turns out to be worth little. Is that a failure of training, or had the top layer little to add? What would you measure to tell? (The approximation and amortization gaps of unit 11, layer by layer; and the mismatch of section 11.) Ladder networks and their successors, which share information between the downward and the upward pass, are the subject of the references.
#
# ## 11. Alice, Bob and the aggregate posterior
#
# Alice is in space. For each image she sends Bob a sample of $q_\phi(z \mid x)$; Bob decodes it with $p_\theta(x \mid z)$. One day Alice falls silent. Bob draws $\hat z$ from the prior, decodes, and goes on showing pictures as if nothing had happened.
#
# > You will read (*Deep Generative Models*, Stanford CS236, on latent variable models) that the KL term forces the messages to be distributed like the prior, so that Bob's trick works. But the KL term compares *each* $q(z \mid x)$ with the prior. If each were equal to it, the messages would say nothing at all. What Bob needs is that the **aggregate posterior** matches,
# >
# > $$q(z) = \frac1N \sum_{n=1}^N q_\phi(z \mid x_n) \;\approx\; p(z).$$
#
# The average KL term splits in two (Hoffman and Johnson):
#
# $$\frac1N \sum_n \mathrm{KL}\big(q(z \mid x_n) \,\|\, p(z)\big) = \underbrace{I_q(x; z)}_{\text{what the messages say}} + \underbrace{\mathrm{KL}\big(q(z) \,\|\, p(z)\big)}_{\text{what Bob suffers from}}.$$
#
# We want the first and not the second; the objective charges for both. In section 8 the second was zero, to second moments, and the first was the water-filling sum. On the toy with its exact posterior: $q(z \mid x) = N(x/2, 1/2)$ and $x \sim N(0, 2)$ give $q(z) = N(0, \tfrac12 + \tfrac12)$, the prior exactly, while the messages carry $\tfrac12 \log 2 = 0.347$ nats. That is what a perfect fit looks like.
#
# > **Predict 8.** Of the average KL term of our VAEs, which share is the mismatch: most of it, half, or little?

# %%
predict("13_8", choices=["most of it", "half", "little"])

# %%
@torch.no_grad()
def split_kl(q, x, chunk=500):
    """Average KL in closed form; information and mismatch from one sample for each datum, with standard errors."""
    density = q.distribution(x)
    z = density.transport(torch.randn(density.loc.shape, generator=seeded(0, device), device=device))
    own, prior = density.log_prob(z), normal.log_prob(z).sum(-1)
    mixture = torch.cat([density.log_prob(some.unsqueeze(1)).logsumexp(-1) for some in z.split(chunk)]) - math.log(len(x))
    total = kl_divergence(torch.distributions.Normal(density.loc, density.stddev), normal).sum(-1).mean()
    return total, *((part.mean(), part.std() / len(part) ** 0.5) for part in (own - mixture, mixture - prior))


# %%
bars = {"toy, exact": (0.5 * math.log(2), 0.0)}
for name, q in (("2 latents", q2), ("8 latents", q8)):
    total, (information, one), (mismatch, two) = split_kl(q, train[:5000])
    bars[name] = (information.item(), mismatch.item())
    print(f"{name}: average KL {total:.3f} (closed form)   information {information:.3f} ± {one:.3f}"
          f"   mismatch {mismatch:.3f} ± {two:.3f}   sum {information + mismatch:.3f}")

# %%
line = torch.linspace(-3.5, 3.5, 300, device=device).unsqueeze(-1)
with torch.no_grad():
    density = q2.distribution(train[:5000])
    standardized = (line - density.loc[:, 0]) / density.stddev[:, 0]
    single = normal.log_prob(standardized).exp() / density.stddev[:, 0]                    # (300, N)
parts = [("single posteriors, at a quarter of their height", single[:, n].cpu() / 4) for n in range(0, 200, 10)]
parts.append(("aggregate posterior", single.mean(-1).cpu()))
show(figures.surgery(line[:, 0].cpu(), normal.log_prob(line[:, 0]).exp().cpu(), parts, bars),
     alt="Left: along the first latent, the standard normal prior as a dashed curve, the aggregate "
         "posterior close to it with bumps, and twenty narrow single posteriors (drawn at a quarter "
         "of their height). Right: the average KL of three models, most of it mutual information, a "
         "small rest the mismatch.")

# %%
# Run this cell to compare it with your prediction.
reveal("13_8", "little")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# Little: 4 per cent with two latents, 17 per cent with eight. (The most that the information can be is $\log N$, 7.3 nats for 1,500 images: with enough latents each message names its image.) But both parts are numbers about N as well as about the model.
#
# </details>
#
# ### Aside: a number about N
#
# The mixture $q(z)$ is made of the very images whose messages are looked up in it. With few images it has high peaks just there, so that the mismatch comes out large; it falls as N grows. What a better prior would be worth on *new* images is $\mathbb E\,[\log q(z) - \log p(z)]$ at messages of new images, with $q(z)$ still the mixture over
# the training images. With encoder and decoder given, that is how much this mixture, used as a prior, would add to the ELBO of new images.

# %%
@torch.no_grad()
def on_new_images(q, x, new):
    """log q(z) - log p(z) at messages of new images, q(z) the mixture over x: mean, and standard error."""
    z, density = q.sample(1, new, seeded(0, device))[0], q.distribution(x)
    mixture = torch.cat([density.log_prob(some.unsqueeze(1)).logsumexp(-1) for some in z.split(100)]) - math.log(len(x))
    worth = mixture - normal.log_prob(z).sum(-1)
    return worth.mean().item(), (worth.std() / len(worth) ** 0.5).item()


# %%
for n in (100, 300, 500, 1000, 1500):
    print(f"eight latents, mixture over {n:4d} images: mismatch {split_kl(q8, train[:n])[2][0]:.3f}")
parts = [train[torch.randperm(len(train), generator=seeded(draw))[:300]] for draw in range(5)]
everything = split_kl(q8, train[:1500])[2][0].item()
claim("the mismatch comes out larger with 300 images than with 1,500", [split_kl(q8, part)[2][0].item() - everything for part in parts], +1)
print("worth of the mixture as a prior, on new images: {:.2f} ± {:.2f} nats".format(*on_new_images(q8, train[:5000], test)))

# %% [markdown]
# ### Aside: two yardsticks for pictures
#
# How good are Bob's inventions? Two rough yardsticks, both in shares of pixels after a cut at one half: how far a picture is from the nearest training image (is it *like* a digit?), and how far a training image is from the nearest of 300 pictures (are *all kinds* of digits there?).

# %%
@torch.no_grad()
def two_distances(pictures):
    apart = torch.cdist((pictures > 0.5).float(), train, p=1) / pixels
    return apart.min(1).values.mean().item(), apart.min(0).values.mean().item()


# %%
z = torch.randn(300, 8, generator=seeded(0, device), device=device)
messages, flat_codes = q8.sample(1, train[:300], seeded(1, device))[0], codes.mean(0) + z[:, :2] * codes.std(0)
inventions = {"Bob: prior, eight latents": p8.likelihood(z).mean, "Alice: messages of real images": p8.likelihood(messages).mean,
              "autoencoder: N(0, I)": auto.decode(z[:, :2]),
              "autoencoder: a normal fitted to its codes": auto.decode(flat_codes), "new real images": test[:300]}
for name, found in inventions.items():
    like, kinds = two_distances(found)
    print(f"{name:44s} to the nearest image {like:.3f}   from an image to the nearest picture {kinds:.3f}")

# %% [markdown]
# Bob comes close to Alice in both. The autoencoder with N(0, I) shows few kinds of digits: near *some* image, far from most. With a normal fitted to its codes (here one with independent coordinates) it does about as well as Bob by these yardsticks. No pair of distances judges a generator; $\log p(x)$ comes nearest.
#
# ## 12. Aside: the full size
#
# With `full = True` at the top, the cells above run on binarized MNIST: 50,000 training images of 784 pixels, networks with 400 hidden units, 50,000 steps each; on a GPU if there is one. Sections 5 and 8 stay with the grey digits. Larochelle's files come without labels, so the maps lose their colours. Put the three files into a folder and name it in the environment variable `COURSE_VI_DATA`
# (`course_vi.data.binarized_mnist` verifies their sums, and fetches what is missing). For orientation, Burda and his co-authors (2016, appendix D) report for one stochastic layer on this fixed binarization a test negative log-likelihood of 88.71 nats at k = 1 and 87.10 at k = 50; they have 50 latents, two hidden layers, and a longer training than ours.
#
# Measured once on one H200, with 6,000 steps per fit instead of 50,000 (so **unconverged**), the whole notebook in five minutes: two latents $-167.8$ nats per new image (importance sampling, K = 1000), eight latents $-115.5$, sixteen $-108.6$, and two layers of eight and four $-115.0$. At this size section 4's
# comparison of the turned latent space is off by 0.7 nats. A rotation cannot change $\log p(x)$, so this is an error of the grid: values of $\log p(x)$ from it are no better than that at full size. Whether the grid is too coarse or too small there was not measured; the line that refines it, printed in section 4, is the test to run.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | the encoder's output read as log variance in one place and log scale in another | everything trains, scores are a little off | the value at fixed noise, against another implementation |
# | a mean over pixels in the reconstruction | most units collapse, or all: the KL outweighs it $D_x$ times | active units; the size of the two terms |
# | $\epsilon$ shared by all images or all latents | noisy training, odd correlations | the covariance of samples |
# | sigmoid in the decoder *and* in the loss | grey pictures, bounds near $-D_x \log 2$ | logits all in (0, 1) |
# | mean squared error as likelihood, $\sigma$ unspoken | few active units; $\beta$ "has to be tuned" | learn $\sigma$ |
# | a learned $\sigma$ without a floor | a bound that grows for ever | scales of constant pixels |
# | ELBO compared with importance-sampled bounds | a "better model" that only has a better score | the same estimator and the same K for both |
# | one analytic KL inside the logarithm of the importance-weighted bound | values above the truth | a case with exact $\log p(x)$ |
# | "collapse" blamed on training | remedies that keep units and gain nothing | $\log p(x)$ of new images, over seeds; the eigenvalues, in the linear case |
# | decoded means shown as samples | pictures better than the model | draw the pixels, too |
#
# ## What to choose
#
# | | autoencoder | probabilistic PCA | VAE | two-layer VAE |
# |---|---|---|---|---|
# | $p(x)$ | none, until a density is fitted to its codes | Gaussian, exact | infinite mixture | infinite mixture |
# | posterior of z | a point; with that density, one that no network computes | exact | $q_\phi(z \mid x)$, amortized | layered $q$ |
# | objective | reconstruction | likelihood | ELBO | ELBO, with layered noise |
# | how good? | with that density: exact on a grid, in two dimensions | exact | importance sampling, biased low | the same |
# | generate | with that density | yes | yes | yes |
# | complete a half | with that density, by the posterior given that half | exact | by the posterior given that half | the same |
# | latents that die | none (they cost nothing) | eigenvalue below $\sigma^2$ | by model, family or training | the top layer first |
# | axes of z | arbitrary | any rotation | any rotation but for q's shape | the same |
#
# ## What to remember
#
# 1. A VAE is a latent-variable **model**, fitted by the ELBO, with an amortized posterior. An autoencoder with a density fitted to its codes is a latent-variable model as well, and with two codes it was ahead of the VAE; what only the VAE gives is one objective, a posterior for each image, and a bound.
# 2. The KL in closed form is convenient; at a good q, sampling everything and dropping the score is quieter.
# 3. The likelihood is part of the model: learn its scale, and give it a floor.
# 4. Importance-sampled $\log p$ is low by about $v/2K$ where v is finite, and by an unknown amount where the encoder misses.
# 5. A missing half is predicted as a whole: draw z, then all its pixels. The product of the pixels' own probabilities is another, worse answer.
# 6. The linear VAE is probabilistic PCA, and fills water over eigenvalues: activity + posterior variance = 1, and a latent costs $\tfrac12 \log(\lambda_i / \sigma^2)$: half its height above the water, on a log scale.
# 7. Collapse can be right. Ask the model before you cure it, and judge the cure by $\log p(x)$ of new images.
# 8. Bob needs the *aggregate* posterior to match the prior. Average KL = information + mismatch.
#
# **Next**: [the problem set](../notebooks/13_variational_autoencoders/13_variational_autoencoders.ipynb); then [unit 14, Pyro](14_pyro.ipynb), where every model of the course is said a second time, as a program.
#
# ## Further reading
#
# - D. P. Kingma, M. Welling. *Auto-encoding variational Bayes.* International Conference on Learning Representations, 2014. arXiv:1312.6114.
# - D. J. Rezende, S. Mohamed, D. Wierstra. *Stochastic backpropagation and approximate inference in deep generative models.* International Conference on Machine Learning, 2014. arXiv:1401.4082.
# - M. E. Tipping, C. M. Bishop. *Probabilistic principal component analysis.* Journal of the Royal Statistical Society B 61, 611-622, 1999.
# - J. Lucas, G. Tucker, R. Grosse, M. Norouzi. *Don't blame the ELBO! A linear VAE perspective on posterior collapse.* Advances in Neural Information Processing Systems 32, 2019. arXiv:1911.02469. Section 8.
# - Y. Burda, R. Grosse, R. Salakhutdinov. *Importance weighted autoencoders.* International Conference on Learning Representations, 2016. arXiv:1509.00519. Test likelihoods, and active units.
# - S. R. Bowman, L. Vilnis, O. Vinyals, A. M. Dai, R. Jozefowicz, S. Bengio. *Generating sentences from a continuous space.* Conference on Computational Natural Language Learning, 2016. arXiv:1511.06349. KL annealing.
# - C. K. Sonderby, T. Raiko, L. Maaloe, S. K. Sonderby, O. Winther. *Ladder variational autoencoders.* Advances in Neural Information Processing Systems 29, 2016. arXiv:1602.02282. Several layers; warm-up.
# - D. P. Kingma, T. Salimans, R. Jozefowicz, X. Chen, I. Sutskever, M. Welling. *Improved variational inference with inverse autoregressive flow.* Advances in Neural Information Processing Systems 29, 2016. arXiv:1606.04934. Free bits.
# - X. Chen, D. P. Kingma, T. Salimans, Y. Duan, P. Dhariwal, J. Schulman, I. Sutskever, P. Abbeel. *Variational lossy autoencoder.* International Conference on Learning Representations, 2017. arXiv:1611.02731. Decoders that see pixels.
# - T. M. Cover, J. A. Thomas. *Elements of information theory.* 2nd edition, Wiley, 2006. Reverse water-filling.
# - P. Ghosh, M. S. M. Sajjadi, A. Vergari, M. Black, B. Scholkopf. *From variational to deterministic autoencoders.* International Conference on Learning Representations, 2020. arXiv:1903.12436. Densities fitted to codes.
# - Y. Wu, Y. Burda, R. Salakhutdinov, R. Grosse. *On the quantitative analysis of decoder-based generative models.* International Conference on Learning Representations, 2017. arXiv:1611.04273. Scores for decoders without an encoder.
# - M. D. Hoffman, M. J. Johnson. *ELBO surgery: yet another way to carve up the variational evidence lower bound.* Workshop on Advances in Approximate Bayesian Inference, 2016. Section 11.
# - H. Larochelle, I. Murray. *The neural autoregressive distribution estimator.* International Conference on Artificial Intelligence and Statistics, 2011. The binarized digits.

# %%
tally("13")
