# What the classifier costs on this board: prints `name value` lines.
import gc
from array import array


def used(depth=20):
    """Bytes in use. What calls have left on the stack looks like references: other calls wipe it out."""
    if depth:
        return used(depth - 1)
    gc.collect()
    return gc.mem_alloc()


samples = array("h", bytes(2 * 256))
before = used()
import emlfeatures  # noqa: E402
import emlfeatures_mel_q15  # noqa: E402, F401
import emllinear  # noqa: E402, F401

imported = used()
model = emlfeatures.load("sound.eml")
model.push(samples)
loaded = used()
for _ in range(40):
    model.push(samples)
print("modules", imported - before)
print("model", loaded - imported)
print("push", used() - loaded)
