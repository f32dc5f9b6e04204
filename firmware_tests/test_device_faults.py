"""What `emlearn deploy` makes of boards in an odd state, and what it leaves behind when it is cut off."""

from __future__ import annotations

import os
import random
import select
import socket
import threading
import time

import pytest
import serial
from boards import cortex_m3
from device_support import fail, files, make_models, one_machine, package, succeed, sums
from emlearn.device import DeviceError, Link, deploy
from emlearn.device.files import HELPERS, NEW, OLD, replace_files
from ports.qemu.session import Session

pytestmark = one_machine
OTHER = b"\\0"  # behind a module: another file, that loads just as well


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def port():
    with Session(cortex_m3.MACHINE) as session:
        session.disconnect()
        yield session.port


def format_disk(port, kind):
    with Link(port) as link:
        link.run(f"import disk\ndisk.format({kind!r})")


@pytest.mark.parametrize("kind", ("lfs2", "fat"))
def test_replace(kind, port):
    """Whatever an earlier replacement left when it was cut."""
    format_disk(port, kind)
    old, new = bytes(range(256)) * 3, bytes(range(255, -1, -1)) * 5
    with Link(port) as link:
        assert link.value("atomic('/m')", HELPERS) == (kind == "lfs2")
        for left in ((), (NEW,), (OLD,), (NEW, OLD)):
            for there in (True, False):
                for path in ("/m", "/m" + NEW, "/m" + OLD):
                    if link.exists(path):
                        link.run(f"import os\nos.remove({path!r})")
                if there:
                    link.write("/m", old)
                if NEW in left:
                    link.write("/m" + NEW, new[:300])
                if OLD in left:
                    link.write("/m" + OLD, old)

                def refuse(path):
                    raise DeviceError("refused")

                with pytest.raises(DeviceError, match="refused"):
                    replace_files(link, {"/m": new}, check=refuse)
                names = link.value("os.listdir('/')", "import os")
                assert names == (["m"] if there or OLD in left else [])
                assert not names or link.holds("/m", old)
                replace_files(link, {"/m": new, "/n": old})
                assert link.holds("/m", new) and link.holds("/n", old)
                assert sorted(link.value("os.listdir('/')", "import os")) == ["m", "n"]
                link.run("os.remove('/n')")


def test_rename_that_fails(port):
    """On FAT, where the old file has stepped aside by then."""
    format_disk(port, "fat")
    with Link(port) as link:
        link.write("/m", b"old")
        with pytest.raises(DeviceError, match="OSError"):
            link.run(f"{HELPERS}\nreplace('/m')")  # there is no new one
        assert link.holds("/m", b"old")
        assert link.value("os.listdir('/')") == ["m"]


FILL = """
import os
for size in (65536, 4096, 512, 16):
    block = bytes(size)
    with open('/fill' + str(size), 'wb') as f:
        try:
            while True:
                f.write(block)
                f.flush()
        except OSError as error:
            print(error.errno)
"""


@pytest.mark.parametrize("kind", ("lfs2", "fat"))
def test_full(kind, models, port, tmp_path):
    format_disk(port, kind)
    model = tmp_path / "iris.csv"
    model.write_bytes((models / "iris.csv").read_bytes())
    succeed("deploy", model, "--port", port)
    before = files(port)
    with Link(port) as link:
        assert link.run(FILL, 60).split() == ["28"] * 4
    model.write_bytes((models / "changed.csv").read_bytes())
    told = fail("deploy", model, "--port", port)
    assert "no room for /iris.csv: it takes" in told and "Remove files" in told
    with Link(port) as link:
        link.run("import os\nfor f in os.listdir('/'):\n if 'fill' in f:\n  os.remove(f)")
    assert files(port) == before
    assert succeed("deploy", model, "--port", port).endswith("device agrees: 8/8")


STATES = {
    "friendly prompt": [b"\x02"],
    "raw prompt": [b"\r\x03\x01"],
    "raw paste": [b"\r\x03\x01", b"\x05A\x01", b"print('ha"],
    "end of raw paste": [b"\r\x03\x01", b"\x05A\x01", b"f = open('x', 'wb')\n", b"\x04"],
    "half a raw command": [b"\r\x03\x01", b"print('ha"],
    "half a line": [b"\x02", b"for i in ran"],
    "half a block": [b"\x02", b"for i in range(3):\r"],
    "paste mode": [b"\x02", b"\x05", b"x = 1\r\ny ="],
    "program that reads": [b"\x02", b"input()\r"],
}


@pytest.mark.parametrize("state", STATES)
def test_recovers_from(state, port):
    with open(os.open(port, os.O_RDWR | os.O_NOCTTY), "r+b", buffering=0) as terminal:
        for keys in STATES[state]:
            terminal.write(keys)
            time.sleep(0.1)
    with Link(port) as link:
        assert link.value("6 * 7") == 42


