"""Builds the network in Keras, of weights.npz, converts it, and leaves what a board needs in build/digits_cnn/board.

Keras 3 needs a back end; by default that is PyTorch, as in train.py.
"""

import os
import shutil

import data
import numpy as np

import emlearn

BOARD = data.OUT / "board"  # what a board's file system would hold
STRIDES = 3, 1, 1
# What the file needs, for MicroPython on this machine; on boards `emlearn deploy` knows.
MODULES = ("tinymaix_cnn",)
SHOWN = 3  # that are read wrongly


def network():
    """The trained network, which takes bytes."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    from keras import Sequential, layers

    with np.load(data.HERE / "weights.npz") as file:
        weights = [array.astype(np.float32) for array in file.values()]
    model = Sequential([layers.Input((28, 28, 1)), layers.Rescaling(1 / 255)])
    for stride, kernel in zip(STRIDES, weights[::5], strict=False):
        model.add(layers.Conv2D(kernel.shape[-1], kernel.shape[0], stride, use_bias=False))
        model.add(layers.BatchNormalization(epsilon=1e-5))  # as PyTorch's
        model.add(layers.ReLU())
    for layer in (layers.GlobalAveragePooling2D(), layers.Dense(10), layers.Softmax()):
        model.add(layer)
    model.set_weights(weights)
    return model


def converted(trained, X):
    """Images to train with say which values the layers have."""
    return emlearn.convert(trained, X[..., None])


def main():
    (X, _), (X_test, y_test) = data.digits()
    X_test = X_test[..., None]
    trained = network()
    model = converted(trained, X)
    print(certificate := model.certify(X_test, y_test))
    data.OUT.mkdir(parents=True, exist_ok=True)
    (data.OUT / "certificate.txt").write_text(f"{certificate}\n")
    model.golden = model.certificate = None  # what is in the file for its selftest has 1.7 kB
    model.save(file=data.HERE / "digits.tmdl")
    predicted = model.predict(X_test)
    float32 = np.argmax(trained.predict(X_test, verbose=0), axis=1)
    for name, digits in (("Keras", float32), ("int8", predicted)):
        print(f"accuracy: {np.sum(digits == y_test)} of {len(y_test)}, says {name}")
    print(f"agreement: {np.sum(float32 == predicted)} of {len(y_test)}")
    prepare(X_test, y_test, predicted)


def prepare(X, y, predicted):
    shutil.rmtree(BOARD, ignore_errors=True)
    (BOARD / "lib").mkdir(parents=True)
    for name in ("main.py", "digits.tmdl"):
        shutil.copy(data.HERE / name, BOARD)
    chosen = shown(y, predicted)
    (BOARD / "digits.bin").write_bytes(images(X[chosen], y[chosen], predicted[chosen]))
    for name in MODULES:
        for module in (data.ROOT / "dist").glob(f"x64_*/{name}.mpy"):
            shutil.copy(module, BOARD / "lib")


def shown(y, predicted):
    """The first of each digit, and the first that are read wrongly."""
    return [*np.unique(y, return_index=True)[1], *np.flatnonzero(y != predicted)[:SHOWN]]


def images(X, y, predicted):
    """What main.py reads: of each image what was written, what the PC reads, and the image."""
    rows = zip(X, y, predicted, strict=True)
    return b"".join(bytes([written, read]) + image.tobytes() for image, written, read in rows)


if __name__ == "__main__":
    main()
