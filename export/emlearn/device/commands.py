"""The commands of `emlearn` that talk to boards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from . import ports as serial_ports
from .boards import PYTHON
from .deploy import checked, deploy
from .errors import DeviceError
from .files import Report
from .install import install, packages_folder
from .link import Link

_PORT = click.option(
    "--port",
    default="auto",
    show_default=True,
    help="A serial port, id:SERIAL-NUMBER, or a URL such as socket://127.0.0.1:4000. auto: the only USB one.",
)
_PYTHON = click.option("--python", is_flag=True, help="Install the module in Python: for boards without native code.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("install")
@click.argument("package")
@_PORT
@_PYTHON
def install_command(package: str, port: str, python: bool) -> None:
    """Install PACKAGE, such as emltrees, on the board at PORT: that for its architecture, verified and imported."""
    with _connected(port) as link, _progress() as report:
        architecture = install(link, package, python=python, report=report)
    click.echo(f"installed {package} for {architecture}")


@click.command("deploy")
@click.argument("model", type=_FILE)
@_PORT
@_PYTHON
def deploy_command(model: Path, port: str, python: bool) -> None:
    """Put MODEL and its module on the board at PORT, and check there that it predicts as here."""
    try:
        checked(model)  # before the board is interrupted
    except ValueError as error:
        raise click.ClickException(f"{model}: {error}") from error
    with _connected(port) as link, _progress() as report:
        agree, rows = deploy(link, model, python=python, report=report)
    if rows:
        click.echo(f"device agrees: {agree}/{rows}")
    else:
        click.echo("device loads it. To compare predictions, convert with --data, or call certify before save")


@click.command("devices")
@click.option("--probe", is_flag=True, help="Connect to each, which interrupts what it is doing, and ask what it is.")
@click.option("--port", "chosen", multiple=True, help="Probe this port, whatever it is, instead of all USB ones.")
def devices_command(probe: bool, chosen: tuple[str, ...]) -> None:
    """List the serial ports of USB devices, and with --probe the boards there."""
    found = [serial_ports.Port(port, "", "") for port in chosen] or serial_ports.ports()
    if not found:
        click.echo("no serial ports of USB devices; is the board connected, with a cable that carries data?")
        return
    for port in found:
        click.echo("  ".join(filter(None, (port.device, port.usb, port.serial_number, port.description))))
        if probe or chosen:
            click.echo(f"    {_who(port.device)}")


def _who(port: str) -> str:
    try:
        with Link(port) as link:
            board = link.board()
    except DeviceError as error:
        return str(error)
    reason = board.why_not_native()
    return f"{board}: {f'takes modules for {board.native}' if reason is None else reason}"


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
        packages_folder(PYTHON)  # without it there is no need to interrupt the board
        with Link(port) as link:
            click.echo(f"{link.port}: {link.board()}")
            yield link
    except DeviceError as error:
        raise click.ClickException(str(error)) from error


@contextlib.contextmanager
def _progress() -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    tasks: dict[str, TaskID] = {}
    bar = Progress(*columns, console=Console(stderr=True))

    def report(file: str, done: int, total: int) -> None:
        bar.start()  # not before: it writes a line even if there is nothing to show
        if file not in tasks:
            tasks[file] = bar.add_task(file, total=total)
        bar.update(tasks[file], completed=done)

    try:
        yield report
    finally:
        if tasks:
            bar.stop()
