# Merged into emlfeatures.mpy behind its native attach and before load.py, which calls this one.
# ruff: noqa: F821
from array import array
from struct import unpack_from

_open = attach


def _import(family):
    # The module that runs a family's models: that of its number.
    names = ("", "trees", "linear", "knn", "kernel", "bayes", "mixture", "net", "pipeline")
    if not 0 < family < len(names):
        raise ValueError("the model behind the blocks is of an unknown family")
    name = "eml" + names[family]
    try:
        return __import__(name)
    except ImportError:
        raise ImportError("this model needs %s as well: install that package" % name)


def attach(model, data, in_place=False):
    # A whole .eml in memory; None for anything else. The model stays what it was unless all of the new one is there.
    opened = new()
    if not _open(opened, data, in_place):
        return None
    columns, words, size = unpack_from("<HII", opened.data, 30)
    predict = None
    if size:
        start = 40 + 4 * words
        module = _import(opened.data[23])
        inner = module.new()
        module.load_model(inner, memoryview(opened.data)[start : start + 4 * size], True)
        predict = inner.predict
    link(model, opened, predict, array("f", bytes(4 * columns)))
    return True


def statistics(x, out, n_channels=1):  # noqa: F811
    # The ten statistics of each channel of x, into array("f"), without a model. From then on, the native function.
    global statistics
    statistics = __import__("emlfeatures_statistics").statistics
    statistics(x, out, n_channels)
