"""Writes build/test-results/firmware.json: one row for each board, module and case that ran, with its verdict."""

from __future__ import annotations

import json
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "build" / "test-results" / "firmware.json"
COLUMNS = ("arch", "board", "module", "case")
rows = []


def pytest_runtest_logreport(report):
    """With pytest-xdist this runs in the process that gathers the reports."""
    properties = dict(report.user_properties)
    if report.when == "call" and "board" in properties:
        rows.append({column: properties[column] for column in COLUMNS} | {"verdict": report.outcome})


def pytest_sessionfinish(session):
    if rows:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(sorted(rows, key=lambda row: [*row.values()]), indent=1) + "\n")
