"""`emlearn install` and `emlearn deploy` on emulated boards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from boards import cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32
from device_support import fail, files, make_models, one_machine, package, succeed, sums
from emlearn.device import Link
from ports.qemu.session import Session
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlearn

GOLDEN = Path(__file__).resolve().parents[1] / "export" / "tests" / "golden"
MACHINES = [module.MACHINE for module in (cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32)]
each_machine = pytest.mark.parametrize(
    "machine", [pytest.param(m, id=m.name, marks=pytest.mark.xdist_group(m.name)) for m in MACHINES]
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def port():
    with Session(cortex_m3.MACHINE) as session:
        session.disconnect()
        yield session.port


@each_machine
def test_deploy(machine, models):
    """The module of this architecture and the model, and nothing else; then as the file's other format."""
    with Session(machine) as session:
        session.disconnect()
        output = succeed("deploy", models / "iris.csv", "--port", session.port)
        assert output.splitlines()[-1] == "device agrees: 8/8"
        expected = {**package(machine.arch), "/iris.csv": (models / "iris.csv").read_bytes()}
        assert files(session.port) == sums(expected)
        assert succeed("deploy", models / "iris.eml", "--port", session.port).endswith("device agrees: 8/8")
        assert files(session.port) == sums({**expected, "/iris.eml": (models / "iris.eml").read_bytes()})


@one_machine
def test_deploy_pipeline(port, tmp_path):
    """Two packages: of the steps, and of the model behind them."""
    X, y = load_iris(return_X_y=True)
    model = emlearn.convert(make_pipeline(StandardScaler(), KNeighborsClassifier(3)).fit(X[::5], y[::5]))
    model.certify(X)
    model.save(tmp_path / "iris.eml")
    output = succeed("deploy", tmp_path / "iris.eml", "--port", port)
    assert "/lib/emlpipeline.mpy" in output and "/lib/emlknn.mpy" in output
    rows = len(model.golden.features)
    assert output.endswith(f"device agrees: {rows}/{rows}")


@one_machine
@pytest.mark.parametrize("type, package", (("int8", "tinymaix_cnn"), ("float32", "tinymaix_cnn_fp32")))
def test_deploy_network(type, package, port):
    """With all kinds of layers: the module for its type, and that for those which TinyMaix has not."""
    model = GOLDEN / f"cnn_all_{type}.tmdl"
    output = succeed("deploy", model, "--port", port)
    assert f"/lib/{package}.mpy" in output and f"/lib/{package}_layers.mpy" in output
    assert output.endswith("device agrees: 2/2")


@one_machine
@pytest.mark.parametrize("kind", ("lfs2", "fat"))
def test_deploy_again(kind, models, port, tmp_path):
    """What is there is not sent again, a changed model is."""
    with Link(port) as link:
        link.run(f"import disk\ndisk.format({kind!r})")
    model = tmp_path / "iris.csv"
    model.write_bytes((models / "iris.csv").read_bytes())
    assert "/lib/emltrees.mpy" in succeed("deploy", model, "--port", port)
    assert "/lib" not in succeed("install", "emltrees", "--port", port)
    output = succeed("deploy", model, "--port", port)
    assert "/lib" not in output and "/iris.csv" not in output and output.endswith("device agrees: 8/8")
    model.write_bytes((models / "changed.csv").read_bytes())
    output = succeed("deploy", model, "--port", port)
    assert "/lib" not in output and "/iris.csv" in output and output.endswith("device agrees: 8/8")
    assert files(port) == sums({**package("armv7m"), "/iris.csv": model.read_bytes()})


@one_machine
def test_twin(models, port):
    assert succeed("install", "emltrees", "--python", "--port", port).endswith("installed emltrees for py")
    assert files(port) == sums(package("py"))
    assert succeed("deploy", models / "iris.eml", "--python", "--port", port).endswith("device agrees: 8/8")
    assert succeed("deploy", models / "iris.eml", "--port", port).endswith("device agrees: 8/8")  # replaces the twin
    assert files(port) == sums({**package("armv7m"), "/iris.eml": (models / "iris.eml").read_bytes()})


@one_machine
def test_devices(port):
    output = succeed("devices", "--port", port, "--port", "/dev/nothing")
    assert "micropython 1.2" in output and "armv7em, .mpy 6.3: takes modules for armv7m" in output
    assert "cannot open /dev/nothing" in output


@one_machine
@pytest.mark.parametrize(
    "hides", ("/emltrees.py", "/emltrees.mpy", "/emltrees/x.py", "/lib/emltrees.py", "/lib/emltrees/x.py")
)
def test_what_hides_the_module_is_named(hides, models, port):
    folder = hides.rpartition("/")[0]
    with Link(port) as link:
        for at in sorted({"/lib", folder} - {""}):
            link.run(f"import os\nos.mkdir({at!r})")
        link.write(hides, b"x = 1\n")
    told = fail("deploy", models / "iris.csv", "--port", port)
    assert f"{hides.removesuffix('/x.py')} on the board hides the module that was just installed: remove it" in told


@one_machine
@pytest.mark.parametrize("suffix", ("csv", "eml"))
def test_a_model_that_predicts_something_else_replaces_nothing(suffix, models, port, tmp_path):
    """One whose golden rows promise other classes than its trees give."""
    succeed("deploy", models / f"iris.{suffix}", "--port", port)
    before = files(port)
    X, y = load_iris(return_X_y=True)
    model = emlearn.convert(RandomForestClassifier(5, random_state=3).fit(X, y))
    model.golden = replace(model.golden, classes=(model.golden.classes + 1) % 3)
    model.save(file=tmp_path / f"iris.{suffix}")
    assert f"device agrees: 0/{len(model.golden.classes)}. The" in fail(
        "deploy", tmp_path / f"iris.{suffix}", "--port", port
    )
    assert files(port) == before


@one_machine
def test_what_is_no_model_does_not_travel(models, tmp_path):
    """The board is not even looked for."""
    damaged = tmp_path / "iris.eml"
    content = bytearray((models / "iris.eml").read_bytes())
    content[100] ^= 4
    damaged.write_bytes(content)
    assert "iris.eml: " in fail("deploy", damaged, "--port", "/dev/nothing")
    shorter = tmp_path / "iris.csv"
    shorter.write_bytes((models / "iris.csv").read_bytes()[:-30])
    assert "iris.csv: " in fail("deploy", shorter, "--port", "/dev/nothing")
