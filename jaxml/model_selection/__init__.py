"""Which rows train and which rows test."""

from jaxml.model_selection.split import k_fold, stratified_k_fold, train_test_split

__all__ = ["k_fold", "stratified_k_fold", "train_test_split"]
