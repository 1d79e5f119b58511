import math
import torch
from torch import Tensor

class _Base:
    rate, start = 0.07, 0.1

    def __init__(self, p, r_cov, logp, seed=0):
        self.generator = torch.Generator().manual_seed(seed)
        self.p, self.r, self.logp = p, r_cov, logp
        B = self.start * torch.randn(p, r_cov, generator=self.generator, dtype=torch.float64)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64).requires_grad_(), "B": B.requires_grad_(),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64).requires_grad_()}
        self.opt, self.planned, self.taken = None, 200, 0

    def t(self, s1, s2):
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def noise(self, n):
        return (torch.randn(n, self.r, generator=self.generator, dtype=torch.float64),
                torch.randn(n, self.p, generator=self.generator, dtype=torch.float64))

    def sample(self, n=1):
        return self.t(*self.noise(n))

    def pr_Z(self, v):
        B, d = self.prm["B"], self.prm["sigma"].square()
        u = v / d
        M = torch.eye(self.r, dtype=torch.float64) + B.T @ (B / d.unsqueeze(-1))
        return u - torch.linalg.solve(M, (u @ B).T).T @ B.T / d

    def log_q(self, z):
        v = z - self.prm["mu"]
        B, d = self.prm["B"], self.prm["sigma"].square()
        M = torch.eye(self.r, dtype=torch.float64) + B.T @ (B / d.unsqueeze(-1))
        log_det = d.log().sum() + torch.linalg.slogdet(M)[1]
        return -0.5 * ((v * self.pr_Z(v)).sum(-1) + log_det + self.p * math.log(2 * math.pi))

    def ELBO(self, z):
        with torch.no_grad():
            return (self.logp(z) - self.log_q(z)).mean()

    def slopes(self, z):
        leaf = z.detach().clone().requires_grad_()
        with torch.enable_grad():
            slope = torch.autograd.grad(self.logp(leaf).sum(), leaf)[0]
        with torch.no_grad():
            return slope + self.pr_Z(z - self.prm["mu"])

    def gradient(self, s1, s2):
        with torch.no_grad():
            r = self.slopes(self.t(s1, s2)) / s1.shape[0]
            return {"mu": r.sum(0), "B": r.T @ s1, "sigma": (r * s2).sum(0)}

    def train_step(self, n_BZ=10):
        if self.opt is None:
            self.opt = torch.optim.Adam(self.prm.values(), lr=self.rate)
        share = min(self.taken / max(self.planned, 1), 1.0)
        for group in self.opt.param_groups:
            group["lr"] = self.rate * max(0.02, 0.5 * (1 + math.cos(math.pi * share)))
        for name, g in self.gradient(*self.noise(n_BZ)).items():
            self.prm[name].grad = -g
        self.opt.step()
        self.taken += 1
        for w in self.prm.values():
            w.grad = None

    def full_train(self, num_steps, n_BZ=10):
        self.planned, self.taken = num_steps, 0
        for _ in range(num_steps):
            self.train_step(n_BZ)

# %% right by_hand: all derivatives by hand, Adam with a falling rate
class VAFC(_Base):
    pass

# %% right pushed_back: slopes are pushed back through t by autograd, the precision by one column of B after another
class VAFC(_Base):
    def pr_Z(self, v):
        d = self.prm["sigma"] ** 2
        columns = []
        def solve(u):
            out = u / d
            for c, k in columns:
                out = out - (u * c).sum(-1, keepdim=True) * k * c
            return out
        for j in range(self.r):
            b = self.prm["B"][:, j]
            c = solve(b)
            columns.append((c, 1 / (1 + (b * c).sum())))
            columns[-1] = (columns[-1][0], columns[-1][1])
        return solve(v)

    def gradient(self, s1, s2):
        with torch.enable_grad():
            z = self.t(s1, s2)
            r = self.slopes(z.detach())
            found = torch.autograd.grad(z, list(self.prm.values()), grad_outputs=r / len(s1))
        return dict(zip(self.prm, found))

