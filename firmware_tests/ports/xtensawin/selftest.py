# What this port has of its own, in MicroPython: register windows under exceptions, recursion and garbage collection,
# the run-time routines, variable arguments, native code, files. Prints OK, or raises.
import gc
import math
import struct
import sys
from array import array


def bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def raises(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError(kind, "not raised")


# Exceptions through frames whose registers are in use, and from native functions.
def depth(n, then):
    a, b, c, d = n, n + 1, n + 2, n + 3
    try:
        result = then() if n == 0 else depth(n - 1, then)
    finally:
        assert (a, b, c, d) == (n, n + 1, n + 2, n + 3)
    return result + d - a


def fails():
    raise ValueError("here")


assert depth(40, lambda: 0) == 41 * 3
for n in range(60):
    assert raises(ValueError, depth, n, fails).args == ("here",)
assert raises(ValueError, int, "zz", 10).args[0] == "invalid syntax for integer with base 10"
raises(IndexError, lambda: [][1])
raises(ZeroDivisionError, lambda: 1 // 0)
raises(RuntimeError, lambda: depth(100000, fails))


# Garbage collection with objects that only registers of callers hold.
def collect(n):
    mine, yours = [n] * 20, {"n": n}
    gc.collect()
    rest = collect(n - 1) if n else 0
    assert mine == [n] * 20 and yours == {"n": n}
    return rest + sum(mine)


assert collect(30) == 20 * sum(range(31))


# The native emitter keeps locals in registers, and nowhere else.
@micropython.native  # noqa: F821
def only_in_registers(n):
    mine = bytearray(n)
    gc.collect()
    yours = bytearray(n)  # in the same place, if that was taken for free
    yours[0] = 1
    return mine


for n in range(16, 2000, 16):
    assert only_in_registers(n)[0] == 0, n

kept = [[i] * 8 for i in range(3000)]
for _ in range(20):
    [[i] * 8 for i in range(3000)]
assert all(row == [i] * 8 for i, row in enumerate(kept))
free = gc.mem_free()
for _ in range(100):
    bytearray(50000)
gc.collect()
assert gc.mem_free() > free - 1000

# float32: what the FPU does, what the runtime does, and lib/libm.
one, three, tiny = array("f", [1, 3, 1e-40])
assert bits(one / three) == 0x3EAAAAAB and bits(tiny / three) == 0x00005CEB
assert bits(one + tiny) == 0x3F800000 and bits(three * three) == 0x41100000 and bits(2**0.5) == 0x3FB504F3
assert bits(array("f", [0.1])[0]) == 0x3DCCCCCD and struct.unpack("<d", struct.pack("<d", 0.5))[0] == 0.5
assert abs(math.sin(1) - 0.841471) < 1e-6 and abs(math.exp(1) - 2.718282) < 1e-5
assert (int(-2.7), round(2.5), -7 % 3.0, 3.5 // 2, float("nan") == float("nan")) == (-2, 2, 2.0, 1.0, False)
assert (True if three > one else False) and (2.0 if three < one else 0.5) == 0.5

# Large integers, and formats with many arguments.
assert 10**30 // 10**28 == 100 and (1 << 62) * 3 == 13835058055282163712 and -(10**20) % 7 == 5
assert "%d %s %5.2f %x %r" % (1, "two", 3.14159, 255, [1.5, None]) == "1 two  3.14 ff [1.5, None]"  # noqa: UP031
assert "{:>8}|{:.3e}|{}|{}|{}|{}|{}".format("x", 12345.678, 1, 2, 3, 4, 5) == "       x|1.235e+04|1|2|3|4|5"
assert repr(ValueError("a", 1)) == "ValueError('a', 1)"


# The native emitter.
@micropython.native  # noqa: F821
def native_sum(n):
    total = 0
    for i in range(n):
        total += i
    return total


@micropython.viper  # noqa: F821
def viper_sum(data: ptr16, n: int) -> int:  # noqa: F821
    total = 0
    for i in range(n):
        total += data[i]
    return total


assert native_sum(1000) == 499500
assert viper_sum(array("H", range(100)), 100) == 4950

# Files.
with open("selftest.txt", "w") as f:
    assert f.write("one\ntwo\n") == 8
with open("selftest.txt", "a") as f:
    f.write("three")
with open("selftest.txt") as f:
    assert list(f) == ["one\n", "two\n", "three"]
with open("selftest.txt", "rb") as f:
    assert f.seek(4) == 4 and f.tell() == 4 and f.read(3) == b"two"
    buffer = bytearray(4)
    assert f.readinto(buffer) == 4 and buffer == b"\nthr" and f.read() == b"ee" and f.read() == b""
raises(OSError, f.read)
assert raises(OSError, open, "not there").errno == 2
raises(ImportError, lambda: __import__("not_there"))
assert sys.implementation._mpy >> 10 == 10  # xtensawin
print("OK")
