# %% right einsum_by_hand: Every gradient written out with einsum; no graph at all, plain ascent with decaying steps.
import torch


class VAFC:
    def __init__(self, p, r_cov, logp, seed=0):
        self.p, self.r_cov, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
            "B": (0.1 * self.normal(p, r_cov)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True),
        }
        self.optim = None

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1, s2):
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n=1):
        return self.t(self.normal(n, self.r_cov), self.normal(n, self.p))

    def pr_Z(self, v):
        B, d = self.prm["B"], self.prm["sigma"] ** 2
        scaled = B / d[:, None]
        small = torch.eye(self.r_cov, dtype=B.dtype) + B.T @ scaled
        return v / d - (torch.linalg.solve(small, (v @ scaled).T).T) @ scaled.T

    def log_q(self, z):
        prm = self.prm
        return torch.distributions.LowRankMultivariateNormal(prm["mu"], prm["B"], prm["sigma"] ** 2).log_prob(z)

    def ELBO(self, z):
        with torch.no_grad():
            return (self.logp(z) - self.log_q(z)).mean()

    def gradient(self, s1, s2):
        with torch.no_grad():
            z = self.t(s1, s2)
        leaf = z.clone().requires_grad_()
        slope = torch.autograd.grad(self.logp(leaf).sum(), leaf)[0]
        with torch.no_grad():
            r = slope + self.pr_Z(z - self.prm["mu"])
            n = r.shape[0]
            return {"mu": r.mean(0), "B": torch.einsum("ni,nj->ij", r, s1) / n, "sigma": torch.einsum("ni,ni->i", r, s2) / n}

    def train_step(self, n_BZ=20, rate=0.05):
        found = self.gradient(self.normal(n_BZ, self.r_cov), self.normal(n_BZ, self.p))
        with torch.no_grad():
            for name, value in self.prm.items():
                value += rate * found[name].clamp(-5, 5)

    def full_train(self, num_steps, n_BZ=20):
        for step in range(num_steps):
            self.train_step(n_BZ, 0.05 / (1 + 4 * step / num_steps))
        return self.ELBO(self.sample(1000).detach())


# %% right frozen_density: Sticking the landing by a frozen low-rank density, differentiated by backward; Woodbury by a Cholesky factor.
import torch


class VAFC:
    def __init__(self, p, r_cov, logp, seed=0):
        self.p, self.r_cov, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
            "B": (0.1 * self.normal(p, r_cov)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True),
        }
        self.optim = None

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1, s2):
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n=1):
        return self.t(self.normal(n, self.r_cov), self.normal(n, self.p))

    def pr_Z(self, v):
        weights = self.prm["sigma"].square().reciprocal()
        B = self.prm["B"]
        factor = torch.linalg.cholesky(torch.eye(self.r_cov, dtype=B.dtype) + B.T @ (weights[:, None] * B))
        inner = torch.cholesky_solve((B.T @ (weights * v).unsqueeze(-1)), factor)
        return weights * (v - (B @ inner).squeeze(-1))

    def log_q(self, z):
        prm = self.prm
        return torch.distributions.LowRankMultivariateNormal(prm["mu"], prm["B"], prm["sigma"] ** 2).log_prob(z)

    def ELBO(self, z):
        with torch.no_grad():
            return (self.logp(z) - self.log_q(z)).mean()

    def gradient(self, s1, s2):
        z = self.t(s1, s2)
        mu, B, sigma = (value.detach() for value in self.prm.values())
        frozen = torch.distributions.LowRankMultivariateNormal(mu, B, sigma**2)
        for value in self.prm.values():
            value.grad = None
        (self.logp(z) - frozen.log_prob(z)).mean().backward()
        return {name: value.grad.clone() for name, value in self.prm.items()}

    def train_step(self, n_BZ=10):
        s1, s2 = self.normal(n_BZ, self.r_cov), self.normal(n_BZ, self.p)
        for name, g in self.gradient(s1, s2).items():
            self.prm[name].grad = -g
        self.optim = self.optim or torch.optim.Adam(self.prm.values(), lr=0.05)
        self.optim.step()

    def full_train(self, num_steps, n_BZ=10):
        self.optim = torch.optim.Adam(self.prm.values(), lr=0.05)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optim, num_steps)
        history = []
        for step in range(num_steps):
            self.train_step(n_BZ)
            schedule.step()
            if step % 50 == 0:
                history.append(float(self.ELBO(self.sample(n_BZ).detach())))
        return history


# %% right loop_rmsprop: The course's FactorNormal for the density, the precision as minus its slope, a loop over rows, RMSprop with a falling rate.
import torch

from course_vi.distributions import FactorNormal


