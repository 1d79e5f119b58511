r"""Save a fit in the middle, load it in another process, and end with the numbers of a run that was never stopped.

Shown: ``Fit``, ``state_dict`` with ``torch.save``, ``load_state_dict``; and a trained p and q put away and read back. Asserted: the same
history, parameters and samples to the last bit, with minibatches, a schedule, averaging and the optimizer's moments.
"""

import tempfile
from pathlib import Path

import torch

from course_vi.data import digits
from course_vi.families import Amortized, MeanField
from course_vi.learning import Fit
from course_vi.models import VAE
from course_vi.nets import mlp

x = digits().train


def networks():
    source = torch.Generator().manual_seed(0)
    return VAE(2, 64, 32, source), Amortized(MeanField(2), mlp(64, 32, 4, source))


def fresh():
    """The same arguments each time: what is saved is where the fit stands, not what it is."""
    halve = lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 50, 0.5)  # noqa: E731
    return Fit(*networks(), x, batch_size=100, seed=1, schedule=halve, average_from=60)


whole = fresh()
whole.run(100)
whole.finish()  # puts the averages into p and q

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "fit.pt"
    first = fresh()
    first.run(37)
    torch.save(first.state_dict(), file)
    second = fresh()
    second.load_state_dict(torch.load(file))  # tensors and numbers only: no code is run
    second.run(63)
    second.finish()

    torch.save({"p": second.p.state_dict(), "q": second.q.state_dict()}, file)
    p, q = networks()
    state = torch.load(file)
    p.load_state_dict(state["p"])
    q.load_state_dict(state["q"])

assert torch.equal(whole.history.bound, second.history.bound)
for name, value in whole.p.state_dict().items():
    assert torch.equal(value, p.state_dict()[name]), name
draws = [family.sample(3, x[:5], torch.Generator().manual_seed(0)) for family in (whole.q, q)]
assert torch.equal(*draws)
print(f"100 steps, the last bound {whole.history.bound[-1]:.3f}: the same to the last bit")
