"""How the tests read a picture."""


def texts(ax):
    return [t.get_text() for t in ax.texts]


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def ticks(axis):
    return [t.get_text() for t in axis.get_ticklabels()]
