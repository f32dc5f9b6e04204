# Runs on an emulated board; cnn_boards.py sends it there. Prints lines `name instructions`.
#
# settings.py has NETWORKS: name, module, typecodes of input and output; and COUNTS, whether the board counts.
import gc
from array import array

from settings import COUNTS, NETWORKS

if COUNTS:
    from empty import new
    from emulator import count

for name, module, code, out_code in NETWORKS:
    gc.collect()
    with open(name + ".tmdl", "rb") as f:
        model = __import__(module).new(f.read())
    h, w, c = model.input_dimensions()
    n = 1
    for size in model.output_dimensions():
        n *= size
    x, out = array(code, [i * 7 % 127 for i in range(h * w * c)]), array(out_code, [0] * n)
    if not COUNTS:  # whoever runs this sees when something is printed, and takes the difference
        for times in (0, 1, 2):
            for _ in range(times):
                model.run(x, out)
            print(name)
        continue
    model.run(x, out)
    gc.collect()
    gc.disable()
    print(name, count(model.run, x, out)[0] - count(new().predict, x, out)[0])
    gc.enable()
    model = x = out = None
