"""Convolutional networks of Keras for tests: each layer that is supported, and graphs at random."""

from __future__ import annotations

import math

import numpy as np


def with_weights(model, seed=0):
    """Weights that keep the size of values; scales and variances of all sizes around 1."""
    random = np.random.default_rng(seed)

    def weights(name, shape):
        if name in ("gamma", "moving_variance"):
            return random.uniform(0.3, 2, shape)
        if len(shape) == 1:
            return random.normal(size=shape) / 3
        fan_in = math.prod(shape[:-2]) if name == "depthwise_kernel" else math.prod(shape[:-1])
        return random.normal(size=shape) * math.sqrt(2 / fan_in)

    model.set_weights([weights(w.name, w.shape) for w in model.weights])
    return model


def chain(keras, shape, *layers):
    return with_weights(keras.Sequential([keras.layers.Input(shape), *layers]))


CHAINS = {
    "conv": ((8, 8, 3), lambda L: [L.Conv2D(5, 3, activation="relu")]),
    "same": ((7, 6, 2), lambda L: [L.Conv2D(4, 3, 2, "same"), L.ReLU(), L.Conv2D(3, 2, padding="same")]),
    "stride": ((9, 11, 2), lambda L: [L.Conv2D(4, (3, 5), strides=(2, 3), padding="same", activation="relu6")]),
    "stride beyond": ((8, 8, 1), lambda L: [L.Conv2D(3, 2, strides=3, padding="same", use_bias=False)]),
    "norm": ((6, 6, 2), lambda L: [L.Conv2D(4, 3, use_bias=False), L.BatchNormalization(), L.Activation("relu")]),
    "norm after": (
        (6, 6, 2),
        lambda L: [L.Conv2D(4, 3, activation="relu"), L.BatchNormalization(), L.Conv2D(3, 3), L.Flatten(), L.Dense(4)],
    ),
    "norm before zeros": (
        (6, 6, 2),
        lambda L: [L.ReLU(), L.BatchNormalization(scale=False), L.Conv2D(4, 3, padding="same", activation="relu")],
    ),
    "norm of flat": (
        (6, 6, 2),
        lambda L: [L.MaxPooling2D(), L.Flatten(), L.BatchNormalization(center=False), L.Dense(4)],
    ),
    "depthwise": (
        (8, 7, 3),
        lambda L: [
            *[L.DepthwiseConv2D(3, padding="same", depth_multiplier=2), L.BatchNormalization(), L.ReLU(max_value=6)],
            *[L.DepthwiseConv2D(3, strides=2, activation="relu"), L.GlobalAveragePooling2D(), L.Dense(3)],
        ],
    ),
    "grouped": ((6, 6, 3), lambda L: [L.BatchNormalization(), L.Conv2D(6, 3, groups=3)]),
    "separable": (
        (8, 8, 3),
        lambda L: [L.SeparableConv2D(5, 3, padding="same", depth_multiplier=2, activation="relu")],
    ),
    "max": (
        (9, 9, 2),
        lambda L: [L.MaxPooling2D(3, strides=2, padding="same"), L.Conv2D(3, 2), L.MaxPooling2D(), L.ReLU()],
    ),
    "average": ((9, 9, 2), lambda L: [L.AveragePooling2D(3, strides=2, padding="same"), L.AveragePooling2D(2)]),
    "global": ((6, 5, 4), lambda L: [L.Conv2D(5, 3), L.GlobalMaxPooling2D(keepdims=True), L.Conv2D(3, 1), L.Flatten()]),
    "zeros": (
        (6, 6, 2),
        lambda L: [
            *[L.ZeroPadding2D(((1, 0), (0, 1))), L.Conv2D(3, 3, strides=2, activation="relu")],
            *[L.ZeroPadding2D(1), L.MaxPooling2D(3, strides=2), L.Conv2D(2, 1)],
        ],
    ),
    "sequence": (
        (20, 3),
        lambda L: [
            *[L.Conv1D(4, 5, strides=2, padding="same", activation="relu"), L.MaxPooling1D(2), L.SpatialDropout1D(0.1)],
            *[L.Conv1D(4, 2, padding="causal"), L.BatchNormalization(), L.Activation("relu6"), L.Dense(3)],
            *[L.SeparableConv1D(3, 2), L.GlobalAveragePooling1D(), L.Dense(2)],
        ],
    ),
    "sequence 2": (
        (16, 2),
        lambda L: [
            *[L.ZeroPadding1D(1), L.DepthwiseConv1D(3, activation="relu"), L.AveragePooling1D(2), L.GaussianNoise(0.1)],
            L.GlobalMaxPooling1D(),
        ],
    ),
    "classes": (
        (8, 8, 1),
        lambda L: [
            *[L.Conv2D(6, 3, padding="same", activation="relu"), L.MaxPooling2D(), L.SpatialDropout2D(0.1)],
            *[L.Conv2D(8, 3), L.BatchNormalization(), L.ReLU(), L.Flatten(), L.Dropout(0.2), L.Dense(10), L.Softmax()],
        ],
    ),
    "two classes": (
        (8, 8, 1),
        lambda L: [L.Conv2D(4, 3, activation="relu"), L.GlobalAveragePooling2D(), L.Dense(1, activation="sigmoid")],
    ),
    "several": (
        (8, 8, 1),
        lambda L: [L.Conv2D(4, 3, activation="relu"), L.GlobalAveragePooling2D(), L.Dense(3, activation="sigmoid")],
    ),
    "dense": (
        (6, 6, 2),
        lambda L: [
            *[L.MaxPooling2D(), L.Flatten(), L.Dense(9, activation="relu")],
            *[L.Dense(8), L.ReLU(max_value=6), L.Dense(4)],
        ],
    ),
    "pixels": (
        (6, 6, 2),
        lambda L: [L.Conv2D(4, 3, padding="same", activation="relu"), L.Conv2D(3, 1, activation="relu")],
    ),
    "reshaped": (
        (24,),
        lambda L: [L.Reshape((3, -1, 2)), L.Conv2D(4, 2, activation="relu"), L.Reshape((6, 4)), L.Conv1D(3, 2)],
    ),
    "activations": (
        (6, 6, 2),
        lambda L: [
            *[L.Rescaling(5.0), L.Conv2D(4, 3, activation="relu"), L.ReLU(max_value=6), L.ReLU()],
            *[L.Rescaling(3.0), L.Conv2D(4, 2, activation="relu"), L.MaxPooling2D(2), L.ReLU(max_value=6), L.ReLU()],
        ],
    ),
    "flat norm": (
        (5, 5, 2),
        lambda L: [L.Conv2D(3, 3), L.Flatten(), L.BatchNormalization(), L.Activation("relu"), L.Dense(3)],
    ),
}


