"""The commands of `emlearn` that talk to boards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from . import ports as serial_ports
from .deploy import deploy
from .install import MODULES, Report, install
from .link import DeviceError, Link

_PORT = click.option("--port", required=True, help="A serial port, or a URL such as socket://127.0.0.1:4000.")
_PYTHON = click.option("--python", is_flag=True, help="Install the module in Python: for boards without native code.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("install")
@click.argument("module", type=click.Choice(sorted(MODULES)))
@_PORT
@_PYTHON
def install_command(module: str, port: str, python: bool) -> None:
    """Install MODULE on the board at PORT: the one for its architecture, verified and imported."""
    with _connected(port) as link, _progress() as report:
        architecture = install(link, module, python=python, report=report)
    click.echo(f"installed {module} for {architecture}")


@click.command("deploy")
@click.argument("model", type=_FILE)
@_PORT
@_PYTHON
def deploy_command(model: Path, port: str, python: bool) -> None:
    """Put MODEL and its module on the board at PORT, and check there that it predicts as here."""
    try:
        with _connected(port) as link, _progress() as report:
            agree, rows = deploy(link, model, python=python, report=report)
    except ValueError as error:
        raise click.ClickException(f"{model}: {error}") from error
    click.echo(f"device agrees: {agree}/{rows}")
    if agree != rows:
        raise click.ClickException("the device computes something else: please report this model and board")


@click.command("devices")
@click.option("--probe", is_flag=True, help="Connect to each, which interrupts what it is doing, and ask what it is.")
def devices_command(probe: bool) -> None:
    """List the serial ports of USB devices."""
    found = serial_ports.ports()
    if not found:
        click.echo("no serial ports of USB devices; is the board connected, with a cable that carries data?")
        return
    table = Table("port", "USB", "description", *(["board"] if probe else []))
    for port in found:
        cells = [port.device, port.usb, port.description]
        if probe:
            try:
                with Link(port.device) as link:
                    cells.append(str(link.board()))
            except DeviceError as error:
                cells.append(str(error))
        table.add_row(*cells)
    Console().print(table, markup=False)


@click.command("flash")
@click.argument("firmware", type=_FILE)
@_PORT
@click.option("--chip", default="auto", show_default=True, help="As esptool names it.")
@click.option("--no-erase", is_flag=True, help="Keep the rest of the flash, files included.")
def flash_command(firmware: Path, port: str, chip: str, no_erase: bool) -> None:
    """Write FIRMWARE, MicroPython's .bin for an Espressif chip, to the board at PORT, with esptool."""
    try:
        serial_ports.flash(firmware, port, chip=chip, erase=not no_erase)
    except DeviceError as error:
        raise click.ClickException(str(error)) from error


COMMANDS = (install_command, deploy_command, devices_command, flash_command)


@contextlib.contextmanager
def _connected(port: str) -> Iterator[Link]:
    try:
        with Link(port) as link:
            click.echo(f"{port}: {link.board()}")
            yield link
    except DeviceError as error:
        raise click.ClickException(str(error)) from error


@contextlib.contextmanager
def _progress() -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def report(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=total)
            bar.update(tasks[file], completed=done)

        yield report
