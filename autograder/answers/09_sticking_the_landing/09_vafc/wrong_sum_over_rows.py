"""diagnosis: sum_over_samples"""
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
            return (self.logp(z) - self.log_q(z)).sum()

    def gradient(self, s1, s2):
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            r = slope + self.pr_Z(leaf - self.prm["mu"])
        found = torch.autograd.grad(z, list(self.prm.values()), r)
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