def test_a_program_that_goes_on(port, monkeypatch):
    """These boards, unlike most, do not look at Ctrl-C while they are busy."""
    monkeypatch.setattr("emlearn.device.link.PROMPT_TIME", 0.5)
    with open(os.open(port, os.O_RDWR | os.O_NOCTTY), "r+b", buffering=0) as terminal:
        terminal.write(b"\x02while True: pass\r\r")
        time.sleep(0.1)
    assert "Press the board's reset button and try again" in fail("install", "emltrees", "--port", port)


def test_socket(models, port):
    """As through a network adapter for serial ports."""
    board = os.open(port, os.O_RDWR | os.O_NOCTTY)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def carry():
            client, _ = server.accept()
            with client:
                while True:
                    for ready in select.select([client, board], [], [])[0]:
                        if ready is board:
                            client.sendall(os.read(board, 4096))
                        elif not (data := client.recv(4096)):
                            return
                        else:
                            os.write(board, data)

        thread = threading.Thread(target=carry, daemon=True)
        thread.start()
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        assert succeed("deploy", models / "iris.eml", "--port", url).endswith("device agrees: 8/8")
        thread.join(10)
        assert not thread.is_alive()
    os.close(board)
    assert files(port) == sums({**package("armv7m"), "/iris.eml": (models / "iris.eml").read_bytes()})


class Cable:
    """Counts what goes to the board, and is pulled after `limit` bytes."""

    def __init__(self, monkeypatch):
        self.sent, self.limit = 0, None
        original = serial.serial_for_url

        def opened(*arguments, **options):
            port = original(*arguments, **options)
            write = port.write

            def limited(data):
                room = len(data) if self.limit is None else self.limit - self.sent
                self.sent += len(data)
                if room < len(data):
                    write(data[: max(room, 0)])
                    raise serial.SerialException("cut")
                return write(data)

            port.write = limited
            return port

        monkeypatch.setattr("mpremote.transport_serial.serial.serial_for_url", opened)

    def plug(self, limit=None):
        self.sent, self.limit = 0, limit


@pytest.mark.parametrize(
    "kind, everything, cuts", [("lfs2", False, 20), ("lfs2", True, 6), ("fat", False, 10), ("fat", True, 4)]
)
def test_cut_at_any_byte(kind, everything, cuts, models, port, tmp_path, monkeypatch):
    """Each file is then the old or the new one, complete, and they predict; with `everything`, modules change too."""
    cable = Cable(monkeypatch)
    format_disk(port, kind)
    model = tmp_path / "iris.csv"
    old = {**package("armv7m"), "/iris.csv": (models / "iris.csv").read_bytes()}
    new = {**old, "/iris.csv": (models / "changed.csv").read_bytes()}
    if everything:
        old |= {path: old[path] + OTHER for path in package("armv7m")}
    model.write_bytes(new["/iris.csv"])

    def go_back():
        with Link(port) as link:
            replace_files(link, old)

    with Link(port) as link:
        link.run("import os\nos.mkdir('/lib')")
    go_back()
    cable.plug()
    succeed("deploy", model, "--port", port)
    whole = cable.sent
    assert files(port) == sums(new)
    generator = random.Random(f"{kind} {everything}")
    went = set()
    for i in range(cuts):
        go_back()
        cable.plug(generator.randrange(i * whole // cuts, (i + 1) * whole // cuts))
        said = fail("deploy", model, "--port", port)
        assert "run the command again" in said or "docs/install.md" in said
        cable.plug()
        with Link(port) as link:
            for path in old:
                version = [link.holds(path, content[path]) for content in (old, new)]
                assert any(version), (cable.limit, path)
                went.add(version.index(True))
            assert link.value("emltrees.load('/iris.csv').selftest()", "import emltrees") == (8, 8)
    assert 0 in went
    succeed("deploy", model, "--port", port)
    assert files(port) == sums(new)


def test_the_first_deploy_cut(models, port, monkeypatch):
    cable = Cable(monkeypatch)
    cable.plug(30000)
    fail("deploy", models / "iris.eml", "--port", port)
    cable.plug()
    assert succeed("deploy", models / "iris.eml", "--port", port).endswith("device agrees: 8/8")
    assert files(port) == sums({**package("armv7m"), "/iris.eml": (models / "iris.eml").read_bytes()})


def test_ctrl_c(models, port):
    """On the PC, in the middle of a transfer: the board is left at its friendly prompt, and the next try succeeds."""

    def report(path, done, total):
        if done >= 2048:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Link(port) as link:
        deploy(link, models / "iris.eml", report=report)
    assert succeed("deploy", models / "iris.eml", "--port", port).endswith("device agrees: 8/8")
    assert files(port) == sums({**package("armv7m"), "/iris.eml": (models / "iris.eml").read_bytes()})
