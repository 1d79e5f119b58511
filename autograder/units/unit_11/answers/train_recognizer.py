# %% right course: The course's own families, estimator and fit.
from course_vi.families import Amortized, MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit


def train_recognizer(p, encoder, x, seed):
    q = Amortized(MeanField(1), encoder)
    first = fit(p, q, x, sticking_the_landing, steps=250, num_samples=4, learning_rate=0.05, seed=seed, progress=False)
    second = fit(p, q, x, sticking_the_landing, steps=100, num_samples=4, learning_rate=0.005, seed=seed + 1, progress=False)
    return first.bound.tolist() + second.bound.tolist()


# %% right exact_entropy: Likelihood sampled, KL to the prior in closed form, plain gradient ascent.
import math

import torch


def train_recognizer(p, encoder, x, seed):
    generator = torch.Generator().manual_seed(seed)
    bounds, steps = [], 400
    for step in range(steps):
        loc, log_scale = encoder(x).chunk(2, -1)
        eps = torch.randn(8, *loc.shape, generator=generator, dtype=x.dtype)
        eps = torch.cat([eps, -eps])
        z = loc + log_scale.exp() * eps
        reconstruction = (-0.5 * (x - z) ** 2 - 0.5 * math.log(2 * math.pi)).sum(-1).mean(0)
        kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
        bound = (reconstruction - kl).mean()
        bounds.append(bound.item())
        gradients = torch.autograd.grad(bound, list(encoder.parameters()))
        rate = 0.2 * (1 - step / steps)
        with torch.no_grad():
            for parameter, gradient in zip(encoder.parameters(), gradients):
                parameter += rate * gradient
    return bounds


# %% right landing: Sticking the landing, Adam with a falling step.
import math

import torch


def train_recognizer(p, encoder, x, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
    bounds = []
    for _ in range(300):
        loc, log_scale = encoder(x).chunk(2, -1)
        eps = torch.randn(8, *loc.shape, generator=generator, dtype=x.dtype)
        z = loc + log_scale.exp() * eps
        white = (z - loc.detach()) / log_scale.detach().exp()
        log_q = (-0.5 * white**2 - log_scale.detach() - 0.5 * math.log(2 * math.pi)).sum(-1)
        bound = (p.log_joint(x, z) - log_q).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
        schedule.step()
        bounds.append(bound.item())
    return bounds


# %% right total: The total gradient, more samples, Adam with a falling step.
import math

import torch


def train_recognizer(p, encoder, x, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
    bounds = []
    for _ in range(300):
        loc, log_scale = encoder(x).chunk(2, -1)
        eps = torch.randn(16, *loc.shape, generator=generator, dtype=x.dtype)
        z = loc + log_scale.exp() * eps
        white = (z - loc) / log_scale.exp()
        log_q = (-0.5 * white**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
        bound = (p.log_joint(x, z) - log_q).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
        schedule.step()
        bounds.append(bound.item())
    return bounds


# %% wrong downhill, from right landing: The steps were too large, or went downhill: maximize the ELBO.
# diagnosis: diverged
#-     optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
#-     schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
#+     optimizer = torch.optim.SGD(encoder.parameters(), lr=0.05)
#@@
#-     for _ in range(300):
#+     for _ in range(200):
#@@
#-         (-bound).backward()
#+         (+bound).backward()
#@@
#-         schedule.step()


# %% wrong entropy_dropped, from right landing: The scale shrinks towards zero: log q is missing from what you climb.
# diagnosis: entropy_dropped
#-         bound = (p.log_joint(x, z) - log_q).mean()
#+         bound = p.log_joint(x, z).mean()


# %% wrong ignores_x, from right landing: loc hardly depends on x: the gradient does not reach the network through z, or there were too few steps.
# diagnosis: ignores_x
#-         loc, log_scale = encoder(x).chunk(2, -1)
#+         loc, log_scale = encoder(0 * x).chunk(2, -1)


# %% wrong losses, from right landing: These look like losses: return the ELBO, not minus it.
# diagnosis: loss_history
#-         bounds.append(bound.item())
#+         bounds.append(-bound.item())


# %% wrong prior_ignored, from right landing: loc = x: the likelihood alone was climbed. The joint has a prior too.
# diagnosis: prior_ignored
#-         bound = (p.log_joint(x, z) - log_q).mean()
#+         bound = (p.likelihood(z).log_prob(x) - log_q).mean()


# %% wrong regression, from right course: log_scale is what it was. A squared error teaches only the mean: climb the ELBO.
# diagnosis: scale_not_trained
import torch


def train_recognizer(p, encoder, x, seed):
    optimizer, bounds = torch.optim.Adam(encoder.parameters(), lr=0.05), []
    for _ in range(300):
        loc, _ = encoder(x).chunk(2, -1)
        loss = ((loc - x / 2) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        bounds.append(-loss.item())
    return bounds


# %% wrong slowly_downhill, from right course: The bound falls. Optimizers minimize: hand it minus the ELBO, and clear the gradients before each step.
# diagnosis: falling
import torch
from torch.distributions import Normal


def train_recognizer(p, encoder, x, seed):
    generator, optimizer, bounds = torch.Generator().manual_seed(seed), torch.optim.SGD(encoder.parameters(), lr=0.001), []
    for _ in range(60):
        eps = torch.randn(8, *x.shape, generator=generator, dtype=x.dtype)
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        bound = (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean()
        optimizer.zero_grad()
        bound.backward()
        optimizer.step()
        bounds.append(bound.item())
    return bounds


# %% wrong too_few, from right landing: On the way, but not there. Take more steps, more samples, or smaller steps towards the end.
# diagnosis: not_there_yet
#-     optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
#-     schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
#+     optimizer = torch.optim.Adam(encoder.parameters(), lr=0.01)
#@@
#-     for _ in range(300):
#+     for _ in range(30):
#@@
#-         schedule.step()


# %% wrong untrained, from right landing: The encoder is as it was. Step an optimizer over encoder.parameters().
# diagnosis: untrained
#-     generator = torch.Generator().manual_seed(seed)
#-     optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
#-     schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
#-     bounds = []
#-     for _ in range(300):
#-         loc, log_scale = encoder(x).chunk(2, -1)
#+     import copy
#+
#+     own = copy.deepcopy(encoder)
#+     optimizer = torch.optim.Adam(own.parameters(), lr=0.05)
#+     generator, bounds = torch.Generator().manual_seed(seed), []
#+     for _ in range(100):
#+         loc, log_scale = own(x).chunk(2, -1)
#@@
#-         white = (z - loc.detach()) / log_scale.detach().exp()
#-         log_q = (-0.5 * white**2 - log_scale.detach() - 0.5 * math.log(2 * math.pi)).sum(-1)
#+         log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#@@
#-         schedule.step()
