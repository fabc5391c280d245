"""The mathematics under machine learning, as code that you can run, check and trust."""

from jaxml import datasets, descent, exceptions, metrics, model_selection, models, plot, preprocessing
from jaxml.descent import DivergedError, Fit, fit, minimize, newton
from jaxml.models import forest, linear, logistic, pca, softmax, svm

__version__ = "0.1.0"

__all__ = [
    "DivergedError",
    "Fit",
    "datasets",
    "descent",
    "exceptions",
    "fit",
    "forest",
    "linear",
    "logistic",
    "metrics",
    "minimize",
    "model_selection",
    "models",
    "newton",
    "pca",
    "plot",
    "preprocessing",
    "softmax",
    "svm",
]
