"""Pictures of losses, fits, boundaries, descents and the insides of nets, from numbers and functions: no picture knows a model.

Every function draws into `ax`, or into a figure of its own (800 x 500 pixels) that belongs to no pyplot state, and returns the Axes:

    plot.loss_curve(fit.losses).figure.savefig("loss.png")

matplotlib is imported when the first picture is drawn, not before.
"""

from jaxml.plot.boundaries import boundary_band, decision_boundary, probability_contours
from jaxml.plot.curves import loss_curve, scatter_with_fit
from jaxml.plot.derivations import derivation
from jaxml.plot.descents import descent_path
from jaxml.plot.forecasts import forecast, rates
from jaxml.plot.learning import explained_variance, feature_importances, learning_curve, noise_band, support_vectors
from jaxml.plot.nets import feature_maps, filters, gates, receptive_field, sensitivity, sparse_matrix
from jaxml.plot.tables import confusion_matrix

__all__ = [
    "boundary_band",
    "confusion_matrix",
    "decision_boundary",
    "derivation",
    "descent_path",
    "explained_variance",
    "feature_importances",
    "feature_maps",
    "filters",
    "forecast",
    "gates",
    "learning_curve",
    "loss_curve",
    "noise_band",
    "probability_contours",
    "rates",
    "receptive_field",
    "scatter_with_fit",
    "sensitivity",
    "sparse_matrix",
    "support_vectors",
]
