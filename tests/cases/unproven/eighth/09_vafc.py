import math

import torch
from torch import Tensor


class Whole:
    """Everything that was asked for, with gradients by hand; sections below take it as it is, or change a part."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp, self.rate = p, r_cov, logp, 0.05
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64),
            "B": 0.1 * torch.randn(p, r_cov, generator=self.generator, dtype=torch.float64),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64),
        }
        for value in self.prm.values():
            value.requires_grad_()
        self.opt = torch.optim.Adam(self.prm.values(), lr=self.rate)

    def noise(self, n: int) -> tuple[Tensor, Tensor]:
        both = torch.randn(n, self.r + self.p, generator=self.generator, dtype=torch.float64)
        return both[:, : self.r], both[:, self.r :]

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(*self.noise(n))

    def inner(self) -> Tensor:
        B, sigma = self.prm["B"], self.prm["sigma"]
        return torch.eye(self.r, dtype=B.dtype) + B.T @ (B / sigma.square()[:, None])

    def pr_Z(self, v: Tensor) -> Tensor:
        B, variance = self.prm["B"], self.prm["sigma"].square()
        scaled = v / variance
        return scaled - (torch.linalg.solve(self.inner(), (scaled @ B).T).T @ B.T) / variance

    def log_det(self) -> Tensor:
        return self.prm["sigma"].square().log().sum() + torch.logdet(self.inner())

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            away = z - self.prm["mu"]
            log_q = -0.5 * ((away * self.pr_Z(away)).sum(-1) + self.log_det() + self.p * math.log(2 * math.pi))
            return (self.logp(z) - log_q).mean()

    def slopes(self, s1: Tensor, s2: Tensor) -> Tensor:
        z = self.t(s1, s2).detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.logp(z).sum(), z)
        with torch.no_grad():
            return slope + self.pr_Z(z - self.prm["mu"])

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        slope = self.slopes(s1, s2)
        return {"mu": slope.mean(0), "B": torch.einsum("np,nr->pr", slope, s1) / len(slope), "sigma": (slope * s2).mean(0)}

    def train_step(self, n_BZ: int = 10) -> None:
        for name, slope in self.gradient(*self.noise(n_BZ)).items():
            self.prm[name].grad = -slope
        self.opt.step()
        self.opt.zero_grad()

    def full_train(self, num_steps: int, n_BZ: int = 10) -> None:
        for step in range(num_steps):
            self.opt.param_groups[0]["lr"] = self.rate * 0.5 * (1 + math.cos(math.pi * step / num_steps))
            self.train_step(n_BZ)
        self.opt.param_groups[0]["lr"] = self.rate

# %% right orthogonal_instead_of_woodbury: Woodbury's identity by a QR of [I; B / sigma], which takes no difference of large numbers; gradients by einsum
class VAFC(Whole):
    def _orthogonal(self) -> tuple[Tensor, Tensor]:
        scaled = self.prm["B"] / self.prm["sigma"][:, None]
        return torch.linalg.qr(torch.cat([torch.eye(self.r, dtype=scaled.dtype), scaled]))

    def pr_Z(self, v: Tensor) -> Tensor:
        q = self._orthogonal()[0]
        standard = v / self.prm["sigma"]
        return (standard - (standard @ q[self.r :]) @ q[self.r :].T) / self.prm["sigma"]

    def log_det(self) -> Tensor:
        return 2 * (self.prm["sigma"].abs().log().sum() + self._orthogonal()[1].diagonal().abs().log().sum())

# %% wrong one_factor_for_all_rows: draws the common noise once for a call of sample, so its rows share it and are not independent of each other
class VAFC(Whole):
    def sample(self, n: int = 1) -> Tensor:
        s1 = torch.randn(1, self.r, generator=self.generator, dtype=torch.float64)
        s2 = torch.randn(n, self.p, generator=self.generator, dtype=torch.float64)
        return self.t(s1.expand(n, self.r), s2)

# %% wrong log_of_sigma: takes the logarithm of sigma itself in the density, where sigma may be negative and only its square counts
class VAFC(Whole):
    def log_det(self) -> Tensor:
        return 2 * self.prm["sigma"].log().sum() + torch.logdet(self.inner())

# %% wrong ten_samples_always: full_train does not pass its number of samples on, and every step takes the default
class VAFC(Whole):
    def full_train(self, num_steps: int, n_BZ: int = 10) -> None:
        for step in range(num_steps):
            self.opt.param_groups[0]["lr"] = self.rate * 0.5 * (1 + math.cos(math.pi * step / num_steps))
            self.train_step()
        self.opt.param_groups[0]["lr"] = self.rate

# %% wrong product_of_means: averages slopes and noise over the rows before multiplying them for B, which is right for one row
class VAFC(Whole):
    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        slope = self.slopes(s1, s2)
        return {"mu": slope.mean(0), "B": slope.mean(0).outer(s1.mean(0)), "sigma": (slope * s2).mean(0)}
