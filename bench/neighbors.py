"""Instructions of nearest neighbours on emulated boards: 100 items of 8 features, k = 3, int16.

Averages over rows, net of an empty native method.
Needs `make dist firmware`, and the empty method that `make bench` makes.
"""

import machines
import numpy as np
from machines import SECONDS
from models import OUT, ROOT
from ports.qemu.session import Session
from sklearn.neighbors import KNeighborsClassifier

import emlearn

N_ITEMS, N_FEATURES, K, N_ROWS = 100, 8, 3, 40
MODULES = ("emlknn", "emlknn_full", "emlknn_tools", "emlearn_csv", "emlearn_tools")
RANGES = {"-100..100": 100, "-10,000..10,000": 10_000, "all of int16": 32_767}
SCRIPT = f"""
import gc
from array import array
import empty
import emlknn
from emulator import count

model = emlknn.load("model.eml")
learned = emlknn.new({N_ITEMS + N_ROWS}, {N_FEATURES}, {K})
nothing = empty.new().predict
predict = learn = 0
with open("rows.bin", "rb") as f:
    row = array("h", bytes(2 * {N_FEATURES}))
    learned.additem(row, 0)
    while f.readinto(row) == 2 * {N_FEATURES}:
        model.predict(row)
        gc.collect()
        predict += count(model.predict, row)[0] - count(nothing, row)[0]
        learn += count(learned.additem, row, 1)[0]
print(predict / {N_ROWS}, learn / {N_ROWS})
"""


def model_and_rows(largest):
    random = np.random.default_rng(0)
    X = random.integers(-largest, largest + 1, (N_ITEMS + N_ROWS, N_FEATURES))
    y = random.integers(0, 5, N_ITEMS)
    estimator = KNeighborsClassifier(K, algorithm="brute").fit(X[:N_ITEMS].astype(float), y)
    return emlearn.convert(estimator, dtype="int16"), X[N_ITEMS:]


def main():
    for machine in machines.machines():
        folder = ROOT / "dist" / f"{machine.arch}_{machines.ABI}"
        with Session(machine, count_instructions=True) as session:
            session.copy({f"{name}.mpy": (folder / f"{name}.mpy").read_bytes() for name in MODULES})
            session.copy({"empty.mpy": (OUT / "empty" / machine.arch / "empty.mpy").read_bytes()})
            for title, largest in RANGES.items():
                model, rows = model_and_rows(largest)
                session.fetch({"model.eml": model.save(format="eml"), "rows.bin": rows.astype("<i2").tobytes()})
                session.reset()
                output = session.run(SCRIPT, SECONDS)
                try:
                    predict, learn = map(float, output.split())
                except ValueError:
                    raise SystemExit(f"{machine.name}: {output}") from None
                print(f"{machine.name:12} {title:16} predict {predict:8,.0f}  additem {learn:8,.0f}")


if __name__ == "__main__":
    main()
