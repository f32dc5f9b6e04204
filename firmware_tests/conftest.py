"""How the tests of boards are shared out to processes, and what is left of them.

With `pytest -n 2`, a board that keeps running between tests stays in one process, so that it boots only once.
build/test-results/firmware.json gets a row for each board, module and case that ran, with its verdict.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from boards import boards

RESULTS = Path(__file__).resolve().parents[1] / "build" / "test-results" / "firmware.json"
COLUMNS = ("arch", "board", "module", "case")
rows = []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Instead of --dist loadgroup, whose marks pytest-xdist 3.8 does not find under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    running = [board.name for board in boards() if board.keeps_running]

    class BoardScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            # test_boards.py::test_starts[BOARD] or ::test_case[BOARD-MODULE-CASE]; all else can go anywhere
            _, _, label = nodeid.partition("test_boards.py::")
            return next((name for name in running if f"[{name}-" in label.replace("]", "-")), nodeid)

    return BoardScheduling(config, log)


def pytest_runtest_logreport(report):
    """With pytest-xdist this runs in the process that gathers the reports."""
    properties = dict(report.user_properties)
    if report.when == "call" and "board" in properties:
        rows.append({column: properties[column] for column in COLUMNS} | {"verdict": report.outcome})


def pytest_sessionfinish(session):
    if rows:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(sorted(rows, key=lambda row: [*row.values()]), indent=1) + "\n")
