"""Models p(x, z): what generates the data?"""

from course_vi.models.attention import Window
from course_vi.models.autoencoder import Autoencoder
from course_vi.models.base import Model
from course_vi.models.bayesian_mixture import BayesianGaussianMixture
from course_vi.models.belief import SigmoidBeliefNet
from course_vi.models.bernoulli_mixture import BernoulliMixture
from course_vi.models.bernoullis import TwoBernoullis
from course_vi.models.conditional_vae import ConditionalVAE
from course_vi.models.conjugate import NormalGamma
from course_vi.models.deep_bernoulli import DeepBernoulli, DoublyDeepBernoulli
from course_vi.models.deep_markov import DeepMarkovModel
from course_vi.models.draw import DRAW, DrawNets
from course_vi.models.energy import BoltzmannMachine, IsingModel, auto_logit, grid_neighbours
from course_vi.models.ergm import ExponentialRandomGraph
from course_vi.models.gaussian_process import GaussianProcessRegression
from course_vi.models.hierarchical import HierarchicalVAE
from course_vi.models.hmm import GaussianHMM, HiddenMarkovModel
from course_vi.models.linear import BayesianLinearRegression, ProbabilisticPCA
from course_vi.models.mixed import LinearMixedModel
from course_vi.models.mixture import GaussianMixture
from course_vi.models.net import NetModel
from course_vi.models.neural_process import ConditionalNeuralProcess, NeuralProcess
from course_vi.models.neural_statistician import NeuralStatistician
from course_vi.models.regression import BayesianLogisticRegression
from course_vi.models.state_space import LinearGaussianSSM
from course_vi.models.toy import ConjugateToy, GaussianChain
from course_vi.models.vae import VAE

__all__ = [
    "Autoencoder", "BayesianGaussianMixture", "BayesianLinearRegression", "BayesianLogisticRegression", "BernoulliMixture",
    "BoltzmannMachine", "ConditionalNeuralProcess", "ConditionalVAE", "ConjugateToy", "DRAW", "DeepBernoulli", "DeepMarkovModel",
    "DoublyDeepBernoulli", "DrawNets", "ExponentialRandomGraph", "GaussianChain", "GaussianHMM", "GaussianMixture",
    "GaussianProcessRegression", "HiddenMarkovModel", "HierarchicalVAE", "IsingModel", "LinearGaussianSSM", "LinearMixedModel",
    "Model", "NetModel", "NeuralProcess", "NeuralStatistician", "NormalGamma", "ProbabilisticPCA", "SigmoidBeliefNet",
    "TwoBernoullis", "VAE", "Window", "auto_logit", "grid_neighbours",
]
