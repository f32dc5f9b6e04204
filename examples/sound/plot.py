"""Draws sounds.png: what the classifier sees of a second of each class, and what it takes the test windows for.

Needs matplotlib (and Pillow, which comes with it): .venv/bin/python -m pip install matplotlib
"""

import data
import matplotlib
import numpy as np
import train
from data import CLASSES, HERE, OUT, RATE
from PIL import Image
from sklearn.metrics import confusion_matrix

import emlearn
from emlearn import dsp

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

N_FRAMES = 31


def main():
    X, y = train.table(list(data.sources(1)))
    # What train.py has written, which knows the classes and not the pipeline.
    said = emlearn.load(OUT / "board" / "sound.eml").predict(X)
    frames = dsp.MelSpectrogram(RATE, n_fft=256, hop_length=256, n_mels=32, q15=True)
    figure, places = plt.subplot_mosaic([[*CLASSES, "matrix"]], figsize=(9, 2.6), layout="constrained")
    for label in CLASSES:
        # Of the right ones, one of medium level.
        right = X[(y == label) & (said == label)]
        window = right[np.argsort(np.std(right, axis=1))[len(right) // 2]]
        bands = frames.fit_transform(window[None]).reshape(N_FRAMES, 32).T
        shown = {"vmin": bands.max() - 50, "extent": (0, 1, 0, 32), "cmap": "magma"}  # 50 dB
        places[label].imshow(bands, origin="lower", aspect="auto", **shown)
        places[label].set(title=label, xlabel="s", xticks=[0, 0.5, 1])
        places[label].tick_params(labelsize=7)
        places[label].xaxis.label.set_fontsize(7)
    places[CLASSES[0]].set_ylabel("mel band, 0 to 4 kHz", fontsize=7)
    draw_matrix(places["matrix"], confusion_matrix(y, said, labels=CLASSES))
    figure.savefig(OUT / "sounds.png", dpi=100)
    Image.open(OUT / "sounds.png").convert("RGB").quantize(64).save(HERE / "sounds.png", optimize=True)


def draw_matrix(place, matrix):
    place.imshow(matrix, cmap="Blues")
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            shade = "white" if count > matrix.max() / 2 else "black"
            place.text(column, row, str(count), ha="center", va="center", color=shade, fontsize=9)
    place.set_xticks(range(len(CLASSES)), CLASSES, fontsize=7)
    place.set_yticks(range(len(CLASSES)), CLASSES, fontsize=7, rotation=90, va="center")
    place.set_title("predicted (across) and true (down),\nvoice and artists never heard", fontsize=8)


if __name__ == "__main__":
    main()
