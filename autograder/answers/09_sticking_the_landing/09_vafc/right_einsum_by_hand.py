"""Idiom: every gradient written out with einsum; no graph at all, plain ascent with decaying steps."""
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
