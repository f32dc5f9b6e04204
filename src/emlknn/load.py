# Merged into emlknn.mpy, beside its new, attach and abi. What is no .eml in memory, emlknn_tools reads.
# ruff: noqa: F821
if abi != 1:  # what 1 looks like is part of what a firmware and a native module must agree on
    raise ImportError("emlknn: other firmware")


def load(source, in_place=False):
    # A new model from a path, or from what load_model takes.
    model = new()
    load_model(model, source, in_place)
    return model


def load_model(model, source, in_place=False):
    # From an open file, a buffer or any iterable of lines. A read-only .eml in memory is used where it lies.
    if isinstance(source, str) or not attach(model, source, in_place):
        attach(model, model.read(source), True)
