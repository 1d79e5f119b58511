# %% right leave_one_out: The other samples as a baseline, Adam with a falling step.
import torch


def bbvi(p, q, x, seed):
    generator = torch.Generator().manual_seed(seed)
    learned = [*q.parameters(), *p.parameters()]
    climber = torch.optim.Adam(learned, lr=0.05)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(climber, 600)
    bounds = []
    for _ in range(600):
        z = q.sample(24, generator=generator)
        log_p, log_q = p.log_joint(x, z), q(x, z)
        log_w = (log_p - log_q).detach()
        reward = (log_w - log_w.mean()) * 24 / 23
        climber.zero_grad()
        (-(reward * log_q + log_p).mean()).backward()
        climber.step()
        falling.step()
        bounds.append(log_w.mean().item())
    return bounds


# %% right by_hand: The scores of a Gaussian by formula, a baseline for each parameter from the other half of the samples, steps by hand.
import torch


def bbvi(p, q, x, seed):
    generator, bounds = torch.Generator().manual_seed(seed), []
    theta, size = list(p.parameters()), 0
    for step in range(500):
        noise = torch.randn(40, q.dim, generator=generator, dtype=x.dtype)
        scale = q.log_scale.detach().exp()
        z = q.loc.detach() + scale * noise
        log_p = p.log_joint(x, z)
        log_w = log_p.detach() - q(x, z).detach()
        score = torch.cat([noise / scale, noise**2 - 1], -1)
        halves = [(score[:20], log_w[:20]), (score[20:], log_w[20:])]
        parts = []
        for (s, f), (t, g) in zip(halves, reversed(halves)):
            baseline = (g[:, None] * t**2).sum(0) / (t**2).sum(0)
            parts.append(((f[:, None] - baseline) * s).mean(0))
        gradient = torch.cat([sum(parts) / 2, *[g.reshape(-1) for g in torch.autograd.grad(log_p.mean(), theta)]])
        size = 0.9 * size + 0.1 * gradient.square()
        move = 0.06 * (1 - step / 500) * gradient / (size / (1 - 0.9 ** (step + 1))).sqrt().clamp(min=1e-8)
        with torch.no_grad():
            q.loc += move[: q.dim]
            q.log_scale += move[q.dim : 2 * q.dim]
            theta[0] += move[-1]
        bounds.append(float(log_w.mean()))
    return bounds


# %% right with_fit: The course's fit, with an estimator of one's own.
import torch
from course_vi.learning import fit


def estimator(p, q, x, num_samples=1, bound=None, generator=None, noise=None):
    z = q.sample(num_samples, generator=generator)
    log_p, log_q = p.log_joint(x, z), q(x, z)
    log_w = (log_p - log_q).detach()
    others = (log_w.sum(0) - log_w) / (num_samples - 1)
    surrogate = ((log_w - others) * log_q + log_p).mean(0)
    return log_w.mean(0) + surrogate - surrogate.detach()


def bbvi(p, q, x, seed):
    first = fit(p, q, x, estimator, steps=500, num_samples=20, learning_rate=0.04, seed=seed, progress=False)
    second = fit(p, q, x, estimator, steps=150, num_samples=40, learning_rate=0.005, seed=seed + 7919, progress=False)
    return first.bound.tolist() + second.bound.tolist()


# %% wrong theta_forgotten, from right leave_one_out: The optimizer holds q's parameters alone.
# diagnosis: theta_fixed
#-     learned = [*q.parameters(), *p.parameters()]
#+     learned = [*q.parameters()]


# %% wrong theta_detached, from right leave_one_out: log p reaches the loss through the reward alone, a plain number.
# diagnosis: theta_fixed
#-         (-(reward * log_q + log_p).mean()).backward()
#+         (-(reward * log_q).mean()).backward()


# %% wrong no_entropy, from right leave_one_out: The reward is log p alone.
# diagnosis: entropy_dropped
#-         reward = (log_w - log_w.mean()) * 24 / 23
#+         reward = (log_p - log_p.mean()).detach() * 24 / 23


# %% wrong pathwise, from right leave_one_out: z = loc + scale eps with its graph: p gives values, so only the entropy is climbed.
# diagnosis: loc_fixed
#-         z = q.sample(24, generator=generator)
#+         noise = torch.randn(24, q.dim, generator=generator, dtype=x.dtype)
#+         z = q.loc + q.log_scale.exp() * noise
#@@
#-         (-(reward * log_q + log_p).mean()).backward()
#+         (log_q - log_p).mean().backward()


# %% wrong naive, from right leave_one_out: Backward through log w at samples that do not move.
# diagnosis: no_direction
#-         (-(reward * log_q + log_p).mean()).backward()
#+         (log_q - log_p).mean().backward()


# %% wrong too_short, from right leave_one_out: A hundred small steps.
# diagnosis: not_there_yet
#-     climber = torch.optim.Adam(learned, lr=0.05)
#-     falling = torch.optim.lr_scheduler.CosineAnnealingLR(climber, 600)
#+     climber = torch.optim.Adam(learned, lr=0.01)
#@@
#-     for _ in range(600):
#+     for _ in range(100):
#@@
#-         falling.step()


# %% wrong copied, from right leave_one_out: A copy of q and p is trained.
# diagnosis: untrained
#-     learned = [*q.parameters(), *p.parameters()]
#+     import copy
#+     p, q = copy.deepcopy(p), copy.deepcopy(q)
#+     learned = [*q.parameters(), *p.parameters()]


# %% wrong losses, from right leave_one_out: The history is of losses.
# diagnosis: loss_history
#-         bounds.append(log_w.mean().item())
#+         bounds.append(-log_w.mean().item())


# %% wrong unseeded, from right leave_one_out: The samples come from the global stream.
# diagnosis: seed_ignored
#-         z = q.sample(24, generator=generator)
#+         z = q.sample(24)


# %% wrong fixed_seed, from right leave_one_out: The seed is a constant of the program.
# diagnosis: seed_without_effect
#-     generator = torch.Generator().manual_seed(seed)
#+     generator = torch.Generator().manual_seed(0)


# %% wrong downhill, from right leave_one_out: The minus is forgotten.
# diagnosis: diverged
#-         (-(reward * log_q + log_p).mean()).backward()
#+         (reward * log_q + log_p).mean().backward()


# %% wrong own_q, from right leave_one_out: A family of one's own is trained, and the one that was given stays as it is.
# diagnosis: q_fixed
#-     learned = [*q.parameters(), *p.parameters()]
#+     import copy
#+     q = copy.deepcopy(q)
#+     learned = [*q.parameters(), *p.parameters()]
