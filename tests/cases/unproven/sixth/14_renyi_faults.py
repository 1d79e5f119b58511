import torch
import math
import itertools
import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger

# %% right enumeration: all draws of K states, a handler that puts them one by one, autograd for what is right
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong by_formula: the handler stands around model and guide, so that the model draws states anew instead of the guide's; the exact gradient as score times value, less the shares of the scores
class Script(Messenger):
    def __init__(self, states):
        super().__init__()
        self.states, self.at = states, 0

    def _pyro_sample(self, msg):
        if msg["name"] == "z" and not msg["is_observed"]:
            msg["value"], msg["done"] = self.states[self.at % len(self.states)].clone(), True
            self.at += 1


def examine(loss, alpha, particles, model, guide, whole, batches):
    poutine.trace(guide).get_trace(whole)
    leaf = pyro.param("logits").unconstrained()
    with torch.no_grad():
        a = leaf.detach().clone()
        D = a.numel()
        table = {}
        for code in range(2**D):
            z = torch.tensor([(code >> d) & 1 for d in range(D)], dtype=torch.float64)
            log_q = float((z * torch.nn.functional.logsigmoid(a) + (1 - z) * torch.nn.functional.logsigmoid(-a)).sum())
            log_p = float(poutine.trace(poutine.condition(model, {"z": z})).get_trace(whole).log_prob_sum())
            table[code] = (z, log_q, log_p - log_q, z - a.sigmoid())
    told, right = torch.zeros(1 + D, dtype=torch.float64), torch.zeros(1 + D, dtype=torch.float64)

    def every(chosen):
        if len(chosen) < particles:
            for code in table:
                every([*chosen, code])
            return
        zs, log_qs, log_ws, scores = zip(*(table[c] for c in chosen))
        chance = math.exp(sum(log_qs))
        w, s = torch.tensor(log_ws, dtype=torch.float64), torch.stack(scores)
        if alpha == 1:
            value, share = w.mean(), torch.full_like(w, 1 / particles)
        else:
            value, share = ((1 - alpha) * w).logsumexp(0).sub(math.log(particles)) / (1 - alpha), ((1 - alpha) * w).softmax(0)
        right[0] += chance * value
        right[1:] += chance * (value * s.sum(0) - share @ s)
        for rows in batches:
            leaf.grad = torch.zeros_like(leaf)
            with Script(zs):
                number = loss.loss_and_grads(model, guide, rows)
            told[0] -= chance / len(batches) * float(number)
            if leaf.grad is not None:
                told[1:] -= chance / len(batches) * leaf.grad

    every([])
    leaf.grad = None
    return torch.stack([told, right])

# %% wrong probabilities_first: the queue is asked by the model, too, which then has other states than the guide; else states from enumerate_support, batches outside, chances from a Categorical over states
class Queue(Messenger):
    def __init__(self):
        super().__init__()
        self.todo = []

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            z = self.todo.pop(0)
            self.todo.append(z)
            msg["value"], msg["done"] = z, True


def examine(loss, alpha, particles, model, guide, whole, batches):
    fn = poutine.trace(guide).get_trace(whole).nodes["z"]["fn"]
    leaf = pyro.get_param_store()._params["logits"]
    values = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * leaf.numel()).reshape(-1, leaf.numel())
    log_q = fn.log_prob(values)
    with torch.no_grad():
        log_p = torch.stack([poutine.trace(poutine.condition(model, {"z": z})).get_trace(whole).log_prob_sum() for z in values])
    shape = (len(values),) * particles
    log_w = log_p - log_q
    chance, power = torch.zeros(shape, dtype=torch.float64), None
    for k in range(particles):
        axis = [1] * particles
        axis[k] = -1
        chance = chance + log_q.reshape(axis)
        term = (1 - alpha) * log_w.reshape(axis).expand(shape)
        power = term if power is None else torch.logaddexp(power, term)
    chance = chance.exp()
    bound = (log_q.exp() @ log_w) if alpha == 1 else (chance * (power - math.log(particles))).sum() / (1 - alpha)
    bound.backward(inputs=[leaf])
    answer = torch.zeros(2, 1 + leaf.numel(), dtype=torch.float64)
    answer[1, 0], answer[1, 1:] = bound.detach(), leaf.grad
    queue = Queue()
    for rows in batches:
        for where in itertools.product(range(len(values)), repeat=particles):
            queue.todo = [values[i] for i in where]
            before = leaf.grad.clone() if leaf.grad is not None else torch.zeros_like(leaf)
            with queue:
                number = loss.loss_and_grads(model, guide, rows)
            after = leaf.grad.clone() if leaf.grad is not None else torch.zeros_like(leaf)
            share = float(chance[where].detach()) / len(batches)
            answer[0, 0] -= share * float(number)
            answer[0, 1:] -= share * (after - before)
    leaf.grad = None
    return answer

