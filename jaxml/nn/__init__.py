"""Layers: functions with parameters beside them, not inside.

net = nn.sequential(nn.flatten(), nn.dense(10))
params, output_shape = net.init(jax.random.key(0), (28, 28, 1))
z = net.apply(params, x)
"""

from jaxml.nn.activations import activation
from jaxml.nn.convolution import conv2d, convolution
from jaxml.nn.dense import dense
from jaxml.nn.dropout import dropout
from jaxml.nn.embedding import embedding
from jaxml.nn.flatten import flatten
from jaxml.nn.layer import Layer
from jaxml.nn.lstm import lstm, lstm_cell, lstm_gates, lstm_states
from jaxml.nn.pooling import average_pooling2d, global_average_pooling, max_pooling2d
from jaxml.nn.sequential import sequential
from jaxml.nn.summary import summary

__all__ = [
    "Layer",
    "activation",
    "average_pooling2d",
    "conv2d",
    "convolution",
    "dense",
    "dropout",
    "embedding",
    "flatten",
    "global_average_pooling",
    "lstm",
    "lstm_cell",
    "lstm_gates",
    "lstm_states",
    "max_pooling2d",
    "sequential",
    "summary",
]
