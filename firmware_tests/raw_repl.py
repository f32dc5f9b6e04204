# The raw REPL that boards have and the unix port lacks: with it, on a pseudo-terminal, mpremote takes that port for a
# board.
import sys

BANNER = "raw REPL; CTRL-B to exit\r\n>"
CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"

WINDOW = 2048  # bytes that mpremote may send in raw paste mode before it is told to go on

read = sys.stdin.buffer.read
write = sys.stdout.write


def read_pasted():
    code = bytearray()
    write("R\x01" + chr(WINDOW & 255) + chr(WINDOW >> 8))
    while (byte := read(1)) != CTRL_D:
        code.extend(byte)
        if len(code) % WINDOW == 0:
            write("\x01")
    write("\x04")
    return code


def run(code, names):
    try:
        exec(bytes(code), names)
    except BaseException as error:
        write("\x04")
        sys.print_exception(error)
    else:
        write("\x04")
    write("\x04>")


def serve():
    code, names = bytearray(), {}
    while byte := read(1):
        if byte == CTRL_A:
            code = bytearray()
            write(BANNER)
        elif byte in (CTRL_B, CTRL_C):
            code = bytearray()
        elif byte == CTRL_E:
            read(2)  # of "\x05A\x01", the question for raw paste mode
            run(read_pasted(), names)
        elif byte != CTRL_D:
            code.extend(byte)
        elif code:
            write("OK")
            run(code, names)
            code = bytearray()
        else:
            names = {}
            write("soft reboot\r\n" + BANNER)


serve()
