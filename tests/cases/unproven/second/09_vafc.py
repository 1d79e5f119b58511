import math
import torch
from torch import Tensor
from torch.distributions import LowRankMultivariateNormal

# %% right adam_and_vjp: Woodbury by a solve, a vector-Jacobian product through the sample, Adam with a cosine
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% right push_back_by_hand: the three gradients written out, whitened Woodbury with Cholesky, Adam by hand
class VAFC:
    """The push-back written out: slope for mu, slope' s1 for B, slope * s2 for sigma; Adam by hand."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.shape, self.logp = (p, r_cov), logp
        self.rng = torch.Generator()
        self.rng.manual_seed(seed)
        start = {"mu": 0.01 * self.draw(p), "B": 0.3 * self.draw(p, r_cov), "sigma": torch.ones(p, dtype=torch.double)}
        self.prm = {k: v.requires_grad_() for k, v in start.items()}
        self.m = {k: torch.zeros_like(v) for k, v in self.prm.items()}
        self.v = {k: torch.zeros_like(v) for k, v in self.prm.items()}
        self.count, self.rate = 0, 0.12

    def draw(self, *shape):
        return torch.empty(*shape, dtype=torch.double).normal_(generator=self.rng)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return torch.einsum("pr,nr->np", self.prm["B"], s1) + torch.addcmul(self.prm["mu"], self.prm["sigma"], s2)

    def sample(self, n: int = 1) -> Tensor:
        p, r = self.shape
        both = self.draw(n, p + r)
        return self.t(both[:, p:], both[:, :p]).detach()

    def pr_Z(self, v: Tensor) -> Tensor:
        B, s = self.prm["B"], self.prm["sigma"]
        A = B / s[:, None]                          # the identity for whitened coordinates
        u = v / s
        L = torch.linalg.cholesky(A.T @ A + torch.eye(A.shape[1], dtype=A.dtype))
        return (u - torch.cholesky_solve((u @ A).T, L).T @ A.T) / s

    @torch.no_grad()
    def ELBO(self, z: Tensor) -> Tensor:
        B, s, mu = (self.prm[k] for k in ("B", "sigma", "mu"))
        A = B / s[:, None]
        log_det = torch.linalg.slogdet(A.T @ A + torch.eye(A.shape[1], dtype=A.dtype))[1] + 2 * s.abs().log().sum()
        square = (self.pr_Z(z - mu) * (z - mu)).sum(-1)
        log_q = -0.5 * (square + log_det + len(mu) * math.log(2 * math.pi))
        return self.logp(z).mean() - log_q.mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2).detach()
        with torch.enable_grad():
            y = z.clone().requires_grad_()
            self_slope = torch.autograd.grad(self.logp(y).sum(), y)[0]
        w = (self_slope + self.pr_Z(z - self.prm["mu"]).detach()) / z.shape[0]
        return {"mu": w.sum(0), "B": w.T @ s1, "sigma": (w * s2).sum(0)}

    def train_step(self, n_BZ: int = 20) -> None:
        g = self.gradient(self.draw(n_BZ, self.shape[1]), self.draw(n_BZ, self.shape[0]))
        self.count += 1
        with torch.no_grad():
            for k, value in self.prm.items():
                self.m[k].mul_(0.9).add_(g[k], alpha=0.1)
                self.v[k].mul_(0.99).add_(g[k] ** 2, alpha=0.01)
                step = (self.m[k] / (1 - 0.9**self.count)) / ((self.v[k] / (1 - 0.99**self.count)).sqrt() + 1e-9)
                value.add_(step, alpha=self.rate)

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        top = self.rate
        for i in range(num_steps):
            self.rate = top * (1 - i / num_steps)
            self.train_step(n_BZ)
        self.rate = top

# %% right frozen_twin: the gradient by autograd of log p minus a frozen twin, rows in loops, RMSprop that maximizes
class VAFC:
    """The surrogate of exercise 1: log p minus the density of a frozen twin, differentiated by autograd."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.logp, self.gen = logp, torch.Generator().manual_seed(seed)
        B = 0.02 * torch.randn((p, r_cov), generator=self.gen, dtype=torch.float64)
        self.prm = dict(mu=torch.zeros(p, dtype=torch.float64), B=B, sigma=torch.full((p,), 0.7, dtype=torch.float64))
        for value in self.prm.values():
            value.requires_grad_(True)
        self.opt = torch.optim.RMSprop(self.prm.values(), lr=0.04, alpha=0.9, maximize=True)

    def frozen(self):
        mu, B, sigma = (self.prm[k].detach() for k in ("mu", "B", "sigma"))
        return LowRankMultivariateNormal(mu, B, sigma**2)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        rows = [self.prm["mu"] + self.prm["B"] @ a + self.prm["sigma"] * b for a, b in zip(s1, s2)]
        return torch.stack(rows)

    def sample(self, n: int = 1) -> Tensor:
        p, r = self.prm["B"].shape
        s1 = torch.randn((n, r), generator=self.gen, dtype=torch.float64)
        return self.t(s1, torch.randn((n, p), generator=self.gen, dtype=torch.float64))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"].detach(), self.prm["sigma"].detach() ** 2
        rows = []
        for one in v:
            inner = torch.linalg.solve(torch.eye(B.shape[1], dtype=B.dtype) + B.T @ (B / d[:, None]), B.T @ (one / d))
            rows.append(one / d - B @ inner / d)
        return torch.stack(rows)

    def ELBO(self, z: Tensor) -> Tensor:
        z = z.detach()
        return (self.logp(z) - self.frozen().log_prob(z)).mean().detach()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z, q = self.t(s1, s2), self.frozen()
        surrogate = (self.logp(z) - q.log_prob(z)).mean()
        names = list(self.prm)
        return {k: g for k, g in zip(names, torch.autograd.grad(surrogate, [self.prm[k] for k in names]))}

    def train_step(self, n_BZ: int = 16) -> None:
        p, r = self.prm["B"].shape
        s1 = torch.randn((n_BZ, r), generator=self.gen, dtype=torch.float64)
        g = self.gradient(s1, torch.randn((n_BZ, p), generator=self.gen, dtype=torch.float64))
        self.opt.zero_grad()
        for k in self.prm:
            self.prm[k].grad = g[k]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 16) -> None:
        for i in range(num_steps):
            self.opt.param_groups[0]["lr"] = 0.04 * (1 - i / num_steps) ** 1.5
            self.train_step(n_BZ)
        self.opt.param_groups[0]["lr"] = 0.04

