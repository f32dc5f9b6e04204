"""Trains the classifier, converts it, says how good it is on what it has never heard, and writes the device's files."""

import shutil
import sys
import wave

import data
import numpy as np
from data import CLASSES, HERE, OUT, RATE
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlearn
from emlearn import dsp

BOARD = OUT / "board"  # what a board's file system would hold
EACH = 12  # windows of each class in the recording that main.py listens to
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)


def main():
    train, test = (list(data.sources(part)) for part in (0, 1))
    strength = chosen(train)
    X, y = table(train)
    X_test, y_test = table(test)
    pipeline = make_pipeline(frontend(), *classifier(strength)).fit(X, y)

    model = emlearn.convert(pipeline)
    certificate = model.certify(X_test, y_test)
    print("\n".join(f"   {line}" for line in str(certificate).splitlines()))
    said = model.predict(X_test)
    print(f"Balanced accuracy on a voice and on artists never heard: {balanced_accuracy_score(y_test, said):.1%}")
    print("said (across), true (down):", *CLASSES)
    for name, row in zip(CLASSES, confusion_matrix(y_test, said, labels=CLASSES), strict=True):
        print(f"{name:>10}", *(f"{count:6d}" for count in row))

    shutil.rmtree(BOARD, ignore_errors=True)
    BOARD.mkdir(parents=True)
    for name in ("main.py", "measure.py"):
        shutil.copy(HERE / name, BOARD)
    # A board loads them into RAM: a row for selftest() would be a second of sound, 16 kB, the certificate 600 bytes.
    model.golden = model.certificate = None
    model.save(file=BOARD / "sound.eml")
    model.save(file=OUT / "sound.h")
    heard = some(y_test)
    write(X_test[heard], BOARD / "sound.wav")
    (OUT / "sound.txt").write_text("".join(f"{label}\n" for label in said[heard]))
    print(f"Copy {BOARD.relative_to(OUT.parents[1])} to a board: examples/sound/README.md says how.")
    return 0


def frontend():
    """32 mel bands every 32 ms, in integers; of each, the mean over a second and how much it varies."""
    return dsp.MelSpectrogram(RATE, n_fft=256, hop_length=256, n_mels=32, over=("mean", "std"), q15=True)


def classifier(strength):
    return StandardScaler(), LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)


def chosen(sources):
    """The inverse strength of the regularisation that is best for a voice and a track left out of training."""
    scores = left_out(sources, {strength: classifier(strength) for strength in STRENGTHS})
    strength = max(scores, key=lambda each: scores[each][0])
    print(f"C={strength}: {scores[strength][0]:.1%} of a voice and a track left out of training")
    return strength


def left_out(sources, models):
    """Of each model, how much is right of a voice and a track left out of training: the mean, and the least."""
    columns = [(frontend().fit_transform(X), [label] * len(X)) for _, label, X in sources]
    of_class = {each: [i for i, (_, label, _) in enumerate(sources) if label == each] for each in CLASSES}
    scores = {name: [] for name in models}
    for voice in of_class["speech"]:
        for track in of_class["music"]:
            # Noise is the same in all: what is never heard are voices and music.
            fitted = [each for i, each in enumerate(columns) if i not in (voice, track)]
            X, y = (np.concatenate(part) for part in zip(*fitted, strict=True))
            for name, steps in models.items():
                model = make_pipeline(*steps).fit(X, y)
                scores[name].append([np.mean(model.predict(columns[i][0]) == columns[i][1]) for i in (voice, track)])
    return {name: (np.mean(score), np.min(score)) for name, score in scores.items()}


def table(sources):
    return np.concatenate([X for _, _, X in sources]), np.concatenate([[label] * len(X) for _, label, X in sources])


def some(y):
    """Numbers of windows from all over the table, by class."""
    return np.concatenate([np.flatnonzero(y == each)[:: np.sum(y == each) // EACH][:EACH] for each in CLASSES])


def write(windows, path):
    """A WAV file of them, one after the other."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(windows.astype("<i2").tobytes())


if __name__ == "__main__":
    sys.exit(main())
