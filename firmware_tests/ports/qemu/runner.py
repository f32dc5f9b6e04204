"""Machines as boards of the tests, which boards/__init__.py describes."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Mapping

from boards import Board

from .machine import Machine
from .session import Session

SECONDS = 240
# The twin takes hundreds of times as long as the module.
ROWS = {"twin": 20}
DAMAGED = {"native": 600, "twin": 60}
# 17,000 features in the twin's lists.
NO_ROOM = ("twin-predict-wide",)
STORE = "/kept"
BY_SERIAL_PORT = (".mpy", ".py")  # what users copy; models and rows, by far more, take the short way


def board(
    machine: Machine,
    no_room: tuple[str, ...] = (),
    few: tuple[str, ...] = ("twin",),
    modules: tuple[str, ...] = ("native", "twin"),
) -> Board:
    """Return the machine as a board, which boots when it is first used.

    A twin is the same bytecode everywhere, and its numbers have the same size on all machines: one runs all models.
    """
    run = Runner(machine, SECONDS).run
    no_room = NO_ROOM + no_room
    return Board(
        machine.name,
        machine.arch,
        run,
        SECONDS,
        modules=modules,
        no_room=no_room,
        rows=ROWS,
        damaged=DAMAGED,
        few=few,
        keeps_running=True,
        build=machine.build,
    )


class Runner:
    """Boots a machine when it is first used, and keeps it: between runs there is a soft reset.

    What was copied stays on the board. Files that a run does not want lie in STORE meanwhile.
    """

    def __init__(self, machine: Machine, seconds: float):
        self._machine = machine
        self._seconds = seconds
        self._session: Session | None = None
        self._stored: set[str] = set()  # hashes
        self._placed: dict[str, str] = {}  # name: hash
        atexit.register(self._stop)

    def run(self, script: str, files: Mapping[str, bytes]) -> str:
        """See `Board.run`."""
        try:
            session = self._start()
            session.reset()
            self._place(session, files)
            session.reset()
            return session.run(script, self._seconds)
        except BaseException:
            self._stop()
            raise

    def _start(self) -> Session:
        if self._session is None:
            self._session = Session(self._machine)
            self._session.check(f"import os\nos.mkdir({STORE!r})", self._seconds)
        return self._session

    def _stop(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None
        self._stored.clear()
        self._placed.clear()

    def _place(self, session: Session, files: Mapping[str, bytes]) -> None:
        wanted: dict[str, str] = {}
        for name, content in files.items():
            key = hashlib.sha256(content).hexdigest()[:16]
            wanted[name] = f"{key}-{name}" if key in wanted.values() else key
        moves = []
        for name, key in list(self._placed.items()):
            if wanted.get(name) != key:
                moves.append((f"/{name}", f"{STORE}/{key}"))
                del self._placed[name]
        for name, key in wanted.items():
            if key not in self._stored:
                send = session.copy if name.endswith(BY_SERIAL_PORT) else session.fetch
                send({f"{STORE}/{key}": files[name]})
                self._stored.add(key)
            if name not in self._placed:
                moves.append((f"{STORE}/{key}", f"/{name}"))
                self._placed[name] = key
        session.check(f"import os\nfor move in {moves}:\n os.rename(*move)", self._seconds)