# %% wrong global_noise: noise is drawn from torch's global stream, so the seed does not decide it
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong same_draws_each_call: sample seeds the generator again, so every call returns the same draws
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        self.generator.manual_seed(self.generator.initial_seed())
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong one_generator_for_all: all objects share one generator, which each new object seeds again
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        VAFC.generator = getattr(VAFC, "generator", torch.Generator())
        VAFC.generator.manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong mirrored_draws: sample draws half of the rows and mirrors them, so its rows are not independent
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        s1, s2 = self._noise((n + 1) // 2, self.r), self._noise((n + 1) // 2, self.p)
        return self.t(torch.cat([s1, -s1])[:n], torch.cat([s2, -s2])[:n])

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong total_derivative: log q keeps its parameters: the total derivative, which does not vanish at the target
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
        return dict(zip(self.prm, torch.autograd.grad((self.logp(z) - q.log_prob(z)).mean(), list(self.prm.values()))))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong gradient_of_the_loss: gradient returns the downward direction, as the optimizer wants it
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), -push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong gradient_summed: the gradient is summed over the rows and not averaged; Adam does not mind
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"]))
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong gradient_clipped: the gradient is clipped to norm ten on its way out
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        grads = torch.autograd.grad(z, list(self.prm.values()), push)
        norm = torch.stack([g.norm() for g in grads]).norm()
        return {k: g * (10 / norm).clamp(max=1) for k, g in zip(self.prm, grads)}

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong jitter_in_the_core: 1e-4 is added to the core for stability, and to the variances: neither precision nor gradient is exact
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square() + 1e-4
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong dense_precision: pr_Z makes the p by p covariance and solves with it
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        return torch.linalg.solve(B @ B.T + torch.diag(d), v.T).T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong core_by_its_diagonal: the core of Woodbury's identity is inverted by its diagonal only; right for rank one
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - (v @ scaled) / core.diagonal() @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong step_ignores_its_samples: train_step always takes twenty samples, whatever n_BZ is
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(20, self.r), self._noise(20, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong training_ignores_its_samples: full_train does not hand n_BZ on
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step()
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong stops_early: full_train stops as soon as the bound of ten fresh samples is above -0.02, before the steps are done
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
            if self.ELBO(self.sample(10)) > -0.02:
                break
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong rate_stays_at_zero: after full_train the rate of the optimizer is left where the schedule ended, and a further train_step hardly moves
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * (i + 1) / num_steps))
            self.train_step(n_BZ)

