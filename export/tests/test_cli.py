"""The `emlearn` command."""

from __future__ import annotations

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from emlearn.cli import main
from sklearn import tree
from support import data

import emlearn

NAMES = np.array(["setosa", "versicolor", "virginica"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """iris as a CSV file, with a classifier and a regressor trained on it."""
    X, y = data("iris")
    joblib.dump(tree.DecisionTreeClassifier(random_state=0).fit(X, NAMES[y]), tmp_path / "model.joblib")
    (tmp_path / "regressor.pkl").write_bytes(pickle.dumps(tree.DecisionTreeRegressor(max_depth=3).fit(X, y)))
    (tmp_path / "unfitted.pkl").write_bytes(pickle.dumps(tree.DecisionTreeRegressor()))
    rows = [",".join([*map(str, row), NAMES[k], str(k)]) for row, k in zip(X, y, strict=True)]
    (tmp_path / "all.csv").write_text("\n".join(["a,b,c,d,species,number", *rows]))
    (tmp_path / "test.csv").write_text("\n".join(line.rpartition(",")[0] for line in ["a,b,c,d,species,number", *rows]))
    (tmp_path / "numbers.csv").write_text("a,b,c,d,y\n5.1,3.5,1.4,0.2,0\n6.2,2.9,4.3,1.3,1\n5.9,,5.1,1.8,2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, exit_code=0):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.mark.parametrize("output", ["gesture.csv", "gesture.eml", "gesture.h", "gesture.py"])
def test_convert(folder, output):
    said = run("convert", "model.joblib", "-o", output)
    assert f"wrote {output}: {(folder / output).stat().st_size:,} bytes, 1 trees, 4 features, 3 classes" in said
    assert "warning: opening model.joblib runs code that it contains" in said


def test_convert_options(folder):
    said = run(
        *"convert model.joblib -o m.txt --format csv --dtype auto --leaf hard --data test.csv --label species".split()
    )
    assert "150/150 rows (100 %)" in said and "accuracy         1.0000 -> 1.0000" in said
    model = emlearn.load(folder / "m.txt")
    assert (model.dtype, model.leaf, model.certificate.rows) == ("int16 scaled", "hard", 150)
    run(*"convert model.joblib -o m.h --method inline --name wave".split())
    assert "wave_tree_0" in (folder / "m.h").read_text()


def test_convert_a_regressor(folder):
    said = run(*"convert regressor.pkl -o m.eml --data numbers.csv --label y".split())
    assert "3/3 rows" in said and "R2" in said


def test_info(folder):
    run("convert", "model.joblib", "-o", "m.eml", "--data", "test.csv", "--label", "species")
    for name in ("m.eml", "m.csv"):
        emlearn.load(folder / "m.eml").save(folder / name)
        said = run("info", name)
        for expected in ("hard", "packed32", "setosa, versicolor, virginica", "bytes of nodes", "150/150 rows"):
            assert expected in said


def test_layout(folder):
    run("convert", "model.joblib", "-o", "m.eml", "--layout", "packed8")
    said = run("info", "m.eml")
    for expected in ("packed8", "tables", "extensions"):
        assert expected in said


def test_labels_are_no_markup(folder):
    X, y = data("iris")
    model = emlearn.convert(tree.DecisionTreeClassifier().fit(X, np.array(["[red]a", "[/b]", "c"])[y]))
    model.save(folder / "m.eml")
    assert "[/b], [red]a, c" in run("info", "m.eml")


@pytest.mark.parametrize(
    "arguments, message, exit_code",
    [
        ("convert none.joblib -o m.eml", "File 'none.joblib' does not exist", 2),
        ("convert model.joblib", "Missing option '-o'", 2),
        ("convert model.joblib -o m.bin", "use one of .h, .c, .csv, .eml, .py, .tmdl, or pass --format", 2),
        ("convert model.joblib -o m.eml --dtype int4", "Invalid value for '--dtype'", 2),
        ("convert model.joblib -o m.eml --label species", "pass --data too", 2),
        ("convert model.joblib -o m.eml --dtype auto", "pass --data too", 2),
        ("convert all.csv -o m.eml", "Error: cannot open all.csv as a joblib or pickle file", 1),
        ("convert unfitted.pkl -o m.eml", "Error: this DecisionTreeRegressor is not fitted; call fit(X, y)", 1),
        ("convert model.joblib -o nowhere/m.eml", "Error: the folder nowhere does not exist; create it first", 1),
        ("convert model.joblib -o my-model.h", "Error: 'my-model' is no C identifier", 1),
        (
            "convert model.joblib -o m.eml --data test.csv",
            "line 2: could not convert string to float: 'setosa'; name",
            1,
        ),
        (
            "convert model.joblib -o m.eml --data test.csv --label kind",
            "no column 'kind'; it has a, b, c, d, species",
            1,
        ),
        ("convert model.joblib -o m.eml --data all.csv --label species", "data=: X has 5 features, but", 1),
        ("convert model.joblib -o m.eml --data numbers.csv --label y", "label '0' is not one of the estimator's", 1),
        ("info test.csv", "Error: test.csv: line 1: unknown row 'a'", 1),
        ("info model.joblib", "Error: model.joblib: neither an .eml or .tmdl file nor text", 1),
        ("convert model.skops -o m.eml", "Error: ", 1),
    ],
)
def test_mistakes(folder, arguments, message, exit_code):
    (folder / "model.skops").write_bytes(b"not a skops file")
    said = run(*arguments.split(), exit_code=exit_code)
    assert message in " ".join(said.split()) and "Traceback" not in said
    assert not (folder / "m.eml").exists()


def test_help_says_that_opening_runs_code():
    assert "RUNS CODE" in run("convert", "--help")


def test_version():
    assert run("--version").strip().endswith(emlearn.__version__)


def test_the_command_is_a_module_too():
    code = "import sys; from emlearn.cli import main; sys.argv = ['emlearn', '--version']; main()"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.startswith("emlearn, ")
