# Files with one wrong byte, from the PC, which has also put the CRC right in half of them: each is refused with
# ValueError or predicts. What the PC's core does with files without trailers is known: the same must happen here.
# models: CORRUPT
import gc
import io
from array import array

import check


def takes_int16(name, model):
    # Of trees by their name for it, of neighbours by their items.
    return (
        model.info().get("dtype") == "int16"
        or name == "neighbors"
        and int.from_bytes(bytes(model.data[36:40]), "little") > 0
    )


def empty(name, model):
    # Neighbours without items predict nothing.
    return name == "neighbors" and bytes(model.data[52:56]) == b"\0\0\0\0"


for _, name, module, _ in check.table():
    gc.collect()  # files that say they are large leave the heap in pieces
    module = __import__(module)
    with open("corrupt_" + name + ".cases", "rb") as f:
        head = array("H", [0, 0])
        accepted = refused = cases = 0
        while f.readinto(head):
            size, verdict = head  # verdict: 0 refused, 1 accepted, 2 not known
            data = f.read(size)
            cases += 1
            for source in (data, io.BytesIO(data))[: 1 + (cases % 8 == 0)]:
                try:
                    model = module.load(source)
                except MemoryError:
                    continue  # it says that it is large, and boards have less room than the PC
                except ValueError:
                    check.true(verdict != 1, "refused", data)
                    refused += 1
                    continue
                check.true(verdict != 0, "accepted", data)
                accepted += 1
                if model.outputs() > 999 or empty(name, model):
                    continue  # slow, and more than small boards have room for; export/tests/test_hostile.py goes on
                n, code = model.info()["features"], "h" if takes_int16(name, model) else "f"
                if name == "features":
                    if n > 999:
                        continue
                    code = chr(model.data[29])
                out = array("f", [0] * model.outputs())
                for value in (0, -32768, 32767):
                    try:
                        model.predict(array(code, [value] * n), out)
                    except ValueError:
                        check.true(name in ("features", "pipeline"))  # what one gives may be too large for the next
                        continue
                    if model.info()["classes"]:
                        check.true(0 <= model.predict(array(code, [value] * n)) < model.info()["classes"])
                try:
                    model.selftest()
                    for i in range(model.info()["classes"]):
                        model.label(i)
                except ValueError:
                    pass
    check.true(8 * accepted > cases > 0 and 8 * refused > cases, name, cases, accepted, refused)
check.done()