# %% wrong stale_precision: the small matrix of the precision is computed when the object is made, and kept
class VAFC(_Base):
    def __init__(self, p, r_cov, logp, seed=0):
        super().__init__(p, r_cov, logp, seed)
        with torch.no_grad():
            B, d = self.prm["B"], self.prm["sigma"].square()
            self.M = torch.eye(self.r, dtype=torch.float64) + B.T @ (B / d.unsqueeze(-1))
    def pr_Z(self, v):
        B, d = self.prm["B"], self.prm["sigma"].square()
        u = v / d
        return u - torch.linalg.solve(self.M, (u @ B).T).T @ B.T / d

# %% wrong dense_precision: the p x p covariance is made and solved
# not told: the precision is wrong
class VAFC(_Base):
    def pr_Z(self, v):
        sigma = self.prm["B"] @ self.prm["B"].T + torch.diag(self.prm["sigma"].square())
        return torch.linalg.solve(sigma, v.T).T

# %% wrong total_gradient: the gradient is the total derivative, which does not vanish at the target
class VAFC(_Base):
    def gradient(self, s1, s2):
        with torch.enable_grad():
            z = self.t(s1, s2)
            bound = (self.logp(z) - self.log_q(z)).mean()
            found = torch.autograd.grad(bound, list(self.prm.values()))
        return dict(zip(self.prm, found))

# %% wrong summed_gradient: the gradient is summed over the rows of noise, right for n = 1
class VAFC(_Base):
    def gradient(self, s1, s2):
        return {k: g * s1.shape[0] for k, g in super().gradient(s1, s2).items()}

# %% wrong same_draws: the generator is seeded at each call of sample
class VAFC(_Base):
    def sample(self, n=1):
        self.generator.manual_seed(0)
        return super().sample(n)

# %% wrong global_noise: noise from torch's global stream
class VAFC(_Base):
    def noise(self, n):
        return torch.randn(n, self.r, dtype=torch.float64), torch.randn(n, self.p, dtype=torch.float64)

# %% wrong log_sigma: the gradient of sigma is that of its logarithm
class VAFC(_Base):
    def gradient(self, s1, s2):
        g = super().gradient(s1, s2)
        g["sigma"] = g["sigma"] * self.prm["sigma"].detach()
        return g

# %% wrong elbo_with_graph: the ELBO carries a graph
# not told: the value of the ELBO is wrong
class VAFC(_Base):
    def ELBO(self, z):
        return (self.logp(z) - self.log_q(z)).mean()

# %% wrong elbo_per_row: one ELBO per row of z
class VAFC(_Base):
    def ELBO(self, z):
        with torch.no_grad():
            return self.logp(z) - self.log_q(z)

# %% wrong one_step_more: full_train takes one step more than it was told
class VAFC(_Base):
    def full_train(self, num_steps, n_BZ=10):
        super().full_train(num_steps + 1, n_BZ)

# %% wrong dead_argument: full_train does not hand its number of samples on
class VAFC(_Base):
    def full_train(self, num_steps, n_BZ=10):
        super().full_train(num_steps)

# %% wrong zero_factor: B starts at zero, a saddle, and learning is slow to leave it
class VAFC(_Base):
    start = 0.0

# %% wrong slow: Adam at a rate of 0.002, still on its way after 200 steps
class VAFC(_Base):
    rate = 0.002

# %% wrong new_leaves: every step puts new tensors in prm, so what a caller took hold of no longer learns, and they do not require gradients
class VAFC(_Base):
    def train_step(self, n_BZ=10):
        super().train_step(n_BZ)
        self.prm = {k: v.detach().clone() for k, v in self.prm.items()}
        self.opt = None

# %% wrong entropy_constant: the ELBO forgets the constant of the normal density
class VAFC(_Base):
    def log_q(self, z):
        return super().log_q(z) + 0.5 * self.p * math.log(2 * math.pi)

# %% wrong shared_factor_noise: all rows of a sample share the noise of the factors, so draws are not independent
class VAFC(_Base):
    def sample(self, n=1):
        s1, s2 = self.noise(n)
        return self.t(s1[:1].expand_as(s1), s2)