# %% wrong grads_add_up: .grad is not cleared between calls: each gradient holds those before it
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong equal_draws: all draws of K states equally likely, not as the guide makes them; right at logits 0
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, [len(draws) ** -1.0] * len(draws)):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong fixed_chance: chances of the draws held constant in the exact gradient: the score part is lost
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp().detach()
    if alpha == 1.0:
        bound = (log_q.exp().detach() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong score_only: weights held constant in the exact gradient, score times value alone: right for alpha = 1, where the rest vanishes on average
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum().detach())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong conditioned: poutine.condition for the states: z is observed then, no latent, and the loss has another value and gradient
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True
            msg["is_observed"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(poutine.condition(guide, {"z": z})).get_trace(whole)
        p = poutine.trace(poutine.condition(model, {"z": z})).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong right_by_batch: 'right' averaged over the batches as well, not the bound of all rows: the second fault is hidden for alpha other than 1
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    parts = []
    for rows in batches:
        lw = torch.stack([poutine.trace(poutine.condition(model, {"z": z})).get_trace(rows).log_prob_sum() for z in states]) - log_q
        if alpha == 1.0:
            parts.append((log_q.exp() * lw).sum())
        else:
            parts.append((chance * (((1 - alpha) * lw[index]).logsumexp(1) - math.log(particles))).sum() / (1 - alpha))
    bound = torch.stack(parts).mean()
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong same_state: all K particles get the same state, with the chance of one: no draw with different particles is looked at
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip([(i,) * particles for i in range(len(states))], log_q.exp().tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong unordered: draws without regard to order, each with the chance of one order: the multiplicity is missing
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        if list(draw) != sorted(draw):
            continue
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong no_logs: powers of the weights as numbers: zero or infinite with data 40 standard deviations out
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * power.exp().mean(1).log()).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong downhill: gradients as the loss has them, downhill, instead of those of the bound
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), -slope.reshape(-1)])
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] += weight * logits.grad.detach() / len(batches)
    logits.grad = None
    return torch.stack([told, right])

# %% wrong slope_of_told: the gradient told is the derivative of the value told on average, not what the loss puts into .grad: the first fault is hidden
class _Put(Messenger):
    def __init__(self):
        super().__init__()
        self.coming = None

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.coming)
            msg["done"] = True


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    logits = dict(pyro.get_param_store().named_parameters())["logits"]
    D = first.nodes["z"]["value"].shape[-1]
    states = [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0.0, 1.0), repeat=D)]
    log_q, log_w = [], []
    for z in states:
        put = _Put()
        put.coming = itertools.repeat(z)
        q = poutine.trace(put(guide)).get_trace(whole)
        p = poutine.trace(poutine.replay(model, q)).get_trace(whole)
        log_q.append(q.log_prob_sum())
        log_w.append(p.log_prob_sum() - q.log_prob_sum())
    log_q, log_w = torch.stack(log_q), torch.stack(log_w)
    draws = list(itertools.product(range(len(states)), repeat=particles))
    index = torch.tensor(draws)
    chance = log_q[index].sum(1).exp()
    if alpha == 1.0:
        bound = (log_q.exp() * log_w).sum()
    else:
        power = (1 - alpha) * log_w[index]
        bound = (chance * (power.logsumexp(1) - math.log(particles))).sum() / (1 - alpha)
    (slope,) = torch.autograd.grad(bound, logits)
    right = torch.cat([bound.detach().reshape(1), slope.reshape(-1)])
    chances = chance.tolist()
    values = torch.zeros(len(draws), dtype=torch.float64)
    told = torch.zeros(1 + D, dtype=torch.float64)
    put = _Put()
    placed = put(guide)
    for draw, weight in zip(draws, chance.tolist()):
        for rows in batches:
            put.coming = itertools.cycle([states[i] for i in draw])
            logits.grad = None
            value = float(loss.loss_and_grads(model, placed, rows))
            told[0] -= weight * value / len(batches)
            if logits.grad is not None:
                told[1:] -= weight * logits.grad.detach() / len(batches)
            values[draws.index(draw)] -= value / len(batches)
    logits.grad = None
    score = torch.stack([z - logits.detach().sigmoid() for z in states])
    share = torch.zeros(len(draws), D, dtype=torch.float64)
    with torch.no_grad():
        part = ((1 - alpha) * log_w[index]).softmax(1)
        share = torch.einsum("sk,skd->sd", part, score[index])
        told[1:] = (chance[:, None] * (values[:, None] * score[index].sum(1) - share)).sum(0)
    return torch.stack([told, right])
