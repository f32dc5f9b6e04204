"""A connection to a board, through mpremote's own transport."""

from __future__ import annotations

import ast
import contextlib
import errno
import hashlib
import io
import struct
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from .boards import PROBE, Board
from .errors import DeviceError, LinkLost, NoRoom
from .ports import resolve

Progress = Callable[[int, int], Any]  # bytes done, bytes in all

ATTEMPTS = 3  # to get a prompt
PROMPT_TIME = 3  # seconds to wait for it
RESET_TIME = 20  # seconds; boot.py may connect to a network
# Seconds that one read may wait. Without a limit, a read from a pty that nothing comes from never ends.
READ_TIMEOUT = 1
BUSY_TIMEOUT = 10  # with a prompt: in the middle of a transfer the board may be collecting garbage
QUIET = 0.3  # seconds without output that end what a board was saying
CHUNK = 512  # bytes a write; a board needs several times that in memory

# Runs on the board: prints a file's SHA-256, None if there is none.
DIGEST = """
try:
    with open({!r}, 'rb') as f:
        import hashlib
        h = hashlib.sha256()
        b = bytearray({})
        n = f.readinto(b)
        while n:
            h.update(memoryview(b)[:n])
            n = f.readinto(b)
    print(h.digest())
except OSError:
    print(None)
except (ImportError, AttributeError):
    print(repr('no hashlib'))
"""
# Of the transport. struct.error: an answer is cut short.
FAILURES: tuple[type[Exception], ...] = (TransportError, OSError, struct.error)
INTERRUPT, END, FRIENDLY = b"\x03", b"\x04", b"\x02"


class Link:
    """A board at a port, with its prompt ready. Use it in a `with` statement.

    Parameters
    ----------
    port : str
        Anything that mpremote takes: a serial device, ``auto``, ``id:SERIAL-NUMBER``, or a URL such as
        ``socket://127.0.0.1:4000``.

    Raises
    ------
    DeviceError
        If the port cannot be opened, or nothing answers there even after an interrupt and a reset.
    """

    def __init__(self, port: str) -> None:
        self.port = resolve(port)
        try:
            self._transport = SerialTransport(self.port, wait=0, timeout=READ_TIMEOUT)
            self._transport.serial.write_timeout = BUSY_TIMEOUT
        except (TransportError, OSError, ValueError) as error:
            raise DeviceError(
                f"cannot open {self.port}: {_reason(error)}. Is the board connected, and no other program using it? "
                "`emlearn devices` lists the ports"
            ) from error
        try:
            self.reset()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(*FAILURES):
            if error is not None:  # perhaps in the middle of a command
                self._transport.serial.write(INTERRUPT)
            self._transport.exit_raw_repl()
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(*FAILURES):
            self._transport.close()

    def reset(self) -> None:
        """Restart MicroPython on the board, so that imports start anew, whatever was going on there."""
        serial = self._transport.serial
        serial.timeout = READ_TIMEOUT
        for attempt in range(ATTEMPTS):
            try:
                if attempt:
                    self._recover()
                with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not expect
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=PROMPT_TIME)
                    self._transport.enter_raw_repl(soft_reset=True, timeout_overall=RESET_TIME)
                serial.timeout = BUSY_TIMEOUT
                return
            except FAILURES as error:
                reason = _reason(error)
        raise DeviceError(
            f"nothing at {self.port} answers as MicroPython does ({reason}). Press the board's reset button and try "
            "again; if it has no MicroPython yet, docs/install.md says how to put it there"
        )

    def _recover(self) -> None:
        # Ends a raw paste, interrupts a program, leaves the raw prompt: each is harmless where it does not apply.
        for keys in (INTERRUPT + INTERRUPT, END, INTERRUPT, FRIENDLY, b"\r" + INTERRUPT):
            self._transport.serial.write(keys)
            self._drain()

    def _drain(self) -> None:
        serial = self._transport.serial
        start = last = time.monotonic()
        while time.monotonic() - last < QUIET and time.monotonic() - start < PROMPT_TIME:
            waiting = serial.inWaiting()
            if waiting:
                serial.read(waiting)
                last = time.monotonic()
            time.sleep(0.01)

    def run(self, script: str, timeout: float = 30) -> str:
        """Run a script on the board and return what it printed.

        Raises
        ------
        DeviceError
            With the last line of the traceback if it raised.
        LinkLost
            If the board does not answer, or was silent for `timeout` seconds.
        """
        with self._translated("run a script"):
            output, errors = self._transport.exec_raw(script, timeout=timeout)
        if errors:
            raise DeviceError(_last_line(errors.decode(errors="replace")))
        return str(output.decode(errors="replace"))

    def value(self, expression: str, setup: str = "", timeout: float = 30) -> Any:
        """Evaluate an expression on the board; its repr must be a Python literal."""
        return _literal(self.run(f"{setup}\nprint(repr({expression}))", timeout))

    def board(self) -> Board:
        """Ask the board what it is."""
        name, version, mpy, machine, path, home = _literal(self.run(PROBE))
        return Board(name, tuple(v for v in version if isinstance(v, int)), mpy, machine, tuple(path), home)

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        script = f"import os\ntry:\n os.stat({path!r})\n print(True)\nexcept OSError:\n print(False)"
        return bool(_literal(self.run(script)))

    def write(self, path: str, content: bytes, progress: Progress | None = None) -> None:
        """Write a file as it is: what fails half-way leaves half a file.

        Raises
        ------
        NoRoom
            If the file system is full.
        DeviceError
            If anything else fails.
        """
        with self._translated(f"write {path}"):
            if progress is not None:
                progress(0, len(content))
            try:
                self._transport.fs_writefile(path, content, chunk_size=CHUNK, progress_callback=progress)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise NoRoom(f"no room for {path}: it takes {len(content):,} bytes") from error

    def holds(self, path: str, content: bytes) -> bool:
        """Whether a file is there with exactly this content."""
        there = _literal(self.run(DIGEST.format(path, CHUNK), timeout=60))
        if there == "no hashlib":
            with self._translated(f"read {path}"):
                return bool(self._transport.fs_readfile(path, chunk_size=CHUNK) == content)
        return bool(there == hashlib.sha256(content).digest())

    @contextlib.contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except TransportExecError as error:
            raise DeviceError(f"the board could not {action}: {_last_line(error.error_output)}") from error
        except FAILURES as error:
            raise LinkLost(
                f"could not {action} at {self.port}: {_reason(error)}. Was the board unplugged or reset? Nothing that "
                "worked before is lost: run the command again"
            ) from error


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (SyntaxError, ValueError) as error:
        raise DeviceError(f"the board answered what makes no sense, {text.strip()[:80]!r}: run it again") from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _last_line(traceback: str) -> str:
    return (traceback.strip().splitlines() or ["no reason given"])[-1]
