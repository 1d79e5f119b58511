# %% right in_turn: A messenger hands out the states in turn; the right row is differentiated by autograd.
import itertools
import math

import pyro
import torch
from pyro import poutine
from pyro.poutine.messenger import Messenger


class InTurn(Messenger):
    def __init__(self, states):
        super().__init__()
        self.states = iter(states)

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"], msg["done"] = next(self.states), True


def examine(loss, alpha, particles, model, guide, whole, batches):
    guide(whole)
    logits = pyro.param("logits")
    states = [torch.tensor(bits) for bits in itertools.product((0.0, 1.0), repeat=len(logits))]
    told, bound = torch.zeros(1 + len(logits)), 0.0
    for draw in itertools.product(states, repeat=particles):
        log_q, log_w = 0.0, []
        for z in draw:
            with InTurn([z]):
                one = poutine.trace(guide).get_trace(whole)
            joint = poutine.trace(poutine.replay(model, trace=one)).get_trace(whole).log_prob_sum()
            log_q = log_q + one.log_prob_sum()
            log_w.append(joint - one.log_prob_sum())
        log_w = torch.stack(log_w)
        if alpha == 1:
            value = log_w.mean()
        else:
            value = (torch.logsumexp((1 - alpha) * log_w, 0) - math.log(particles)) / (1 - alpha)
        bound = bound + log_q.exp() * value
        for rows in batches:
            logits.grad = None
            value = loss.loss_and_grads(model, InTurn(draw)(guide), rows)
            slope = torch.zeros(len(logits)) if logits.grad is None else logits.grad
            told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)
    (slope,) = torch.autograd.grad(bound, logits)
    return torch.stack([told, torch.cat([bound.detach().reshape(1), slope])])


# %% right replayed: Traces of all states are made once, and replayed; the gradient of the right row by formula.
import itertools

import pyro
import torch
from pyro import poutine


def examine(loss, alpha, particles, model, guide, whole, batches):
    first = poutine.trace(guide).get_trace(whole)
    param = pyro.get_param_store()["logits"].unconstrained()
    size = param.numel()
    states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * size).reshape(-1, size)
    traces, log_q, log_p, score = [], [], [], []
    for z in states:
        trace = first.copy()
        trace.nodes["z"] = {**first.nodes["z"], "value": z}
        traces.append(trace)
        log_q.append((z * param - torch.nn.functional.softplus(param)).sum().item())
        log_p.append(poutine.trace(poutine.replay(model, trace=trace)).get_trace(whole).log_prob_sum().item())
        score.append((z - param.sigmoid()).detach())
    log_q, log_w, score = torch.tensor(log_q), torch.tensor(log_p) - torch.tensor(log_q), torch.stack(score)
    told, right = torch.zeros(1 + size), torch.zeros(1 + size)
    for places in itertools.product(range(len(states)), repeat=particles):
        chance = log_q[list(places)].sum().exp()
        w, s = log_w[list(places)], score[list(places)]
        if alpha == 1:
            bound, shares = w.mean(), torch.ones(particles) / particles
        else:
            power = (1 - alpha) * w
            bound, shares = (power.logsumexp(0) - torch.tensor(float(particles)).log()) / (1 - alpha), power.softmax(0)
        right[0] += chance * bound
        right[1:] += chance * (bound * s.sum(0) - shares @ s)
        for rows in batches:
            queue = list(places)

            def next_guide(rows):
                return poutine.replay(guide, trace=traces[queue.pop(0)])(rows)

            if param.grad is not None:
                param.grad.zero_()
            told[0] -= chance * loss.loss_and_grads(model, next_guide, rows) / len(batches)
            if param.grad is not None:
                told[1:] -= chance * param.grad / len(batches)
    return told, right


# %% right fixed_sampler: The distribution of the guide is given a sampler that has no choice; gradients are weighted by chance as they come.
import itertools
import math

import pyro
import torch
from pyro import poutine
from pyro.poutine.messenger import Messenger


class Scripted(Messenger):
    def __init__(self, script):
        super().__init__()
        self.script = list(script)

    def _pyro_sample(self, msg):
        if msg["is_observed"] or type(msg["fn"]).__name__ == "_Subsample":
            return
        z = self.script.pop(0)
        msg["fn"].sample = lambda *args: z


def examine(loss, alpha, particles, model, guide, whole, batches):
    guide(whole)
    logits = pyro.param("logits")
    n = len(logits)

    def scripted(script):
        handler = Scripted(script)

        def run(*args):
            with handler:
                return guide(*args)

        return run

    def chance(z):
        p = torch.where(z == 1, logits.sigmoid(), 1 - logits.sigmoid())
        return p.prod()

    value, grads, bound = 0.0, torch.zeros(n), 0.0
    bits = [torch.tensor(z) for z in itertools.product([1.0, 0.0], repeat=n)]
    for draw in itertools.product(bits, repeat=particles):
        q = torch.stack([chance(z) for z in draw])
        with torch.no_grad():
            joint = []
            for z in draw:
                trace = poutine.trace(poutine.condition(model, data={"z": z})).get_trace(whole)
                joint.append(trace.log_prob_sum())
        log_w = torch.stack(joint) - q.log()
        if alpha == 1:
            one = log_w.sum() / particles
        else:
            one = (((1 - alpha) * log_w).logsumexp(0) - math.log(particles)) / (1 - alpha)
        bound = bound + q.prod() * one
        for rows in batches:
            pyro.get_param_store()["logits"].grad = None
            value = value - float(q.prod()) * loss.loss_and_grads(model, scripted(draw), rows)
            if logits.grad is not None:
                grads = grads - float(q.prod()) * logits.grad
    logits.grad = None
    bound.backward()
    table = [[value / len(batches), *(grads / len(batches)).tolist()], [bound.item(), *logits.grad.tolist()]]
    return torch.tensor(table)


