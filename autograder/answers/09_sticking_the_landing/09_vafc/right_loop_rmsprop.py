"""Idiom: the course's FactorNormal for density and precision, a loop over rows, RMSprop with a falling rate."""
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
        return self.density().precision_times(v)

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
