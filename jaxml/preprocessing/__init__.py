"""Numbers made ready: columns on one scale, names as integers, texts as rows of word numbers."""

from jaxml.preprocessing import standard_scaler as standard_scaler
from jaxml.preprocessing import text as text
from jaxml.preprocessing.labels import Labels as Labels
from jaxml.preprocessing.labels import decode_labels as decode_labels
from jaxml.preprocessing.labels import encode_labels as encode_labels
from jaxml.preprocessing.labels import one_hot as one_hot
