import numpy as np
import torch
from torch.distributions import LowRankMultivariateNormal


class Base:
    def __init__(self, p, r_cov, logp, seed=0):
        self.p, self.r, self.logp = p, r_cov, logp
        self.g = torch.Generator().manual_seed(seed)
        f = dict(dtype=torch.float64)
        self.prm = {
            "mu": torch.zeros(p, **f).requires_grad_(),
            "B": (0.05 * torch.randn(p, r_cov, generator=self.g, **f)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, **f).requires_grad_(),
        }
        self.opt = torch.optim.Adam(list(self.prm.values()), lr=0.05)

    def noise(self, n):
        return tuple(
            torch.randn(n, k, generator=self.g, dtype=torch.float64) for k in (self.r, self.p)
        )

    def t(self, s1, s2):
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n=1):
        return self.t(*self.noise(n))

    def pr_Z(self, v):
        B, d = self.prm["B"], self.prm["sigma"] ** 2
        A = B / d[:, None]
        return (
            v / d
            - torch.linalg.solve(torch.eye(self.r, dtype=torch.float64) + B.T @ A, (v @ A).T).T
            @ A.T
        )

    def density(self):
        return LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"] ** 2)

    @torch.no_grad()
    def ELBO(self, z):
        return (self.logp(z) - self.density().log_prob(z)).mean()

    def gradient(self, s1, s2):
        z = self.t(s1, s2)
        y = z.detach().requires_grad_()
        (g,) = torch.autograd.grad(self.logp(y).sum(), y)
        with torch.no_grad():
            r = g + self.pr_Z(y - self.prm["mu"])
        return dict(
            zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), grad_outputs=r / len(z)))
        )

    def train_step(self, n_BZ=10):
        for k, g in self.gradient(*self.noise(n_BZ)).items():
            self.prm[k].grad = -g
        self.opt.step()

    def full_train(self, num_steps, n_BZ=10):
        for _ in range(num_steps):
            self.train_step(n_BZ)


# %% right plain: The class as it stands.
class VAFC(Base):
    pass


# %% wrong uniform_sample: Uniform noise for a sample.
class VAFC(Base):
    def sample(self, n=1):
        return torch.rand(n, self.p, generator=self.g, dtype=torch.float64)


# %% wrong factor_forgotten: The factor is left out of the sample.
class VAFC(Base):
    def sample(self, n=1):
        a, b = self.noise(n)
        return self.t(torch.zeros_like(a), b)


# %% wrong variance_as_scale: The variance stands for the scale in the sample.
class VAFC(Base):
    def sample(self, n=1):
        a, b = self.noise(n)
        return self.prm["mu"] + a @ self.prm["B"].T + self.prm["sigma"] ** 2 * b


# %% wrong one_row: One row n times.
class VAFC(Base):
    def sample(self, n=1):
        return self.t(*self.noise(1)).repeat(n, 1)


# %% wrong reseeded: Every call gives the same numbers.
class VAFC(Base):
    def sample(self, n=1):
        self.g.manual_seed(0)
        return self.t(*self.noise(n))


# %% wrong one_factor_noise: One factor noise for all rows.
class VAFC(Base):
    def noise(self, n):
        a = torch.randn(1, self.r, generator=self.g, dtype=torch.float64).expand(n, -1)
        return a, torch.randn(n, self.p, generator=self.g, dtype=torch.float64)


# %% wrong elbo_with_graph: The ELBO carries a graph.
class VAFC(Base):
    def ELBO(self, z):
        return (self.logp(z) - self.density().log_prob(z)).mean()


# %% wrong num_steps_dead: A thousand steps, however many were asked for.
class VAFC(Base):
    def full_train(self, num_steps, n_BZ=10):
        for _ in range(1000):
            self.train_step(n_BZ)


# %% wrong num_steps_dead_200: Two hundred steps, however many were asked for.
class VAFC(Base):
    def full_train(self, num_steps, n_BZ=10):
        for _ in range(200):
            self.train_step(n_BZ)


# %% wrong n_BZ_dead: One sample a step, however many were asked for.
class VAFC(Base):
    def full_train(self, num_steps, n_BZ=10):
        for _ in range(num_steps):
            self.train_step(1)


# %% wrong mean_forgotten: pr_Z(z) stands for pr_Z(z - mu).
# not told: It climbs down
# not told: minus the gradient
class VAFC(Base):
    def gradient(self, s1, s2):
        z = self.t(s1, s2)
        y = z.detach().requires_grad_()
        (g,) = torch.autograd.grad(self.logp(y).sum(), y)
        with torch.no_grad():
            r = g + self.pr_Z(y)
        return dict(
            zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), grad_outputs=r / len(z)))
        )


# %% wrong dense_numpy: The p x p precision is formed, in NumPy.
class VAFC(Base):
    def pr_Z(self, v):
        B, s = self.prm["B"].detach().numpy(), self.prm["sigma"].detach().numpy()
        return torch.as_tensor(np.linalg.solve(B @ B.T + np.diag(s**2), v.detach().numpy().T).T)


# %% wrong single_precision: The precision is applied in single precision.
class VAFC(Base):
    def pr_Z(self, v):
        B, d = self.prm["B"].float(), self.prm["sigma"].float() ** 2
        v, A = v.float(), B / d[:, None]
        return (v / d - torch.linalg.solve(torch.eye(self.r) + B.T @ A, (v @ A).T).T @ A.T).double()
