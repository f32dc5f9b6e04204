# ---- Dense networks, as src/emlearn/eml_net.h
# ruff: noqa: F821

FAMILY = 7
_IDENTITY, _RELU, _SIGMOID, _TANH, _POWER, _SOFTMAX = range(6)


class Tables:
    def __init__(self, data, size):
        fail(size >= 40, "not a model file, or damaged")
        n, classes, n_outputs, output, kind, _, n_layers, width = unpack_from("<HHHBBIHH", data, 16)
        columns, rows, scales, n32, n16, n8 = unpack_from("<6I", data, 32)
        at, found = 56, []
        for code, item, count in (
            ("H", 2, n_layers),
            ("B", 1, n_layers),
            ("h", 2, columns),
            ("H", 2, scales),
            ("i", 4, rows),
            ("i", 4, n32),
            ("h", 2, n16),
            ("b", 1, n8),
        ):
            end = at + count * item
            fail(count < 1 << 25 and end <= 16 + size, "not a model file, or damaged")
            found.append(array(code, data[at:end]))
            at = end + 3 & ~3
        fail(at == 16 + size, "not a model file, or damaged")
        sizes, activations, shift, scale, bias = found[:5]
        good = n and n_layers and kind <= 2
        n_in = widest = n
        total = first = row = 0
        self.layers = []
        weights = found[5 + min(kind, 2)]
        for n_out, activation in zip(sizes, activations):
            start, end = total, total + n_in * n_out
            total = end
            fail(good and n_out and total <= len(weights) and row + n_out <= rows, "inconsistent model")
            last = len(self.layers) + 1 == n_layers
            good = activation <= (_SOFTMAX if last else _POWER)
            matrix = [weights[start + n_in * k : start + n_in * (k + 1)] for k in range(n_out)]
            own = scale[row : row + n_out] if kind else [1] * n_out
            layer = (shift[first : first + n_in + 1], matrix, own, bias[row : row + n_out], activation)
            self.layers.append(layer)
            first += n_in + 1
            row += n_out
            n_in = n_out
            widest = max(widest, n_out)
        good = good and (widest, first, row, total) == (width, columns, rows, n32 + n16 + n8)
        good = good and scales == (rows if kind else 0) and len(weights) == total
        if classes:
            good = good and output == 1 and n_outputs == classes
            binary = activation == _SIGMOID and classes == 2 and n_in == 1
            good = good and (binary or activation == _SOFTMAX and n_in == classes >= 2)
        else:
            good = good and output == 0 and n_outputs == n_in and activation != _SOFTMAX
        fail(good and -400 <= min(shift) and max(shift) <= 400, "inconsistent model")
        self.n_features, self.n_classes, self.n_outputs, self.kind = n, classes, n_outputs, kind

    def sums(self, x):
        """Sums of the last layer, their exponent and its activation."""
        for shift, matrix, scale, bias, activation in self.layers:
            n = length(len(x))
            bits = min(30, (32 - n, 15, 24 - n)[self.kind])
            scaled, exponent = _scale(shift, x, bits)
            one = scaled.pop()
            found = []
            for weights, s, b in zip(matrix, scale, bias):
                total = 0
                for w, value in zip(weights, scaled):
                    total += w * value
                found.append(total * s + b * one)
            if shift is not self.layers[-1][0]:
                x = [_activate(activation, _signed(s, exponent)) for s in found]
        return found, exponent, activation

    def classify(self, x):
        sums, _, _ = self.sums(x)
        return sums.index(max(sums)) if len(sums) > 1 else int(sums[0] > 0)

    def evaluate(self, x):
        sums, exponent, activation = self.sums(x)
        if activation == _SOFTMAX:
            best = max(sums)
            return normalise([exp(_signed(s - best, exponent)) for s in sums])
        values = [_signed(s, exponent) for s in sums]
        if self.n_classes:
            return [sigmoid(values[0] ^ SIGN), sigmoid(values[0])]
        return [_activate(activation, value) for value in values]


def _scale(shift, x, bits):
    """Integers of so many bits, with the 1 of the biases, and the exponent of their units."""
    values = []
    top = 127 + shift[-1]
    for number, s in zip(x + [0x3F800000], shift):
        mantissa, exponent = parts(number)
        level = exponent + 150 + s
        if mantissa and level > top:
            top = level
        values.append((mantissa << 6, level, number & SIGN))
    scaled = []
    for mantissa, level, negative in values:
        drop = 30 - bits + top - level
        if drop > 0:
            mantissa = mantissa + (1 << drop - 1) >> drop if drop < 32 else 0
        scaled.append(-mantissa if negative else mantissa)
    return scaled, top - 126 - bits


def _signed(n, exponent):
    """Bits of the float32 nearest to n * 2^exponent."""
    return nearest(-n, exponent) | SIGN if n < 0 else nearest(n, exponent)


def _activate(activation, x):
    if activation == _RELU:
        return 0 if x & SIGN else x
    if activation == _SIGMOID:
        return sigmoid(x)
    return tanh(x) if activation == _TANH else exp(x) if activation == _POWER else x


def tanh(x):
    magnitude = x & ~SIGN
    if magnitude > INFINITY:
        return NAN
    if magnitude < 0x3E800000:
        field = magnitude >> 23
        if field < 112:
            return x
        mantissa = magnitude & 0x7FFFFF | 0x800000
        z = mantissa * mantissa >> 268 - 2 * field
        p = 715825154 - ((286111954 - (110223904 * z >> 32)) * z >> 32)
        return nearest(mantissa * (2147483643 - (p * z >> 32)), field - 181) | x & SIGN
    q = 0x20000000 if magnitude >= 0x41800000 else _magnitude_q24(magnitude + 0x800000)
    mantissa, exponent = _exp_q24(-q)
    shift = -31 - exponent
    divisor = 0x80000000 + (mantissa >> shift) if shift else 0xFFFFFFFF
    return nearest((0x100000000 - divisor) * reciprocal(divisor), -62) | x & SIGN
