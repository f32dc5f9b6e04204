"""What the commands for boards do without one: choosing, naming ports, flashing, and saying what is missing."""

from __future__ import annotations

import os
import pty
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from emlearn.cli import main
from emlearn.device import DeviceError
from emlearn.device import ports as serial_ports
from emlearn.device.boards import Board
from emlearn.device.deploy import checked
from emlearn.device.install import choose_architecture, package_files
from emlearn.device.ports import Port, resolve


def board(arch, sub=3, abi=6, **options):
    return Board("micropython", (1, 26, 1), arch << 10 | sub << 8 | abi, "A board", **options)


def run(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, " ".join(done.output.split())


@pytest.mark.parametrize(
    "code, arch",
    [
        (2, "x64"),
        (4, "armv6m"),
        (5, "armv7m"),
        (6, "armv7m"),
        (7, "armv7emsp"),
        (8, "armv7emdp"),
        (10, "xtensawin"),
        (11, "rv32imc"),
    ],
)
def test_architecture(code, arch):
    assert choose_architecture(board(code), python=False) == arch
    assert choose_architecture(board(code), python=True) == "py"


@pytest.mark.parametrize(
    "given, reason",
    [
        (board(0), "built without loading of native code"),
        (board(9), "no modules for its architecture, xtensa"),
        (board(14), "no modules for its architecture, number 14"),
        (
            board(4, sub=2),
            "loads native code of version 6.2, ours is of version 6.3: install MicroPython 1.23 or later",
        ),
    ],
)
def test_what_takes_only_the_twin(given, reason):
    with pytest.raises(DeviceError, match=f"{reason}.*pass --python"):
        choose_architecture(given, python=False)
    assert choose_architecture(given, python=True) == "py"


@pytest.mark.parametrize("python", (False, True))
@pytest.mark.parametrize(
    "given, reason",
    [
        (board(4, abi=5), "of version 5, ours are of version 6: install MicroPython 1.23 or later"),
        (board(0, abi=0), "of version 0, ours are of version 6"),
        (Board("circuitpython", (9, 2, 0), 518, "A board"), "it runs circuitpython 9.2.0; only MicroPython"),
    ],
)
def test_what_takes_nothing(given, reason, python):
    with pytest.raises(DeviceError, match=reason):
        choose_architecture(given, python=python)


def test_folders():
    assert board(4).library == "/lib"
    stm32 = board(7, path=("", ".frozen", "/flash", "/flash/lib"), home="/flash")
    assert stm32.library == "/flash/lib" and stm32.folders == ("/flash", "/flash", "/flash/lib")
    assert stm32.absolute("iris.csv") == "/flash/iris.csv" and board(4).absolute("iris.csv") == "/iris.csv"
    assert board(4, path=("", ".frozen")).library == ""  # of the root


def test_unknown_package():
    with pytest.raises(DeviceError, match="emltree"):
        package_files("emltree", "py")


@pytest.mark.parametrize("type, package", [("int8", "tinymaix_cnn"), ("float32", "tinymaix_cnn_fp32")])
def test_package_of_a_network(type, package):
    path = Path(__file__).parent / "golden" / f"cnn_all_{type}.tmdl"
    assert checked(path) == (path.read_bytes(), [package])


def test_ports(monkeypatch):
    found = [Port("/dev/ttyACM0", "Board", "2e8a:0005", "1234")]
    monkeypatch.setattr(serial_ports, "ports", lambda: found)
    assert resolve("auto") == resolve("id:1234") == resolve("port:/dev/ttyACM0") == "/dev/ttyACM0"
    assert run("devices") == (0, "/dev/ttyACM0 2e8a:0005 1234 Board")
    with pytest.raises(DeviceError, match="serial number 12 "):
        resolve("id:12")
    found.append(Port("/dev/ttyACM1", "Board", "2e8a:0005", "1235"))
    with pytest.raises(DeviceError, match="choose one with --port, of /dev/ttyACM0, /dev/ttyACM1"):
        resolve("auto")
    found.clear()
    with pytest.raises(DeviceError, match="no board is connected by USB"):
        resolve("auto")
    assert "carries data?" in run("devices")[1]


@pytest.mark.parametrize("port", ("socket://127.0.0.1:1", "/dev/nothing", "nonsense://1"))
def test_nothing_there(port):
    code, told = run("install", "emltrees", "--port", port)
    assert code == 1
    assert told.startswith(f"Error: cannot open {port}: ") and "`emlearn devices` lists the ports" in told


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr("emlearn.device.link.PROMPT_TIME", 0.5)
    ours, theirs = pty.openpty()
    try:
        started = time.monotonic()
        code, told = run("install", "emltrees", "--port", os.ttyname(theirs))
        assert code == 1 and "answers as MicroPython does" in told and "Press the board's reset button" in told
        assert time.monotonic() - started < 30
    finally:
        os.close(ours)
        os.close(theirs)


def image(chip):
    """A firmware image as esptool knows them, with one segment."""
    body = bytes(range(256)) * 16
    head = struct.pack("<BBBBIB3xHBHH4xB", 0xE9, 1, 2, 0, 0x40080000, 0xEE, chip, 0, 0, 0xFFFF, 0)
    content = head + struct.pack("<II", 0x3FFB0000, len(body)) + body
    checksum = 0xEF
    for byte in body:
        checksum ^= byte
    return content + bytes(15 - len(content) % 16) + bytes([checksum])


@pytest.fixture
def bootloader():
    """Starts a mock of a chip's; returns its URL."""
    started = []

    def start(chip):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        mock = str(Path(sys.executable).with_name("esp32-mock-bootloader"))
        command = [mock, "run", "--chip", chip, "--port", str(port)]
        started.append(subprocess.Popen([*command, "--timeout", "120"], stdout=subprocess.DEVNULL))
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"socket://127.0.0.1:{port}"
            time.sleep(0.1)
        raise AssertionError("the mock does not start")

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("chip, number, offset", [("esp32c3", 5, 0), ("esp32", 0, 0x1000)])
def test_flash(chip, number, offset, bootloader, tmp_path, capfd):
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(image(number))
    assert run("flash", firmware, "--port", bootloader(chip)) == (0, "")
    told = capfd.readouterr().out
    assert "Flash memory erased" in told and "Hash of data verified" in told and f"at {offset:#010x} in" in told


def test_flash_for_another_chip_erases_nothing(bootloader, tmp_path, capfd):
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(image(5))
    code, told = run("flash", firmware, "--port", bootloader("esp32"))
    output = "".join(capfd.readouterr())
    assert code == 1 and "write-flash" in told and "not an ESP32 image" in output and "erased" not in output


@pytest.mark.parametrize(
    "name, content, told",
    [("a.uf2", b"UF2\n", "BOOTSEL"), ("a.bin", b"\x7fELF", "starts with 7f"), ("b.bin", b"", "nothing")],
)
def test_flash_what_is_no_firmware(name, content, told, tmp_path):
    (tmp_path / name).write_bytes(content)
    code, said = run("flash", tmp_path / name, "--port", "/dev/nothing")
    assert code == 1 and told in said


def test_flash_without_a_board(tmp_path):
    (tmp_path / "a.bin").write_bytes(image(5))
    code, told = run("flash", tmp_path / "a.bin", "--port", "/dev/nothing")
    assert code == 1 and "/dev/nothing" in told
