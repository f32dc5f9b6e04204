# What of emltrees need not be fast: bytecode is smaller. Merged into emltrees.mpy, beside new, attach and abi.

if abi != 1:  # what 1 looks like is part of what a firmware and a native module must agree on
    raise ImportError("emltrees.mpy is for other firmware")


def load(source, in_place=False):
    # A new model from a path, or from what load_model takes.
    model = new()
    if isinstance(source, str):
        with open(source, "rb") as source:
            load_model(model, source)
    else:
        load_model(model, source, in_place)
    return model


def load_model(model, source, in_place=False):
    # From an open file, a buffer or any iterable of lines. A read-only .eml in memory is used where it lies.
    start = b""
    if hasattr(source, "readinto"):
        try:
            source = memoryview(source)  # a file in a ROMFS lies in memory
        except TypeError:
            start = bytearray(16)
            start = start[: source.readinto(start)]
            if start[:4] == b"EML\x1a":
                data = bytearray(int.from_bytes(start[8:11], "little"))  # up to 16 MB
                data[:16] = start
                source.readinto(memoryview(data)[16:])
                source = data
                in_place = True
    if not attach(model, source, in_place):
        import emltrees_csv

        attach(model, emltrees_csv.read(start, source), True)
