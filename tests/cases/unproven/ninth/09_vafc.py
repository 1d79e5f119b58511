import torch
from torch import Tensor
from torch.distributions import LowRankMultivariateNormal


class _Base:
    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
            "B": (0.1 * torch.randn(p, r_cov, generator=self.generator, dtype=torch.float64)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True),
        }
        self.optimizer = torch.optim.Adam(self.prm.values(), lr=0.05)

    def noise(self, n: int) -> tuple[Tensor, Tensor]:
        return tuple(torch.randn(n, k, generator=self.generator, dtype=torch.float64) for k in (self.r, self.p))

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(*self.noise(n))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, variance = self.prm["B"], self.prm["sigma"].square()
        scaled = B / variance.unsqueeze(-1)
        M = torch.eye(self.r, dtype=torch.float64) + B.T @ scaled
        return v / variance - torch.linalg.solve(M, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def slope(self, z: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = z.detach().requires_grad_()
            slope = torch.autograd.grad(self.logp(leaf).sum(), leaf)[0]
        with torch.no_grad():
            return slope + self.pr_Z(leaf - self.prm["mu"])

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            z = self.t(s1, s2)
        slope = self.slope(z)
        return {"mu": slope.mean(0), "B": slope.T @ s1 / len(s1), "sigma": (slope * s2).mean(0)}

    def climb(self, s1: Tensor, s2: Tensor) -> None:
        for name, g in self.gradient(s1, s2).items():
            self.prm[name].grad = -g
        self.optimizer.step()
        self.optimizer.zero_grad()

    def train_step(self, n_BZ: int = 10) -> None:
        self.climb(*self.noise(n_BZ))

    def full_train(self, num_steps: int, n_BZ: int = 10) -> None:
        for i in range(num_steps):
            self.optimizer.param_groups[0]["lr"] = 0.1 * (1 - i / num_steps)
            self.train_step(n_BZ)
        self.optimizer.param_groups[0]["lr"] = 0.05


# %% wrong product_of_averages: averages slopes and noise first and multiplies afterwards for B, right for one row of noise and biased for more
class VAFC(_Base):
    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            z = self.t(s1, s2)
        slope = self.slope(z)
        return {"mu": slope.mean(0), "B": torch.outer(slope.mean(0), s1.mean(0)), "sigma": (slope * s2).mean(0)}


# %% wrong training_noise_from_the_global_stream: samples from its own generator but trains with torch's global stream, so the seed does not fix a training and other code's randomness is disturbed
class VAFC(_Base):
    def train_step(self, n_BZ: int = 10) -> None:
        self.climb(torch.randn(n_BZ, self.r, dtype=torch.float64), torch.randn(n_BZ, self.p, dtype=torch.float64))


# %% wrong number_of_samples_ignored: full_train takes its steps with the default number of samples, whatever n_BZ says
class VAFC(_Base):
    def full_train(self, num_steps: int, n_BZ: int = 10) -> None:
        for i in range(num_steps):
            self.optimizer.param_groups[0]["lr"] = 0.1 * (1 - i / num_steps)
            self.train_step()
