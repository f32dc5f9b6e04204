"""A machine that runs, and mpremote's own code talking to it, as to a board on a cable.

    with Session(CORTEX_M3) as board:
        board.copy({"emltrees.mpy": data})
        print(board.run("import emltrees; print(emltrees)"))

`board.port` is what mpremote's command line takes, after `board.disconnect()`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from .machine import BoardError, Machine

BOOT_TIME = 30  # seconds; it takes less than one where there is nothing else to do
COPY_TIME = 120
QUIET_TIME = 10  # that a board may be silent in the middle of a transfer


class Session:
    """Runs a machine until close(), which also happens at the end of a `with` block."""

    def __init__(
        self,
        machine: Machine,
        *,
        firmware: Path | None = None,
        flash: bytes | None = None,  # for a disk that is there
        count_instructions: bool = False,
    ):
        self.name = machine.name
        # Bytes of a file that go at once: the board compiles them as source.
        self._chunk = 2048 if machine.heap_size > 1 << 16 else 128
        self._transport: SerialTransport | None = None
        self._folder = tempfile.TemporaryDirectory()
        firmware = firmware or machine.build()
        # QEMU ends with this process, even if that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", f"qemu-system-{machine.qemu_arch}", "-machine", machine.qemu_name]
        command += [*machine.soc.qemu_options, "-display", "none", "-monitor", "none", "-semihosting"]
        command += ["-serial", "pty", "-kernel", str(firmware)]
        if flash is not None:
            Path(self._folder.name, "flash").write_bytes(flash)
            command += ["-device", f"loader,file=flash,addr={machine.disk_address:#x},force-raw=on"]
        if count_instructions:
            command += ["-icount", f"shift={machine.soc.icount_shift}"]
        with open(f"{machine.folder}.qemu.log", "w") as log:
            self._qemu = subprocess.Popen(
                command, cwd=self._folder.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            with self._limited(BOOT_TIME, "does not start"):
                line = self._qemu.stdout.readline()  # char device redirected to /dev/pts/0 (label serial0)
            if " redirected to " not in line:
                raise BoardError(f"QEMU does not start {self.name}: {line}{Path(log.name).read_text()}")
            self.port = line.split()[4]
            # While nobody has the pty open, QEMU looks only once a second whether somebody does.
            self._kept_open = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
            self.reset()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End QEMU, whatever state it is in."""
        with contextlib.suppress(OSError, SerialException):
            self.disconnect()
        self._end()
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._kept_open)
        self._folder.cleanup()

    def connect(self) -> SerialTransport:
        """mpremote's connection, opened if it is not."""
        if self._transport is None:
            self._transport = SerialTransport(self.port, timeout=QUIET_TIME)
        return self._transport

    def disconnect(self) -> None:
        """Leave the port to others."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.close()

    def reset(self) -> None:
        """Soft reset: of everything before, only files stay."""
        with self._limited(BOOT_TIME, "does not boot"):
            self.connect().enter_raw_repl(timeout_overall=BOOT_TIME)

    def copy(self, files: Mapping[str, bytes]) -> None:
        """Write files to the board through its serial port, as a user does."""
        for path, content in files.items():
            with self._limited(COPY_TIME, f"does not take {path}"):
                self.connect().fs_writefile(path, content, chunk_size=self._chunk)

    def fetch(self, files: Mapping[str, bytes]) -> None:
        """Have the board read them from the PC, which is many times as fast. Real boards have a card for that."""
        for path, content in files.items():
            Path(self._folder.name, "fetched").write_bytes(content)
            script = f"import disk, os\nassert disk.fetch('fetched') == {len(content)}\n"
            self.check(f"{script}os.rename('fetched', {path!r})\n", COPY_TIME)

    def run(self, script: str, seconds: float) -> str:
        """What the script prints, and the traceback if it raises."""
        with self._limited(seconds, "has not finished"):
            out, error = self.connect().exec_raw(script, timeout=seconds)
        return (out + error).decode("utf-8", "replace").replace("\r\n", "\n")

    def check(self, script: str, seconds: float) -> None:
        """Run a script that prints nothing."""
        output = self.run(script, seconds)
        if output:
            raise BoardError(f"{self.name}: {output}")

    @contextlib.contextmanager
    def _limited(self, seconds: float, what: str) -> Iterator[None]:
        """When the time is up QEMU is ended and the port with it, so that nothing here can hang."""
        timer = threading.Timer(seconds, self._end)
        timer.start()
        try:
            yield
        except (TransportError, OSError, SerialException) as error:
            raise BoardError(f"{self.name} {what} in {seconds} s: {error}") from error
        finally:
            timer.cancel()

    def _end(self) -> None:
        self._qemu.kill()
        self._qemu.wait()
