"""Which rows train and which rows test, and how much more rows help."""

from jaxml.model_selection._learning_curve import LearningCurve, learning_curve
from jaxml.model_selection.split import k_fold, stratified_k_fold, train_test_split

__all__ = ["LearningCurve", "k_fold", "learning_curve", "stratified_k_fold", "train_test_split"]
