"""What a model of each family costs on emulated boards: instructions, and bytes of memory. `make bench` runs this.

On the digits data, 64 features, 10 classes, where nothing else is said; neighbours also on 100 items of 8 features. The
twins are the same in Python, on one board.
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from counting import Counter, boards, module_of
from models import OUT, ROOT, SEED, depth_limited_digits
from rich.console import Console
from rich.table import Table
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import emlearn

N_ROWS = 20
N_TWIN_ROWS = 2
TWIN_BOARD = "cortex-m3"
N_FEW = 300  # training rows of models that keep them: what a Cortex-M0's 192 kB of heap hold
# Neighbours: 100 items of 8 int16, by the range of their numbers.
RANGES = {"-100..100": 100, "-10,000..10,000": 10_000, "all of int16": 32_767}
N_ITEMS, N_FEATURES, K = 100, 8, 3


def neighbors(largest, n_rows=N_ROWS, k=K, n_items=N_ITEMS, n_features=N_FEATURES):
    """Nearest neighbours of integers up to `largest`, and rows."""
    X = np.random.default_rng(0).integers(-largest, largest + 1, (n_items + n_rows, n_features))
    y = np.random.default_rng(1).integers(0, 5, n_items)
    return KNeighborsClassifier(k, algorithm="brute").fit(X[:n_items].astype(float), y), X[n_items:]


def models():
    """Yield title, model and rows."""
    digits = depth_limited_digits()
    X, y = digits.X.astype(float), digits.y
    rows = digits.rows[:: len(digits.rows) // N_ROWS]
    few = np.random.default_rng(SEED).permutation(len(X))[:N_FEW]

    def of(estimator, chosen=slice(None), **options):
        return emlearn.convert(estimator.fit(X[chosen], y[chosen]), **options), rows

    forest = RandomForestClassifier(10, max_leaf_nodes=100, random_state=SEED)
    yield "random forest, 10 x 100 leaves, int16", *of(forest, dtype="int16")
    yield "the same, hard leaves", *of(forest, dtype="int16", leaf="hard")
    boosting = GradientBoostingClassifier(n_estimators=10, random_state=SEED)
    yield "gradient boosting, 10 x 10 trees of depth 3, int16", *of(boosting, dtype="int16")
    isolation = IsolationForest(n_estimators=10, random_state=SEED)
    yield "isolation forest, 10 trees, int16", *of(isolation, dtype="int16")
    yield "logistic regression", *of(LogisticRegression(max_iter=5000))
    network = MLPClassifier((32,), random_state=SEED, max_iter=300)
    for dtype in ("float", "int16", "int8"):
        yield f"network 64-32-10, {dtype}", *of(network, dtype=dtype)
    for title, largest in RANGES.items():
        estimator, items = neighbors(largest)
        yield f"3 neighbours of 100 x 8, int16, {title}", emlearn.convert(estimator, dtype="int16"), items
    yield "3 neighbours of 100 x 8, float", emlearn.convert(estimator), items
    yield "3 neighbours of 300 x 64, int16", *of(KNeighborsClassifier(K, algorithm="brute"), few, dtype="int16")
    yield f"SVC rbf, trained on {N_FEW}", *of(SVC(), few)
    yield "SVC linear", *of(SVC(kernel="linear"))
    yield "Gaussian naive Bayes", *of(GaussianNB())
    yield "quadratic discriminant analysis", *of(QuadraticDiscriminantAnalysis(reg_param=0.1))
    mixture = {"n_components": 10, "reg_covar": 0.1, "random_state": SEED}
    yield "mixture of 10, full", *of(GaussianMixture(covariance_type="full", **mixture))
    yield "mixture of 10, diagonal", *of(GaussianMixture(covariance_type="diag", **mixture))
    scaled = make_pipeline(StandardScaler(), KNeighborsClassifier(K, algorithm="brute"))
    yield f"scaler, 3 neighbours of {N_FEW} x 64", *of(scaled, few)
    yield "PCA to 8, random forest", *of(make_pipeline(PCA(8, random_state=SEED), forest))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    emulated = boards()
    cases = list(models())

    def measure(machine):
        with Counter(machine) as counter:
            return [counter.count(model, rows) for _, model, rows in cases]

    def twins(machine):
        with Counter(machine, twin=True) as counter:
            return [counter.count(model, rows[:N_TWIN_ROWS]) for _, model, rows in cases]

    with ThreadPoolExecutor(2) as pool:
        python = pool.submit(twins, next(m for m in emulated if m.name == TWIN_BOARD))
        natives = list(pool.map(measure, emulated))
    show(emulated, cases, natives, python.result())


def show(emulated, cases, natives, twins):
    names = [machine.name for machine in emulated]
    columns = ["", *names, *(f"{name}, out" for name in names), "twin", "model, bytes", "heap", "modules", "file"]
    results = [columns]
    table = Table(title="Instructions of predict(x) / predict(x, out), and bytes", title_justify="left")
    for column in ("", *names, f"times in Python, {TWIN_BOARD}", "heap: model", "heap: modules"):
        table.add_column(column, justify="right" if column else "left")
    reference = names.index(TWIN_BOARD)
    for i, (title, model, _) in enumerate(cases):
        counts = [native[i] for native in natives]
        there = counts[reference]
        both = [f"{count.predict:,.0f} / {count.outputs:,.0f}" for count in counts]
        times = twins[i].predict / there.predict
        table.add_row(title, *both, f"{times:,.0f}", f"{there.heap:,}", f"{there.imported:,}")
        numbers = [round(count.predict) for count in counts] + [round(count.outputs) for count in counts]
        results.append(
            [title, *numbers, round(twins[i].predict), model.nbytes, there.heap, there.imported, module_of(model)]
        )
    # Wide enough for the table where the output is no terminal.
    Console(width=None if sys.stdout.isatty() else 180, highlight=False).print(table)
    with open(OUT / "families.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(results)
    print(f"Written to {(OUT / 'families.csv').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