def branches(keras):
    """A network with two additions, a shared layer and a nested model."""
    L = keras.layers
    inputs = L.Input((8, 8, 3))
    first = L.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    x = L.BatchNormalization()(L.Conv2D(6, 3, padding="same")(first))
    first = L.ReLU()(L.Add()([x, first]))
    shared = L.Conv2D(6, 1, activation="relu")
    nested = keras.Sequential([L.Input((8, 8, 6)), L.DepthwiseConv2D(3, padding="same"), L.Conv2D(6, 1)])
    x = L.Add()([shared(first), shared(nested(first)), first])
    x = L.Dense(4)(L.GlobalAveragePooling2D()(L.MaxPooling2D()(x)))
    return with_weights(keras.Model(inputs, L.Softmax()(x)))


def network_of(keras, name):
    if name == "branches":
        return branches(keras), (8, 8, 3)
    shape, layers = CHAINS[name]
    return chain(keras, shape, *layers(keras.layers)), shape


def images(shape, n=24, seed=1):
    return np.random.default_rng(seed).normal(size=(n, *shape)).astype(np.float32)


def reference(model, X):
    return np.asarray(model.predict(X, verbose=0)).reshape(len(X), -1)


def raw_outputs(model, X):
    """What the file gives: of two classes one number."""
    return model._core.run(model._raw(X))


def small(keras, *before, padding="valid"):
    L = keras.layers
    last = [L.Conv2D(6, 3, activation="relu", padding=padding), L.Flatten(), L.Dense(5), L.Softmax()]
    return chain(keras, (6, 6, 2), *before, *last)


def random_graph(keras, seed):
    """A network of up to eight layers, each after one or two of those before it, and the shape of its input."""
    random, L = np.random.default_rng(seed), keras.layers

    def number(low, high):
        return int(random.integers(low, high))

    def of_image(x):
        h, w, _ = x.shape[1:]
        kernel, padding = (min(number(1, 4), h), min(number(1, 4), w)), str(random.choice(["same", "valid"]))
        activation, stride = [None, "relu", "relu6"][number(0, 3)], number(1, 3)
        return [
            lambda: L.Conv2D(number(1, 6), kernel, stride, padding, activation=activation)(x),
            lambda: L.Conv2D(number(1, 6), kernel, padding=padding, use_bias=False)(x),
            lambda: L.DepthwiseConv2D(min(kernel), padding=padding, depth_multiplier=number(1, 3))(x),
            lambda: L.BatchNormalization()(x),
            lambda: L.ReLU(max_value=[None, 6][number(0, 2)])(x),
            lambda: L.MaxPooling2D(min(2, h, w), stride, padding)(x),
            lambda: L.AveragePooling2D(min(2, h, w), stride, padding)(x),
            lambda: L.Conv2D(3, (2, 3))(L.ZeroPadding2D(1)(x)),
            lambda: L.Rescaling(number(1, 30) / 10, number(-10, 10) / 10)(x),
            lambda: [L.Flatten, L.GlobalAveragePooling2D, L.GlobalMaxPooling2D][number(0, 3)]()(x),
        ]

    def of_flat(x):
        activation = [None, "relu", "relu6"][number(0, 3)]
        return [
            lambda: L.Dense(number(1, 8), activation=activation)(x),
            lambda: L.BatchNormalization()(x),
            lambda: L.ReLU()(x),
        ]

    shape = (number(3, 10), number(3, 10), number(1, 5))
    inputs = L.Input(shape)
    before = [inputs, L.Rescaling(0.7, 0.4)(inputs), L.BatchNormalization()(inputs), L.ReLU()(inputs)][number(0, 4)]
    tensors = [L.Conv2D(number(1, 6), 3, padding=["same", "valid"][number(0, 2)])(before)]
    for _ in range(number(1, 8)):
        x = tensors[number(max(0, len(tensors) - 3), len(tensors))]
        alike = [other for other in tensors if other.shape == x.shape]
        choices = of_image(x) if len(x.shape) == 4 else of_flat(x)
        choices.append(lambda x=x, alike=alike: L.Add()([x, alike[number(0, len(alike))]]))
        tensors.append(choices[number(0, len(choices))]())
    outputs = tensors[-1]
    if random.random() < 0.5:
        outputs = L.Dense(4)(L.Flatten()(outputs) if len(outputs.shape) == 4 else outputs)
        outputs = L.Softmax()(outputs) if random.random() < 0.5 else outputs
    return with_weights(keras.Model(inputs, outputs), seed), shape