# %% wrong factor_starts_at_zero: B starts at zero, a saddle point
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.0 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong single_precision: parameters and noise are float32 numbers held in float64 after one cast through single precision
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return (self.prm["mu"].float() + s1.float() @ self.prm["B"].float().T + self.prm["sigma"].float() * s2.float()).double()

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong bound_with_a_graph: ELBO returns a number that still has its graph
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        if True:
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong gradients_pile_up: train_step adds to .grad and never clears it, so each step follows the sum of all gradients so far
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name] if value.grad is None else value.grad - up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong scale_floor: sigma is kept above 0.2 after each step, so narrower targets are never fitted
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()
        with torch.no_grad():
            self.prm["sigma"].clamp_(min=0.2)

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1

# %% wrong own_noise_in_gradient: gradient uses noise of its own instead of the noise it was given
class VAFC:
    """N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        self.p, self.r, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {"mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
                    "B": (0.3 * self._noise(p, r_cov)).requires_grad_(True),
                    "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True)}
        self.opt = torch.optim.Adam(self.prm.values(), lr=0.1, betas=(0.9, 0.97))

    def _noise(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        return self.prm["mu"] + s1 @ self.prm["B"].T + self.prm["sigma"] * s2

    def sample(self, n: int = 1) -> Tensor:
        return self.t(self._noise(n, self.r), self._noise(n, self.p))

    def pr_Z(self, v: Tensor) -> Tensor:
        B, d = self.prm["B"], self.prm["sigma"].square()
        scaled = B / d[:, None]
        core = torch.eye(self.r, dtype=B.dtype) + B.T @ scaled
        return v / d - torch.linalg.solve(core, (v @ scaled).T).T @ scaled.T

    def ELBO(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            q = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - q.log_prob(z)).mean()

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        z = self.t(self._noise(*s1.shape), self._noise(*s2.shape))
        leaf = z.detach().requires_grad_(True)
        slope, = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            push = (slope + self.pr_Z(z - self.prm["mu"])) / len(z)
        return dict(zip(self.prm, torch.autograd.grad(z, list(self.prm.values()), push)))

    def train_step(self, n_BZ: int = 20) -> None:
        up = self.gradient(self._noise(n_BZ, self.r), self._noise(n_BZ, self.p))
        for name, value in self.prm.items():
            value.grad = -up[name]
        self.opt.step()

    def full_train(self, num_steps: int, n_BZ: int = 20) -> None:
        for i in range(num_steps):
            for group in self.opt.param_groups:
                group["lr"] = 0.1 * 0.5 * (1 + math.cos(math.pi * i / num_steps))
            self.train_step(n_BZ)
        for group in self.opt.param_groups:
            group["lr"] = 0.1
