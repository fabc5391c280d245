"""Weights in and out: what other libraries trained, and what they are to have."""

from jaxml.interop import keras

__all__ = ["keras"]
