"""Trains a forest on integers of 5 seconds of motion, makes it small, and leaves what a board needs in build/."""

import shutil
import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

import emlearn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE.parent / "activity"))
import data  # noqa: E402

OUT = ROOT / "build" / "activity_small"
BOARD = OUT / "board"  # what a board's file system would hold
WINDOW = 250  # samples: 5 seconds
CHOOSING = (6, 7)  # people by whom the variant is chosen; the forest is not trained on them
MAX_LOSS = 0.02  # of accuracy
SHOWN = (8, "right")  # whose recordings budget.py replays; nothing was trained on them


def features(windows):
    """[window][axis][mean, least, most, how much it moves, how often it changes its sign], int16, as motion.h has them.

    The mean and the movement are in 256ths of their sums, which takes no division.
    """
    x = np.asarray(windows, np.int64).reshape(len(windows), -1, len(data.AXES))
    moved = np.sum(np.abs(np.diff(x, axis=1)), axis=1) >> 8
    crossings = np.sum((x[:, 1:] < 0) != (x[:, :-1] < 0), axis=1)
    columns = np.sum(x, axis=1) >> 8, np.min(x, axis=1), np.max(x, axis=1), np.minimum(moved, 32767), crossings
    return np.stack(columns, axis=2).reshape(len(x), -1).astype(np.int16)


def forest():
    return RandomForestClassifier(50, min_samples_leaf=3, random_state=1)


def table(recordings):
    windows, labels = data.windows(recordings, WINDOW)
    return features(windows), labels


def main():
    shutil.rmtree(BOARD, ignore_errors=True)
    BOARD.mkdir(parents=True)
    known, unknown = data.split(data.recordings(OUT))
    X, y = table([r for r in known if r.subject not in CHOOSING])
    trained = forest().fit(X, y)
    chosen_by = table([r for r in known if r.subject in CHOOSING])
    exact = emlearn.convert(trained)
    wanted = {"metric": "accuracy", "max_loss": MAX_LOSS, "data": chosen_by}
    small = emlearn.convert(trained, dtype="int16", optimize="size", **wanted)
    hard = emlearn.convert(trained, dtype="int16", leaf="hard")

    X_test, y_test = table(unknown)
    print(f"Training on {len(X)} windows of {len({r.subject for r in known}) - len(CHOOSING)} people")
    print(f"chosen: {small.search.chosen.kind}")
    right = int(np.sum(trained.predict(X_test) == y_test))
    print(f"scikit-learn: {right} of {len(y_test)}")
    for name, model in (("exact", exact), ("small", small), ("hard", hard)):
        right = int(np.sum(model.predict(X_test) == y_test))
        print(f"{name}: {right} of {len(y_test)}, {model.nbytes:,} bytes of .eml")
    small.save(file=OUT / "activity.h")
    hard.save(file=BOARD / "activity.eml")
    shutil.copy(HERE / "main.py", BOARD)
    shown = [r for r in unknown if (r.subject, r.arm) == SHOWN]
    (BOARD / "motion.bin").write_bytes(b"".join(head(r) + r.samples.astype("<i2").tobytes() for r in shown))
    for name, some in (("shown", shown), ("unknown", unknown)):
        (OUT / f"{name}.h").write_text(declarations(some))
        rows = table(some)[0]
        np.savez(OUT / f"{name}.npz", features=rows, small=small.predict(rows), hard=hard.predict(rows))


def head(recording):
    """Its exercise and length, 8 bytes: what main.py reads before samples."""
    return f"{recording.exercise:4}".encode() + len(recording.samples).to_bytes(4, "little")


def declarations(recordings):
    """Recordings in C: lengths, and samples one behind the other."""
    lengths = ", ".join(str(len(r.samples)) for r in recordings)
    rows = "\n".join(f"{{ {', '.join(map(str, row))} }}," for r in recordings for row in r.samples)
    n_samples = sum(len(r.samples) for r in recordings)
    return (
        f"static const uint16_t lengths[{len(recordings)}] = {{ {lengths} }};\n"
        f"static const int16_t recorded[{n_samples}][{len(data.AXES)}] = {{\n{rows}\n}};\n"
    )


if __name__ == "__main__":
    main()
