"""The mathematics under machine learning, as code that you can run, check and trust."""

from jaxml import checks, datasets, descent, exceptions, files, interop, metrics, model_selection, models, nn, plot, preprocessing
from jaxml.checks import audit, autopsy, check_derivation, check_gradients, forecast
from jaxml.descent import DivergedError, Fit, fit, minimize, newton
from jaxml.files import load, save
from jaxml.models import cnn, forest, linear, logistic, pca, softmax, svm, text_lstm

__version__ = "0.1.0"

__all__ = [
    "DivergedError",
    "Fit",
    "audit",
    "autopsy",
    "check_derivation",
    "check_gradients",
    "checks",
    "cnn",
    "datasets",
    "descent",
    "exceptions",
    "files",
    "fit",
    "forecast",
    "forest",
    "interop",
    "linear",
    "load",
    "logistic",
    "metrics",
    "minimize",
    "model_selection",
    "models",
    "newton",
    "nn",
    "pca",
    "plot",
    "preprocessing",
    "save",
    "softmax",
    "svm",
    "text_lstm",
]
