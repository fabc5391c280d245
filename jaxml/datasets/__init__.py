"""Where numbers come from: scikit-learn's synthetic sets, bit for bit for a seed, and real data that need no download."""

from jaxml.datasets.real import (
    Images,
    Table,
    Texts,
    load_breast_cancer,
    load_diabetes,
    load_diamonds,
    load_digits,
    load_fashion_mnist,
    load_iris,
    load_sms_spam,
    load_wine,
)
from jaxml.datasets.synthetic import make_blobs, make_circles, make_classification, make_moons, make_regression

__all__ = [
    "Images",
    "Table",
    "Texts",
    "load_breast_cancer",
    "load_diabetes",
    "load_diamonds",
    "load_digits",
    "load_fashion_mnist",
    "load_iris",
    "load_sms_spam",
    "load_wine",
    "make_blobs",
    "make_circles",
    "make_classification",
    "make_moons",
    "make_regression",
]