class VAFC:
    def __init__(self, p, r_cov, logp, seed=0):
        self.p, self.r_cov, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
            "B": (0.1 * self.normal(p, r_cov)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True),
        }
        self.optim = None

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1, s2):
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n=1):
        return self.t(self.normal(n, self.r_cov), self.normal(n, self.p))

    def density(self):
        return FactorNormal(self.prm["mu"], self.prm["sigma"].abs().log(), self.prm["B"])

    def pr_Z(self, v):
        z = (self.prm["mu"] + v).detach().requires_grad_()
        return -torch.autograd.grad(self.log_q(z).sum(), z)[0]

    def log_q(self, z):
        return self.density().log_prob(z)

    def ELBO(self, z):
        with torch.no_grad():
            return (self.logp(z) - self.log_q(z)).mean()

    def gradient(self, s1, s2):
        total = {name: torch.zeros_like(value) for name, value in self.prm.items()}
        for a, b in zip(s1, s2):
            z = self.t(a, b)
            log_w = self.logp(z) - self.density().detach().log_prob(z)
            for name, g in zip(total, torch.autograd.grad(log_w, list(self.prm.values()))):
                total[name] += g / len(s1)
        return total

    def train_step(self, n_BZ=10):
        s1, s2 = self.normal(n_BZ, self.r_cov), self.normal(n_BZ, self.p)
        for name, g in self.gradient(s1, s2).items():
            self.prm[name].grad = -g
        self.optim = self.optim or torch.optim.Adam(self.prm.values(), lr=0.05)
        self.optim.step()

    def full_train(self, num_steps, n_BZ=4):
        self.optim = torch.optim.RMSprop(self.prm.values(), lr=0.02)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optim, num_steps)
        history = []
        for step in range(num_steps):
            self.train_step(n_BZ)
            schedule.step()
            if step % 50 == 0:
                history.append(float(self.ELBO(self.sample(n_BZ).detach())))
        return history


# %% right slopes_through_the_sample: The slope of log p by autograd, that of log q by Woodbury, pushed back through the sample.
import torch


class VAFC:
    def __init__(self, p, r_cov, logp, seed=0):
        self.p, self.r_cov, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
            "B": (0.1 * self.normal(p, r_cov)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True),
        }
        self.optim = None

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1, s2):
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n=1):
        return self.t(self.normal(n, self.r_cov), self.normal(n, self.p))

    def pr_Z(self, v):
        B, d = self.prm["B"], self.prm["sigma"] ** 2
        scaled = B / d[:, None]
        small = torch.eye(self.r_cov, dtype=B.dtype) + B.T @ scaled
        return v / d - (torch.linalg.solve(small, (v @ scaled).T).T) @ scaled.T

    def log_q(self, z):
        prm = self.prm
        return torch.distributions.LowRankMultivariateNormal(prm["mu"], prm["B"], prm["sigma"] ** 2).log_prob(z)

    def ELBO(self, z):
        with torch.no_grad():
            return (self.logp(z) - self.log_q(z)).mean()

    def gradient(self, s1, s2):
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            r = slope + self.pr_Z(leaf - self.prm["mu"])
        found = torch.autograd.grad(z, list(self.prm.values()), r / len(z))
        return dict(zip(self.prm, found))

    def train_step(self, n_BZ=10):
        s1, s2 = self.normal(n_BZ, self.r_cov), self.normal(n_BZ, self.p)
        for name, g in self.gradient(s1, s2).items():
            self.prm[name].grad = -g
        self.optim = self.optim or torch.optim.Adam(self.prm.values(), lr=0.05)
        self.optim.step()

    def full_train(self, num_steps, n_BZ=10):
        self.optim = torch.optim.Adam(self.prm.values(), lr=0.05)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optim, num_steps)
        history = []
        for step in range(num_steps):
            self.train_step(n_BZ)
            schedule.step()
            if step % 50 == 0:
                history.append(float(self.ELBO(self.sample(n_BZ).detach())))
        return history


# %% wrong b_zero, from right slopes_through_the_sample: B starts at zero, as in the listing: a saddle, where the expected gradient of B vanishes for every model.
# diagnosis: b_zero
#-             "B": (0.1 * self.normal(p, r_cov)).requires_grad_(),
#+             "B": torch.zeros(p, r_cov, dtype=torch.float64, requires_grad=True),


# %% wrong dense_precision, from right slopes_through_the_sample: Forms the p x p covariance and solves with it: right at p = 40, 80 GB at p = 100,000.
# diagnosis: dense
#-         B, d = self.prm["B"], self.prm["sigma"] ** 2
#-         scaled = B / d[:, None]
#-         small = torch.eye(self.r_cov, dtype=B.dtype) + B.T @ scaled
#-         return v / d - (torch.linalg.solve(small, (v @ scaled).T).T) @ scaled.T
#+         covariance = self.prm["B"] @ self.prm["B"].T + torch.diag(self.prm["sigma"] ** 2)
#+         return torch.linalg.solve(covariance, v.T).T


# %% wrong descends, from right slopes_through_the_sample: Returns minus the gradient, for an optimizer that minimizes, where the gradient of the ELBO is asked for.
# diagnosis: descends
#-         return dict(zip(self.prm, found))
#+         return {name: -g for name, g in zip(self.prm, found)}


