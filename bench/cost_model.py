"""Instructions of a predict of trees, as a linear model of what it does: fitted to what callgrind counts on x64.
For boards, and the other families, board_costs.py does that.

    .venv/bin/python bench/cost_model.py

instructions = a + b * trees + c * decisions + ..., each averaged over the rows. Decisions are the nodes passed, impure
entries the class proportions of the leaves reached that hold more than one class, and classes are possible if they get
votes.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import instructions
import numpy as np
from models import OUT, spread
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

import emlearn

TERMS = ("1", "trees", "decisions", "impure entries", "classes", "possible classes")


def forests():
    """Fitted forests with int16 rows, of different sizes and shapes."""
    sets = {"iris": load_iris, "wine": load_wine, "cancer": load_breast_cancer, "digits": load_digits}
    for data, forest in (
        ("iris", DecisionTreeClassifier(random_state=0)),
        ("iris", RandomForestClassifier(3, max_depth=4, random_state=0)),
        ("iris", RandomForestClassifier(30, min_samples_leaf=3, random_state=0)),
        ("wine", RandomForestClassifier(10, random_state=0)),
        ("wine", ExtraTreesClassifier(20, max_depth=3, random_state=0)),
        ("cancer", RandomForestClassifier(10, max_leaf_nodes=20, random_state=0)),
        ("cancer", RandomForestClassifier(50, random_state=0)),
        ("digits", DecisionTreeClassifier(random_state=0)),
        ("digits", RandomForestClassifier(10, max_leaf_nodes=100, random_state=0)),
        ("digits", RandomForestClassifier(10, max_depth=8, random_state=0)),
        ("digits", ExtraTreesClassifier(7, min_samples_leaf=3, random_state=0)),
        ("digits", RandomForestClassifier(50, random_state=0)),
    ):
        X, y = sets[data](return_X_y=True)
        X = np.rint(X * (1 if data == "digits" else 10)).astype(np.int16)
        yield data, forest.fit(X, y), spread(X)


def work(forest, rows):
    """Mean over the rows of what TERMS count."""
    trees = getattr(forest, "estimators_", [forest])
    decisions = impure = 0.0
    for tree in trees:
        decisions += tree.decision_path(rows).sum() / len(rows) - 1
        entries = (tree.tree_.value[tree.apply(rows)][:, 0] > 0).sum(axis=1)
        impure += entries[entries > 1].sum() / len(rows)
    possible = (forest.predict_proba(rows) > 0).sum() / len(rows)
    return 1.0, float(len(trees)), decisions, impure, float(len(forest.classes_)), possible


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    cases = list(forests())
    for dtype in ("int16", "float"):
        models = [emlearn.convert(forest, dtype=dtype) for _, forest, _ in cases]

        def count(i, models=models, dtype=dtype):
            return instructions.of_core(models[i], cases[i][2], f"cost_{dtype}_{i}")

        with ThreadPoolExecutor() as pool:
            counts = np.array(list(pool.map(count, range(len(cases)))))
        done = np.array([work(forest, rows) for _, forest, rows in cases])
        for column, what in enumerate(("class", "outputs")):
            for n_terms in (3, 4, 5, 6):
                report(f"{dtype}, {what}", done[:, :n_terms], counts[:, column])
        for (data, forest, _), terms, counted in zip(cases, done, counts, strict=True):
            print(f"   {data} {type(forest).__name__}", np.round(terms, 2).tolist(), np.round(counted, 1).tolist())


def report(title, terms, counts):
    """Least squares of the relative error."""
    factors = np.linalg.lstsq(terms / counts[:, None], np.ones(len(counts)), rcond=None)[0]
    errors = np.abs(terms @ factors / counts - 1)
    sum_ = " + ".join(f"{factor:.1f} {name}" for factor, name in zip(factors, TERMS, strict=False))
    print(f"{title}: {sum_}   (error: mean {100 * errors.mean():.1f} %, largest {100 * errors.max():.1f} %)")


if __name__ == "__main__":
    sys.exit(main())
