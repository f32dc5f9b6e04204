"""Generated C and Python, run."""

from __future__ import annotations

import importlib.util
import subprocess
from array import array

import numpy as np
import pytest
from sklearn import ensemble, tree
from support import data, rows_around, thresholds_of, with_missing

import emlearn

WARNINGS = "-O1 -pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror".split()
COMPILERS = {
    "gcc": ["gcc", "-std=c99"],
    "g++": ["g++", "-std=c++11", "-x", "c++"],
    "clang": ["clang", "-std=c99"],
}
FOREST = ensemble.ExtraTreesClassifier(7, min_samples_leaf=3, random_state=0)
WEIGHTS = {0: 1.0, 1: 2**-0.5, 2: 3**-0.5}
MODELS = {
    "int16": ("digits", FOREST, {"dtype": "int16"}),
    "float": ("digits", FOREST, {}),
    "scaled": ("scaled digits", FOREST, {"dtype": "int16"}),
    "hard": ("wine", ensemble.RandomForestClassifier(5, random_state=0), {"leaf": "hard"}),
    "uint8": ("wine", FOREST, {"leaf": "uint8"}),
    "byte": ("wine", FOREST, {"leaf": "byte"}),
    "packed8": ("digits", FOREST, {"layout": "packed8"}),
    "packed8 int16": ("digits", FOREST, {"dtype": "int16", "layout": "packed8"}),
    "packed8 scaled": ("scaled digits", FOREST, {"dtype": "int16", "layout": "packed8"}),
    "packed8 regression": ("diabetes", ensemble.RandomForestRegressor(5, random_state=0), {"layout": "packed8"}),
    "weighted": (
        "iris",
        ensemble.ExtraTreesClassifier(5, min_samples_leaf=5, class_weight=WEIGHTS, random_state=0),
        {},
    ),
    "regression": ("diabetes", ensemble.RandomForestRegressor(5, min_samples_leaf=3, random_state=0), {}),
    "scaled regression": ("diabetes", tree.DecisionTreeRegressor(random_state=0), {"dtype": "int16"}),
    "boosted": ("iris", ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0), {}),
    "boosted int16": (
        "digits",
        ensemble.GradientBoostingClassifier(n_estimators=2, random_state=0),
        {"dtype": "int16"},
    ),
    "boosted regression": ("diabetes", ensemble.GradientBoostingRegressor(n_estimators=9, random_state=0), {}),
    "histogram": ("wine", ensemble.HistGradientBoostingRegressor(max_iter=9, loss="gamma", random_state=0), {}),
    "categories": (
        "digits",
        ensemble.HistGradientBoostingClassifier(max_iter=2, categorical_features=[28, 36, 43], random_state=0),
        {},
    ),
    "stumps": ("breast_cancer", ensemble.AdaBoostClassifier(n_estimators=9, random_state=0), {}),
    "median": ("diabetes", ensemble.AdaBoostRegressor(n_estimators=9, random_state=0), {}),
    "isolation": ("iris", ensemble.IsolationForest(n_estimators=5, max_features=0.5, random_state=0), {}),
    "single leaf": ("iris", tree.DecisionTreeClassifier(min_samples_leaf=100), {}),
}

# Prints for each row on stdin what it predicts, as the bits of floats; two other translation units hold the model too.
MAIN = """
#include <stdio.h>
#include "golden.h"
int other(void);
static void print(float x) {{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    printf(" %lu", (unsigned long)bits);
}}
int main(void) {{
    {ctype} x[{n}];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        {body}
        printf("\\n");
    }}
    return other() == {n_trees} ? 0 : 1;
}}
"""
CLASSIFIER = """float out[{n_out}];
        printf("%d %d", (int)golden_predict(x, {n}), golden_predict_proba(x, {n}, out, {n_out}));
        for (int i = 0; i < {n_out}; i++) {{ print(out[i]); }}"""
REGRESSOR = 'printf("0 0"); print(golden_predict(x, {n}));'
OTHER = '#include "golden.h"\nint other(void);\nint other(void) { return golden.n_trees; }\n'


def make(name):
    dataset, estimator, options = MODELS[name]
    X, y = data(dataset)
    estimator = estimator.fit(X, y + (name == "histogram"))  # a gamma loss wants positive numbers
    rows = np.concatenate([X, rows_around(thresholds_of(estimator), X, n=100, integers="int16" in name)])
    if name not in ("int16", "hard", "boosted int16"):
        rows = np.concatenate([rows, with_missing(rows[-50:])])
    return emlearn.convert(estimator, **options), rows