# %% wrong uphill_forgotten, from right in_turn: The loss's own sign.
# diagnosis: downhill
#-             told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)
#+             told += log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)


# %% wrong all_alike, from right in_turn: Every tuple counts alike.
# diagnosis: all_alike
#-             told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)
#+             told -= len(states) ** -particles * torch.cat([torch.tensor([value]), slope]) / len(batches)


# %% wrong summed_batches, from right in_turn: A sum over batches.
# diagnosis: batches_summed
#-             told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)
#+             told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope])


# %% wrong one_batch, from right in_turn: The first batch alone.
# diagnosis: first_batch
#-         for rows in batches:
#+         for rows in batches[:1]:
#@@
#-             told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)
#+             told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope])


# %% wrong left_over, from right in_turn: Gradients of one run are left in place for the next.
# diagnosis: value or not_finite or raises_TypeError
#-             logits.grad = None
#-             value = loss.loss_and_grads(model, InTurn(draw)(guide), rows)
#+             value = loss.loss_and_grads(model, InTurn(draw)(guide), rows)


# %% wrong conditioned, from right in_turn: The guide is conditioned: what it draws counts as observed, and no model is replayed on it.
# diagnosis: raises_RuntimeError
#-             msg["value"], msg["done"] = next(self.states), True
#+             msg["value"], msg["done"], msg["is_observed"] = next(self.states), True, True


# %% wrong one_state, from right in_turn: All particles of a run get the same state.
# diagnosis: alpha_ignored
#-     for draw in itertools.product(states, repeat=particles):
#+     for draw in ([z] * particles for z in states):
#@@
#-         log_w = torch.stack(log_w)
#+         log_w, log_q = torch.stack(log_w), log_q / particles


# %% wrong elbo_for_all, from right in_turn: The bound is the ELBO, whatever alpha.
# diagnosis: alpha_ignored
#-         if alpha == 1:
#+         if True:


# %% wrong detached_chances, from right in_turn: The chances of the tuples are numbers.
# diagnosis: no_score
#-         bound = bound + log_q.exp() * value
#+         bound = bound + log_q.exp().detach() * value


# %% wrong weights_detached, from right in_turn: The weights inside the bound are numbers.
# diagnosis: only_score
#-         bound = bound + log_q.exp() * value
#+         bound = bound + log_q.exp() * value.detach()


# %% wrong told_twice, from right in_turn: What the loss tells stands in both rows.
# diagnosis: told_again
#-     return torch.stack([told, torch.cat([bound.detach().reshape(1), slope])])
#+     return torch.stack([told, told])


# %% wrong underflow, from right replayed: Weights far below zero are taken to the exponent as they are.
# diagnosis: not_finite
#-             bound, shares = (power.logsumexp(0) - torch.tensor(float(particles)).log()) / (1 - alpha), power.softmax(0)
#+             bound, shares = power.exp().mean().log() / (1 - alpha), power.softmax(0)


# %% wrong mean_outside, from right replayed: The logarithm of the mean over all tuples.
# diagnosis: evidence or value
#-             bound, shares = (power.logsumexp(0) - torch.tensor(float(particles)).log()) / (1 - alpha), power.softmax(0)
#+             bound, shares = torch.logsumexp((1 - alpha) * log_w + log_q, 0) / (1 - alpha), 0 * power


# %% wrong alpha_turned, from right in_turn: alpha for one minus alpha.
# diagnosis: value or not_finite
#-             value = (torch.logsumexp((1 - alpha) * log_w, 0) - math.log(particles)) / (1 - alpha)
#+             value = (torch.logsumexp(alpha * log_w, 0) - math.log(particles)) / alpha


# %% wrong sum_inside, from right in_turn: A sum over particles where a mean belongs.
# diagnosis: value
#-             value = (torch.logsumexp((1 - alpha) * log_w, 0) - math.log(particles)) / (1 - alpha)
#+             value = torch.logsumexp((1 - alpha) * log_w, 0) / (1 - alpha)


# %% wrong subsampled_right, from right in_turn: The right bound is that of the first batch.
# diagnosis: value
#-     guide(whole)
#-     logits = pyro.param("logits")
#+     guide(whole)
#+     whole = batches[0]
#+     logits = pyro.param("logits")


# %% wrong random_draws, from right in_turn: Draws of the guide in place of all states: one seed says nothing.
# diagnosis: value
#-             value = loss.loss_and_grads(model, InTurn(draw)(guide), rows)
#+             value = loss.loss_and_grads(model, guide, rows)


# %% wrong trusting, from right in_turn: The loss is believed: what is told is what is right.
# diagnosis: value
#-     (slope,) = torch.autograd.grad(bound, logits)
#-     return torch.stack([told, torch.cat([bound.detach().reshape(1), slope])])
#+     (slope,) = torch.autograd.grad(bound, logits)
#+     right = torch.cat([bound.detach().reshape(1), slope])
#+     return torch.stack([right, right])


# %% wrong sets_of_states, from right replayed: The loss is asked once for all orders of the same states, which saves runs, and is right for losses that treat their particles alike.
# diagnosis: order_lost
#-             queue = list(places)
#+             queue = sorted(places)
