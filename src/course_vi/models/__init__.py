"""Models p(x, z): what generates the data?"""

from course_vi.models.base import Model
from course_vi.models.bernoullis import TwoBernoullis
from course_vi.models.hmm import GaussianHMM, HiddenMarkovModel
from course_vi.models.net import NetModel
from course_vi.models.regression import BayesianLogisticRegression
from course_vi.models.state_space import LinearGaussianSSM
from course_vi.models.toy import ConjugateToy, GaussianChain
from course_vi.models.vae import VAE

__all__ = [
    "BayesianLogisticRegression", "ConjugateToy", "GaussianChain", "GaussianHMM", "HiddenMarkovModel", "LinearGaussianSSM", "Model",
    "NetModel", "TwoBernoullis", "VAE",
]
