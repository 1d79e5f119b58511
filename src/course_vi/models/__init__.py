"""Models p(x, z): what generates the data?"""

from course_vi.models.base import Model
from course_vi.models.deep.autoencoder import Autoencoder
from course_vi.models.deep.conditional_vae import ConditionalVAE
from course_vi.models.deep.deep_bernoulli import DeepBernoulli, DoublyDeepBernoulli
from course_vi.models.deep.deep_markov_model import DeepMarkovModel
from course_vi.models.deep.draw import DRAW
from course_vi.models.deep.hierarchical_vae import HierarchicalVAE
from course_vi.models.deep.neural_process import ConditionalNeuralProcess, NeuralProcess
from course_vi.models.deep.neural_statistician import NeuralStatistician
from course_vi.models.deep.sigmoid_belief_net import SigmoidBeliefNet
from course_vi.models.deep.vae import VAE
from course_vi.models.global_local import GlobalLocalModel
from course_vi.models.logistic_regression import BayesianLogisticRegression
from course_vi.models.tractable.bayesian_gaussian_mixture import BayesianGaussianMixture
from course_vi.models.tractable.bernoulli_mixture import BernoulliMixture
from course_vi.models.tractable.conjugate_toy import ConjugateToy
from course_vi.models.tractable.gaussian_chain import GaussianChain
from course_vi.models.tractable.gaussian_hmm import GaussianHMM, MultivariateGaussianHMM
from course_vi.models.tractable.gaussian_mixture import GaussianMixture
from course_vi.models.tractable.gaussian_process_regression import GaussianProcessRegression
from course_vi.models.tractable.hidden_markov_model import HiddenMarkovModel
from course_vi.models.tractable.linear_gaussian_ssm import LinearGaussianSSM
from course_vi.models.tractable.linear_mixed_model import LinearMixedModel
from course_vi.models.tractable.linear_regression import BayesianLinearRegression
from course_vi.models.tractable.normal_gamma import NormalGamma
from course_vi.models.tractable.probabilistic_pca import ProbabilisticPCA
from course_vi.models.tractable.two_bernoullis import TwoBernoullis
from course_vi.models.undirected.exponential_random_graph import ExponentialRandomGraph
from course_vi.models.undirected.pairwise_energy import (
    BoltzmannMachine,
    IsingModel,
    auto_logit,
    grid_neighbours,
)

__all__ = [
    "Autoencoder",
    "BayesianGaussianMixture",
    "BayesianLinearRegression",
    "BayesianLogisticRegression",
    "BernoulliMixture",
    "BoltzmannMachine",
    "ConditionalNeuralProcess",
    "ConditionalVAE",
    "ConjugateToy",
    "DRAW",
    "DeepBernoulli",
    "DeepMarkovModel",
    "DoublyDeepBernoulli",
    "ExponentialRandomGraph",
    "GaussianChain",
    "GaussianHMM",
    "GaussianMixture",
    "GaussianProcessRegression",
    "GlobalLocalModel",
    "HiddenMarkovModel",
    "HierarchicalVAE",
    "IsingModel",
    "LinearGaussianSSM",
    "LinearMixedModel",
    "Model",
    "MultivariateGaussianHMM",
    "NeuralProcess",
    "NeuralStatistician",
    "NormalGamma",
    "ProbabilisticPCA",
    "SigmoidBeliefNet",
    "TwoBernoullis",
    "VAE",
    "auto_logit",
    "grid_neighbours",
]
