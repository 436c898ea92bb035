"""Bugs in the ReLU unit, the network with one hidden layer, and their steps."""

from .bug import seeded

STEP = "return W1 - lr * dW1, b - lr * db, W2 - lr * dW2"
EPOCH = "        for i in range(len(x)):\n            W1, b, W2 = _step(x[i], y[i], W1, b, W2, lr)\n"

BUGS = [
    *seeded(
        "relu",
        relu_unit={
            "the size": ("return np.maximum(w * x + b, 0)", "return np.abs(w * x + b)"),
            "b after the kink": ("return np.maximum(w * x + b, 0)", "return np.maximum(w * x, 0) + b"),
            "leaks below": (
                "return np.maximum(w * x + b, 0)",
                "return np.maximum(w * x + b, x.dtype.type(0.01) * (w * x + b))",
            ),
        },
        elbow={
            "the wrong sign": ("w.dtype.type(np.nan), -b / w)", "w.dtype.type(np.nan), b / w)"),
            "upside down": ("w.dtype.type(np.nan), -b / w)", "w.dtype.type(np.nan), -w / b)"),
            "infinite where w = 0": ("np.where(w == 0, w.dtype.type(np.nan), -b / w)", "-b / w"),
        },
        relu_unit_loss={
            "not halved": ("+ b, 0) - y) ** 2 / 2", "+ b, 0) - y) ** 2"),
            "y is outside the square": (
                "(np.maximum(w * x + b, 0) - y) ** 2 / 2",
                "np.maximum(w * x + b, 0) ** 2 / 2 - y",
            ),
            "0 where the unit is off": (
                "(np.maximum(w * x + b, 0) - y) ** 2 / 2",
                "np.maximum(w * x + b - y, -y * (w * x + b > 0)) ** 2 / 2 * (w * x + b > 0)",
            ),
        },
        relu_unit_gradients={
            "1 at the kink": ("if w * x + b > 0:", "if w * x + b >= 0:"),
            "through a dead unit": ("if w * x + b > 0:", "if True:"),
            "no dl/dφ where the unit is off": (
                "return dphi, x.dtype.type(0), x.dtype.type(0)",
                "return x.dtype.type(0), x.dtype.type(0), x.dtype.type(0)",
            ),
            "dl/dw without x": ("return dphi, dphi * x, dphi", "return dphi, dphi, dphi"),
            "1% in dl/db": ("return dphi, dphi * x, dphi", "return dphi, dphi * x, 1.01 * dphi"),
        },
        relu_unit_step={
            "up the gradient": ("return w - lr * dw, b - lr * db", "return w + lr * dw, b + lr * db"),
            "b from the gradient at the new w": (
                "return w - lr * dw, b - lr * db",
                "w = w - lr * dw\n    return w, b - lr * relu_unit_gradients(x, y, w, b)[2]",
            ),
            "a dead unit is decayed": (
                "return w - lr * dw, b - lr * db",
                "return (w - lr * dw) * (1 if w * x + b > 0 else 0.999), b - lr * db",
            ),
            "a negative rate is clipped": (
                "return w - lr * dw, b - lr * db",
                "return w - max(lr, 0) * dw, b - max(lr, 0) * db",
            ),
        },
        relu_network={
            "a ReLU too many": ("return hidden @ W2[0]", "return np.maximum(hidden @ W2[0], 0)"),
            "without the kink": (
                "hidden = np.maximum(W1[:, 0] * x[..., None] + b, 0)",
                "hidden = W1[:, 0] * x[..., None] + b",
            ),
            "in the shape (N, 1)": ("return hidden @ W2[0]", "return hidden @ W2.T"),
            "the mean of the units": ("return hidden @ W2[0]", "return hidden @ W2[0] / W2.dtype.type(max(len(b), 1))"),
            "float32 in half precision": (
                "return hidden @ W2[0]",
                'return hidden @ W2[0] if x.dtype == "f8" else (hidden.astype("f2") @ W2[0].astype("f2")).astype("f4")',
            ),
        },
        relu_network_loss={
            "not halved": (
                "return (relu_network(x, W1, b, W2) - y) ** 2 / 2",
                "return (relu_network(x, W1, b, W2) - y) ** 2",
            ),
            "of f + y": ("return (relu_network(x, W1, b, W2) - y)", "return (relu_network(x, W1, b, W2) + y)"),
        },
        relu_network_gradients={
            "1 at the kink": ("dhidden = np.where(before > 0,", "dhidden = np.where(before >= 0,"),
            "W2 is left out on the way back": ("df * W2[0], 0)", "df, 0)"),
            "through dead units": ("dhidden = np.where(before > 0, df * W2[0], 0)", "dhidden = df * W2[0]"),
            "dead units move W2": ("(df * hidden)[None, :]", "(df * before)[None, :]"),
            "dW1 without x": ("np.where(before > 0, dhidden * x, 0)", "np.where(before > 0, dhidden, 0)"),
            "dW1 flat": ("return dW1[:, None], dhidden,", "return dW1, dhidden,"),
            "1% in every entry of db": (
                "return dW1[:, None], dhidden,",
                "return dW1[:, None], dhidden * dhidden.dtype.type(1.01),",
            ),
            "averaged over the units": (
                "df = W2[0] @ hidden - y",
                "df = (W2[0] @ hidden - y) / W2.dtype.type(max(len(b), 1))",
            ),
        },
        relu_network_step={
            "the first layer from the gradients at the new W2": (
                STEP,
                "W2 = W2 - lr * dW2\n"
                "    dW1, db, _ = _gradients(x, y, W1, b, W2)\n    return W1 - lr * dW1, b - lr * db, W2",
            ),
            "b from the gradients at the new W1": (
                STEP,
                "W1 = W1 - lr * dW1\n"
                "    _, db, _ = _gradients(x, y, W1, b, W2)\n    return W1, b - lr * db, W2 - lr * dW2",
            ),
            "in place": (STEP, "W1 -= lr * dW1\n    b -= lr * db\n    W2 -= lr * dW2\n    return W1, b, W2"),
            "b stays": (STEP, "return W1 - lr * dW1, b.copy(), W2 - lr * dW2"),
            "up the gradient in W2": (STEP, "return W1 - lr * dW1, b - lr * db, W2 + lr * dW2"),
        },
        elbows_after_step={
            "with the old W1": (
                "    W1, b, _ = relu_network_step(",
                "    _, b, _ = relu_network_step(",
                "    return _elbow(W1[:, 0], b)\n\n\n@quiet\ndef relu_network_sgd",
                "    return _elbow(np.asarray(W1)[:, 0], b)\n\n\n@quiet\ndef relu_network_sgd",
            ),
            "with the old b": (
                "    W1, b, _ = relu_network_step(",
                "    b, W1 = np.asarray(b), relu_network_step(",
                "W1, b, W2, lr)\n    return _elbow(W1[:, 0], b)",
                "W1, b, W2, lr)[0]\n    return _elbow(W1[:, 0], b)",
            ),
            "before the step": (
                "    W1, b, _ = relu_network_step(x, y, W1, b, W2, lr)\n",
                "    x, y, W1, b, W2 = _sample(x, y, W1, b, W2)\n",
            ),
        },
        relu_network_sgd={
            "from the last sample to the first": ("for i in range(len(x)):", "for i in reversed(range(len(x))):"),
            "an epoch too few": ("for _ in range(epochs):", "for _ in range(epochs - 1):"),
            "nothing after the third epoch": (
                EPOCH,
                EPOCH.replace("range(len(x))", "range(len(x) * (len(elbows) <= 3))"),
            ),
            "no row before the first step": ("elbows = [_elbow(W1[:, 0], b)]\n", "elbows = []\n"),
            "elbows before the epoch, not after it": (
                EPOCH + "        elbows.append(_elbow(W1[:, 0], b))",
                "        elbows.append(_elbow(W1[:, 0], b))\n" + EPOCH.rstrip(),
            ),
            "the last sample is left out": ("for i in range(len(x)):", "for i in range(len(x) - 1):"),
            "all samples at once": (
                EPOCH,
                "        old = W1, b, W2\n"
                "        for i in range(len(x)):\n"
                "            new = _step(x[i], y[i], *old, lr)\n"
                "            W1, b, W2 = (p + q - o for p, q, o in zip((W1, b, W2), new, old, strict=True))\n",
            ),
            "the rate halves after every epoch": (EPOCH, EPOCH + "        lr /= 2\n"),
        },
    ),
    *seeded(
        "_input",
        relu_unit={
            "a number makes float64 of a float32 array": ("for value in read if value.ndim}", "for value in read}"),
        },
    ),
]
