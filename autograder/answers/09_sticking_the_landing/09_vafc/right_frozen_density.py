"""Idiom: sticking the landing by a frozen low-rank density, differentiated by backward; Woodbury by a Cholesky factor."""
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
