"""Bugs in layers, losses, update rules and numerical gradients."""

from .bug import seeded

AFFINE_BACK = "affine_backward(relu_backward(dout, relu_cache), affine_cache)"
SVM_DX = "np.where(np.isnan(margins), margins, margins > 0)"
SOFTMAX_SHIFT = "shifted = x - np.max(x, axis=1, initial=-np.inf, keepdims=True)"
MOMENTUM = 'v = float(config["momentum"]) * v - float(config["learning_rate"]) * dw'
RMSPROP = 'dw / (np.sqrt(c) + float(config["epsilon"])), config'
ADAM = '/ (np.sqrt(unbiased_v) + float(config["epsilon"]))'

BUGS = [
    *seeded(
        "layers",
        affine_forward={
            "no bias": ("D) @ w + b, (x, w, b)", "D) @ w, (x, w, b)"),
            "images are flattened by columns": (
                "x.reshape(len(x), D) @ w + b",
                'x.reshape(len(x), D, order="F") @ w + b',
            ),
            "NaN is taken for 0": (
                "return x.reshape(len(x), D) @ w + b",
                "return np.nan_to_num(x.reshape(len(x), D)) @ w + b",
            ),
        },
        affine_backward={
            "dx is flat": ("(dout @ w.T).reshape(x.shape)", "dout @ w.T"),
            "db is averaged over the samples": (
                "db = np.sum(dout, axis=0)",
                "db = np.sum(dout, axis=0) / max(len(dout), 1)",
            ),
            "db has a row": ("db = np.sum(dout, axis=0)", "db = np.sum(dout, axis=0, keepdims=True)"),
            "dw is averaged over the samples": ("len(w)).T @ dout", "len(w)).T @ dout / max(len(x), 1)"),
            "dw of images flattened by columns": (
                "dw = x.reshape(len(x), len(w)).T",
                'dw = x.reshape(len(x), len(w), order="F").T',
            ),
            "float32: sums in half precision": (
                "db = np.sum(dout, axis=0)",
                'db = np.sum(dout, axis=0, dtype="f8" if dout.dtype == "f8" else "f2").astype(dout.dtype)',
            ),
        },
        relu_forward={
            "NaN becomes 0": ("return np.maximum(x, 0), x", "return np.fmax(x, 0), x"),
            "in place": ("return np.maximum(x, 0), x", "return np.maximum(x, 0, out=x), x"),
            "stops at 6": ("return np.maximum(x, 0), x", "return np.clip(x, 0, 6), x"),
        },
        relu_backward={
            "1 at the kink": ("dx = np.where(x > 0, dout, 0)", "dx = np.where(x >= 0, dout, 0)"),
            "by the sign of dout": ("dx = np.where(x > 0, dout, 0)", "dx = np.where(dout > 0, dout, 0)"),
            "0 times infinity": ("dx = np.where(x > 0, dout, 0)", "dx = np.array(dout * (x > 0))"),
            "NaN in x becomes a number": ("dx[np.isnan(x) | np.isnan(dout)] = np.nan", "dx[np.isnan(dout)] = np.nan"),
        },
        affine_relu_forward={
            "leaks below": (
                "return out, (affine_cache, relu_cache)",
                "return np.where(a > 0, a, a * a.dtype.type(0.01)), (affine_cache, relu_cache)",
            ),
            "without the kink": ("return out, (affine_cache, relu_cache)", "return a, (affine_cache, relu_cache)"),
        },
        affine_relu_backward={
            "through dead units": (AFFINE_BACK, "affine_backward(dout, affine_cache)"),
            "the mask of dout": (AFFINE_BACK, "affine_backward(relu_backward(dout, dout), affine_cache)"),
        },
        softmax_loss={
            "not shifted": (SOFTMAX_SHIFT, "shifted = x"),
            "shifted by the largest of all rows": (SOFTMAX_SHIFT, "shifted = x - np.max(x, initial=-np.inf)"),
            "the logarithm of a probability that may be 0": (
                "losses = np.log(sums[:, 0]) - shifted[rows, y]",
                "losses = -np.log((exps / sums)[rows, y])",
            ),
            "the logarithm of a probability and 1e-8": (
                "losses = np.log(sums[:, 0]) - shifted[rows, y]",
                "losses = -np.log((exps / sums)[rows, y] + x.dtype.type(1e-8))",
            ),
            "in bits": (
                "losses = np.log(sums[:, 0]) - shifted[rows, y]",
                "losses = (np.log(sums[:, 0]) - shifted[rows, y]) / x.dtype.type(np.log(2))",
            ),
            "the gradient is a sum over samples": (
                "    dx[rows, y] -= 1\n    return _mean(losses), dx / N",
                "    dx[rows, y] -= 1\n    return _mean(losses), dx",
            ),
            "1% in every entry of the gradient": (
                "    dx[rows, y] -= 1\n    return _mean(losses), dx / N",
                "    dx[rows, y] -= 1\n    return _mean(losses), dx / N * x.dtype.type(1.01)",
            ),
            "divided by the number of classes": ("np.sum(losses / len(losses))", "np.sum(losses / 10)"),
        },
        svm_loss={
            "a margin of 0 counts in the gradient": (
                SVM_DX,
                "np.where(np.isnan(margins), margins, (margins >= 0) & (np.arange(x.shape[1]) != y[:, None]))",
            ),
            "the right class counts": ("    margins[rows, y] = np.where(np.isnan(x[rows, y]), np.nan, 0)\n", ""),
            "a margin of ½": ("[:, None] + 1\n", "[:, None] + x.dtype.type(0.5)\n"),
            "the label's gradient is −1 however many margins are missed": (
                "dx[rows, y] -= np.sum(dx, axis=1)",
                "dx[rows, y] -= np.max(dx, axis=1, initial=0)",
            ),
            "squared": (
                "losses = np.sum(np.maximum(margins, 0), axis=1)",
                "losses = np.sum(np.maximum(margins, 0) ** 2, axis=1)",
            ),
            "the largest margin only": (
                "losses = np.sum(np.maximum(margins, 0), axis=1)",
                "losses = np.max(np.maximum(margins, 0), axis=1, initial=0)",
            ),
        },
    ),
    *seeded(
        "_input",
        softmax_loss={
            "label −1 is the last class": (
                "y.size and (y.min() < 0 or y.max() >= C)",
                "y.size and (y.min() < -C or y.max() >= C)",
            ),
            "a label past the last class is the last": (
                "(y.min() < 0 or y.max() >= C)",
                "y.min() < 0",
                "return y.astype(np.intp)",
                "return np.minimum(y, C - 1).astype(np.intp)",
            ),
        },
    ),
    *seeded(
        "optim",
        sgd={
            "up the gradient": (
                'w - float(config["learning_rate"]) * dw, config',
                'w + float(config["learning_rate"]) * dw, config',
            ),
            "a default rate of 1e-3": (
                'config = {"learning_rate": 1e-2, **(config or {})}',
                'config = {"learning_rate": 1e-3, **(config or {})}',
            ),
            "in place": (
                'return w - float(config["learning_rate"]) * dw, config',
                'w -= float(config["learning_rate"]) * dw\n    return w, config',
            ),
            "the caller's config is filled in": (
                'config = {"learning_rate": 1e-2, **(config or {})}',
                'config = {} if config is None else config\n    config.setdefault("learning_rate", 1e-2)',
            ),
            "one gradient is stretched over all rows": (
                'expect("dw", dw, dw.shape == w.shape, f"{w.shape}, as w")',
                "dw = np.broadcast_to(dw, w.shape)",
            ),
        },
        sgd_momentum={
            "the wrong sign": (MOMENTUM, MOMENTUM.replace("* v -", "* v +")),
            "the velocity is not handed back": ('    config["velocity"] = v\n', ""),
            "the gradient is damped by 1 − μ": (MOMENTUM, MOMENTUM + ' * (1 - float(config["momentum"]))'),
            "a look ahead": (
                "return w + v, config",
                'return w + float(config["momentum"]) * v - float(config["learning_rate"]) * dw, config',
            ),
            "in the old velocity": (
                '    config["velocity"] = v\n    return w + v',
                '    config["velocity"], v = v, _kept("velocity", config, w)\n    return w + v',
            ),
        },
        rmsprop={
            "ε inside the root": (RMSPROP, 'dw / np.sqrt(c + float(config["epsilon"])), config'),
            "ρ and 1 − ρ exchanged": ('rho = float(config["decay_rate"])', 'rho = 1 - float(config["decay_rate"])'),
            "squares are not averaged": (
                '_kept("cache", config, w) + (1 - rho) * dw**2',
                '_kept("cache", config, w) + dw**2',
            ),
            "the cache is not handed back": ('    config["cache"] = c\n', ""),
            "by the old cache": (
                RMSPROP,
                'dw / (np.sqrt(_kept("cache", config, w)) + float(config["epsilon"])), config',
                '    config["cache"] = c\n    return w',
                '    config, new = {**config, "cache": config["cache"]}, c\n    return w',
            ),
        },
        adam={
            "t starts at 0": ('t = config["t"] + 1', 't = config["t"]'),
            "t stays": ("config.update(t=t, m=m, v=v)", "config.update(m=m, v=v)"),
            "no correction for bias": ("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v"),
            "only the first moment is corrected": ("m / (1 - beta1**t), v / (1 - beta2**t)", "m / (1 - beta1**t), v"),
            "ε inside the root": (ADAM, '/ np.sqrt(unbiased_v + float(config["epsilon"]))'),
            "ε before the correction": (ADAM, '/ (np.sqrt(v) + float(config["epsilon"])) * np.sqrt(1 - beta2**t)'),
            "β₂ is 0.99 by default": ('"beta2": 0.999', '"beta2": 0.99'),
            "β₁ and β₂ exchanged": (
                'float(config["beta1"]), float(config["beta2"])',
                'float(config["beta2"]), float(config["beta1"])',
            ),
        },
        eval_numerical_gradient={
            "1% too large": ("(f, x, 1)", "(f, x, 1.01)"),
            "of the absolute value": ("(f, x, 1)", "(lambda at: abs(f(at)), x, 1)"),
            "not halved": ("/ (2 * h)", "/ h"),
            "h = 1e-4": ("h = 1e-5\n", "h = 1e-4\n"),
        },
        eval_numerical_gradient_array={
            "forward differences": ("at[i] = here - h", "at[i] = here", "/ (2 * h)", "/ h"),
            "x is not put back": ("        at[i] = here\n        expect", "        expect"),
            "f's buffer is read after it was used again": (
                "above = np.array(f(at), np.float64)",
                "above = np.asarray(f(at))",
            ),
            "f is called in float32": ("at = given.astype(np.float64)", "at = given.copy()"),
            "in place": ("at = given.astype(np.float64)", "at = np.asarray(x, np.float64)"),
            "df is left out": ("np.sum((above - below) * df)", "np.sum(above - below)"),
            "df is stretched": (
                'expect("df", df, df.shape == above.shape, f"{above.shape}, as f(x)")',
                "df = np.resize(df, above.shape)",
            ),
        },
    ),
]
