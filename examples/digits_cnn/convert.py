"""Builds the network in Keras, of weights.npz, and converts it to digits.tmdl.

Keras 3 needs a back end; by default that is PyTorch, as in train.py.
"""

import os

import data
import numpy as np

import emlearn

STRIDES = 3, 1, 1


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


if __name__ == "__main__":
    main()