# %% wrong diagonal_not_squared, from right slopes_through_the_sample: The diagonal of the covariance is taken to be sigma: the seed writes diag(d), and here d is a standard deviation.
# diagnosis: diagonal_not_squared
#-         B, d = self.prm["B"], self.prm["sigma"] ** 2
#+         B, d = self.prm["B"], self.prm["sigma"]
#@@
#-         return torch.distributions.LowRankMultivariateNormal(prm["mu"], prm["B"], prm["sigma"] ** 2).log_prob(z)
#+         return torch.distributions.LowRankMultivariateNormal(prm["mu"], prm["B"], prm["sigma"]).log_prob(z)


# %% wrong entropy_sign, from right slopes_through_the_sample: The slope of log q has a minus of its own; a second one turns the entropy round.
# diagnosis: entropy_sign
#-             r = slope + self.pr_Z(leaf - self.prm["mu"])
#+             r = slope - self.pr_Z(leaf - self.prm["mu"])


# %% wrong global_stream, from right slopes_through_the_sample: torch.randn without the object's generator: the seed decides nothing.
# diagnosis: unseeded
#-         return torch.randn(*shape, generator=self.generator, dtype=torch.float64)
#+         return torch.randn(*shape, dtype=torch.float64)


# %% wrong one_sample_a_step, from right slopes_through_the_sample: n_BZ is accepted and ignored, as in the listing: every step takes one sample.
# diagnosis: one_sample
#-         s1, s2 = self.normal(n_BZ, self.r_cov), self.normal(n_BZ, self.p)
#+         s1, s2 = self.normal(1, self.r_cov), self.normal(1, self.p)


# %% wrong score_kept, from right slopes_through_the_sample: Differentiates the ELBO estimate by autograd, density and all: the total derivative.
# diagnosis: score_kept
#-         leaf = z.detach().requires_grad_()
#-         (slope,) = torch.autograd.grad(self.logp(leaf).sum(), leaf)
#-         with torch.no_grad():
#-             r = slope + self.pr_Z(leaf - self.prm["mu"])
#-         found = torch.autograd.grad(z, list(self.prm.values()), r / len(z))
#-         return dict(zip(self.prm, found))
#+         elbo = (self.logp(z) - self.log_q(z)).mean()
#+         return dict(zip(self.prm, torch.autograd.grad(elbo, list(self.prm.values()))))


# %% wrong sum_over_rows, from right slopes_through_the_sample: Sums over the rows where an average is asked for: the step grows with the number of samples.
# diagnosis: sum_over_samples
#-             return (self.logp(z) - self.log_q(z)).mean()
#+             return (self.logp(z) - self.log_q(z)).sum()
#@@
#-         found = torch.autograd.grad(z, list(self.prm.values()), r / len(z))
#+         found = torch.autograd.grad(z, list(self.prm.values()), r)


# %% wrong sample_without_factor, from right slopes_through_the_sample: sample adds the diagonal noise alone: the correlations, which the factor is there for, are lost.
# diagnosis: factor_missing
#-         return self.t(self.normal(n, self.r_cov), self.normal(n, self.p))
#+         return self.prm["mu"] + self.prm["sigma"] * self.normal(n, self.p)


# %% wrong one_row_repeated, from right slopes_through_the_sample: One draw, repeated n times: the shape is right.
# diagnosis: draws_repeated
#-         return self.t(self.normal(n, self.r_cov), self.normal(n, self.p))
#+         return self.t(self.normal(1, self.r_cov), self.normal(1, self.p)).repeat(n, 1)


# %% wrong elbo_with_graph, from right slopes_through_the_sample: The estimate is computed without no_grad: a history of such numbers keeps every graph.
# diagnosis: graph_kept
#-         with torch.no_grad():
#-             return (self.logp(z) - self.log_q(z)).mean()
#+         return (self.logp(z) - self.log_q(z)).mean()


# %% wrong mean_forgotten, from right slopes_through_the_sample: The precision multiplies z in place of z - mu: right at the start, where mu is zero.
# diagnosis: mean_missing
#-             r = slope + self.pr_Z(leaf - self.prm["mu"])
#+             r = slope + self.pr_Z(leaf)


# %% wrong steps_ignored, from right slopes_through_the_sample: Always two hundred steps, the number in the exercise.
# diagnosis: wrong_count
#-         for step in range(num_steps):
#+         for step in range(200):


# %% wrong new_tensors, from right einsum_by_hand: Every step puts new tensors into prm, which do not require gradients: what holds the parameters learns nothing more.
# diagnosis: leaf_lost
#-             for name, value in self.prm.items():
#-                 value += rate * found[name].clamp(-5, 5)
#+             self.prm = {name: value + rate * found[name].clamp(-5, 5) for name, value in self.prm.items()}


# %% wrong log_of_sigma, from right loop_rmsprop: The logarithm of sigma itself in the density: sigma may turn negative, and only its square counts.
# diagnosis: sigma_signed
#-         return FactorNormal(self.prm["mu"], self.prm["sigma"].abs().log(), self.prm["B"])
#+         return FactorNormal(self.prm["mu"], self.prm["sigma"].log(), self.prm["B"])
