# ---- Blocks before a model of another family, as src/emlearn/eml_features.h. mel.py comes before it.
# ruff: noqa: F821

FAMILY = 9
_MODULES = ("", "trees", "linear", "knn", "kernel", "bayes", "mixture", "net", "pipeline")
_DAMAGED, _INCONSISTENT = "not a model file, or damaged", "inconsistent model"


def _load_model(family, data):
    """The model behind the blocks, by the module of its family."""
    name = "eml" + _MODULES[family]
    try:
        module = __import__(name)
    except ImportError:
        raise ImportError("this model needs %s as well: install that package" % name)
    return module.load(data)


class Tables:
    def __init__(self, data, size):
        fail(size >= 24, _DAMAGED)
        fields = unpack_from("<HHHBBIBBHII", data, 16)
        n, classes, n_outputs, output, family, _, n_blocks, code, columns, n_words, n_model = fields
        fail(size == 24 + 4 * (n_words + n_model), _DAMAGED)
        fail(n and n_blocks and columns and code in (102, 104), _INCONSISTENT)
        self.n_features, self.n_classes, self.n_outputs = n, classes, n_outputs
        self.codes = "fh" if code == 102 else "h"
        end = 40 + 4 * n_words
        self.model = None
        if family:
            fail(n_model >= 7 and family < len(_MODULES), _INCONSISTENT)
            head = unpack_from("<4sBBBBIIHHHB", data, end)
            fail(head[0] == b"EML\x1a" and head[1] == 1 and head[3:5] == (family, 0), _INCONSISTENT)
            fail(head[5] == 4 * n_model and head[7:9] == (columns, classes), _INCONSISTENT)
            of_model = (classes or 1, 1 if classes else 0) if family == 1 else head[9:11]
            fail((n_outputs, output) == of_model, _INCONSISTENT)
        else:
            fail((n_model, classes, n_outputs, output) == (0, 0, columns, 0), _INCONSISTENT)
        words = list(array("I", data[40:end]))
        self.blocks = []
        for _ in range(n_blocks):
            block = block_of(words, n)
            self.blocks.append(block)
            words = words[block.words :]
            columns -= block.columns
        fail(not words and not columns, _INCONSISTENT)
        if family:
            self.model = _load_model(family, data[end : end + 4 * n_model])
        self.pushed = array(chr(code))

    def result(self, x, code, out):
        columns = array("f")
        for block in self.blocks:
            columns.extend(block.run(x, code))
        if self.model is None:
            if out is None:
                return columns[0]
            out[:] = columns
        elif out is None:
            return self.model.predict(columns)
        else:
            self.model.predict(columns, out)


class Windows(Model):
    """A model of windows."""

    def predict(self, x, out=None):
        """As of other models, for a window of raw samples."""
        tables = self._ready(out)
        code = _check(x, tables.codes, tables.n_features, "values")
        tables.pushed = array(code)
        return tables.result(x, code, out)

    def push(self, samples, out=None):
        """Samples of the next window: None, or with out False, until it is complete; then as predict, or True."""
        tables = self._ready(out)
        for block in tables.blocks:
            fail(hasattr(block, "push"), "this model takes whole windows: use Frames and predict")
        code = _check(samples, tables.codes, len(samples), "samples")
        n = tables.n_features
        fail(len(samples) <= n, "expected %d samples or fewer at once, got %d" % (n, len(samples)))
        if len(samples) and not len(tables.pushed):
            tables.pushed = array(code)
        tables.pushed.extend(array(code, samples))
        if len(tables.pushed) < n:
            return None if out is None else False
        window, tables.pushed = tables.pushed[:n], tables.pushed[n:]
        found = tables.result(window, code, out)
        return found if out is None else True

    def reset(self):
        """The next sample is the first of a window."""
        tables = self._ready(b"")
        tables.pushed = tables.pushed[:0]

    def _ready(self, out):
        tables = self.tables
        fail(tables is not None, "no model is loaded: use load_model(model, file)")
        if out is None:
            fail(tables.n_classes or tables.n_outputs == 1, "several values: use predict(window, out)")
        elif out != b"":
            _check(out, "f", tables.n_outputs, "outputs")
        return tables


new = Windows


class Frames:
    """Windows in buffer that begin hop samples after each other."""

    def __init__(self, buffer, hop, n_channels=1):
        self.code = typecode(buffer)
        size = len(buffer)
        good = hop >= 1 and 1 <= n_channels <= size and hop <= size // n_channels and size % n_channels == 0
        fail(good, "expected a buffer for whole samples of all channels, and a hop from 1 to its samples")
        self.buffer, self.hop = buffer, hop * n_channels
        self.rest = array(self.code)
        self.reset()

    def push(self, samples):
        """At most hop of them. True if buffer holds the next window."""
        _check(samples, self.code, len(samples), "samples")
        fail(len(samples) <= self.hop, "expected %d values or fewer, those of a hop, got %d" % (self.hop, len(samples)))
        buffer = self.buffer
        size = len(buffer)
        if self.filled == size:  # that window has been used
            self.filled -= self.hop
            buffer[: self.filled] = buffer[self.hop :]
            for value in self.rest:
                buffer[self.filled] = value
                self.filled += 1
        taken = min(len(samples), size - self.filled)
        for i in range(taken):
            buffer[self.filled + i] = samples[i]
        self.filled += taken
        self.rest = array(self.code, samples[taken:])
        return self.filled == size

    def reset(self):
        self.filled, self.rest = 0, self.rest[:0]


def statistics(x, out, n_channels=1):
    """The ten statistics of each channel of x, into array("f"), without a model."""
    code = typecode(x)
    fail(0 < n_channels < 256, "expected up to 32767 samples of each of up to 255 channels")
    block = Statistics([n_channels << 16, 0x3FF], len(x))
    _check(x, "hf", len(x), "samples")
    _check(out, "f", block.columns, "elements in out")
    out[:] = block.run(x, code)