@pytest.mark.parametrize("method", ["loadable", "inline"])
@pytest.mark.parametrize("name", MODELS)
def test_c(name, method, tmp_path):
    model, rows = make(name)
    model.save(tmp_path / "golden.h", method=method)
    n, n_out = model.trees.n_features, model.trees.n_outputs
    ctype, dtype = ("int16_t", np.int16) if model.dtype == "int16" else ("float", np.float32)
    body = (CLASSIFIER if model.is_classifier else REGRESSOR).format(n=n, n_out=n_out)
    (tmp_path / "main.c").write_text(MAIN.format(ctype=ctype, n=n, body=body, n_trees=model.trees.n_trees))
    (tmp_path / "other.c").write_text(OTHER)
    for compiler in COMPILERS.values():
        command = [*compiler, *WARNINGS, f"-I{emlearn.includedir}", "-o", "program", "main.c", "other.c"]
        compiled = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert compiled.returncode == 0, compiled.stderr
        ran = subprocess.run(
            [tmp_path / "program"], input=rows.astype(dtype).tobytes(), capture_output=True, check=True
        )
        printed = np.array([line.split() for line in ran.stdout.decode().splitlines()]).astype(np.int64)
        expected = model.predictions(rows.astype(dtype))
        assert np.all(printed[:, 1] == 0)
        assert np.array_equal(printed[:, 2:], expected.outputs.view(np.uint32))
        if model.is_classifier:
            assert np.array_equal(model.classes_[printed[:, 0]], expected.labels)


def test_c_errors(tmp_path):
    model, _ = make("int16")
    model.save(tmp_path / "a.h", name="a")
    make("regression")[0].save(tmp_path / "b.h", name="b", method="inline")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "a.h"\n#include "b.h"\n#include "a.h"\n'
        "int main(void) { int16_t x[64] = {0}; float y[10] = {0}, z = b_predict(y, 9);\n"
        'printf("%d %d %d %d", (int)a_predict(x, 63), (int)a_predict(x, -1), a_predict_proba(x, 64, y, 9), z != z);\n'
        "return 0; }\n"
    )
    command = ["gcc", "-std=c99", *WARNINGS, "-Wno-float-equal", f"-I{emlearn.includedir}", "main.c", "-o", "program"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "program"], capture_output=True).stdout == b"-1 -1 -1 1"


@pytest.mark.parametrize("name", ["my-model", "9lives", "", "int", "class", "a b", "é"])
def test_c_names_are_checked(name):
    model, _ = make("hard")
    with pytest.raises(emlearn.ConvertError, match="is no C identifier"):
        model.save(format="c", name=name)


def test_c_is_shallow_however_deep_the_tree():
    X = np.arange(600.0)[:, None]
    deep = tree.DecisionTreeRegressor(splitter="random", random_state=0).fit(X, np.cumprod(np.full(600, 1.1)))
    assert deep.get_depth() > 20
    source = emlearn.convert(deep).save(format="c", method="inline")
    assert max(len(line) - len(line.lstrip()) for line in source.splitlines()) <= 4 * 12


def test_c_labels_cannot_end_their_comment():
    X, y = data("iris")
    labels = np.array(["a\n#error", "b\\", "*/ ??/"])
    source = emlearn.convert(tree.DecisionTreeClassifier().fit(X, labels[y])).save(format="c")
    comments = [line for line in source.splitlines() if line.startswith("// class")]
    assert comments == ['// class 0: "*/ ??/"', '// class 1: "a\\n#error"', '// class 2: "b\\\\"']


@pytest.mark.parametrize(
    "name",
    ["int16", "float", "scaled", "uint8", "byte", "weighted", "regression", "boosted", "isolation", "single leaf"],
)
def test_py(name, tmp_path):
    model, rows = make(name)
    model.save(tmp_path / "gesture.py")
    spec = importlib.util.spec_from_file_location("gesture", tmp_path / "gesture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows = rows[-120:].astype(np.int16 if model.dtype == "int16" else np.float32)
    typecode = "h" if model.dtype == "int16" else "f"
    expected = model.predictions(rows)
    arrays = [array(typecode, row.tolist()) for row in rows]
    assert [module.predict(x) for x in arrays] == expected.labels.tolist()
    if model.is_classifier:
        assert np.array_equal([module.predict_proba(x) for x in arrays], expected.outputs)
    assert module.model.selftest()[0] == module.model.selftest()[1] > 0
