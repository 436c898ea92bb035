"""Bugs in vector calculus."""

from .bug import seeded

BUGS = [
    *seeded(
        "calculus",
        linear_form={
            "1% too large": ("return x @ c", "return 1.01 * (x @ c)"),
            "the last entry is left out": ("return x @ c", "return x[:-1] @ c[:-1]"),
            "only whole blocks of four are summed, once there is one": (
                "return x @ c",
                "n = len(x) // 4 * 4 or len(x)\n    return x[:n] @ c[:n]",
            ),
            "nothing past 64 entries is summed": ("return x @ c", "return x[:64] @ c[:64]"),
            "float32 is summed in half precision": (
                "return x @ c",
                'return x @ c if x.dtype == "f8" else (x.astype("f2") @ c.astype("f2")).astype("f4")',
            ),
        },
        linear_form_jacobian={
            "a column": ("c[None, :].copy()", "c[:, None].copy()"),
            "by c, not by x": ("c[None, :].copy()", "x[None, :].copy()"),
            "a view of c": ("c[None, :].copy()", "c[None, :]"),
        },
        squared_norm={
            "not squared": ("return x @ x", "return (x @ x) ** 0.5"),
            "by the sum": ("return x @ x", "return x.sum() ** 2"),
        },
        squared_norm_jacobian={
            "the 2 is missing": ("return 2 * _vector(x)", "return 1 * _vector(x)"),
            "in size only": ("return 2 * _vector(x)", "return 2 * abs(_vector(x))"),
        },
        matvec={
            "a square matrix is transposed": ("return A @ x", "return (A.T if len(A) == len(x) else A) @ x"),
            "float32 in, float64 out": ("return A @ x", "return A.astype(float) @ x"),
        },
        matvec_jacobian={
            "transposed": ("return A.copy()", "return A.T.copy()"),
            "the matrix itself": ("return A.copy()", "return A"),
        },
        quadratic_form={
            "the diagonal is left out": ("return x @ (A @ x)", "return x @ (A @ x) - x @ (A.diagonal() * x)"),
            "the size of x in one place": ("return x @ (A @ x)", "return x @ (A @ abs(x))"),
        },
        quadratic_form_jacobian={
            "as if the matrix were symmetric": ("(x @ A + A @ x)[None, :]", "(2 * (x @ A))[None, :]"),
            "as if it were symmetric, and transposed": ("(x @ A + A @ x)[None, :]", "(2 * (A @ x))[None, :]"),
            "without a row": ("(x @ A + A @ x)[None, :]", "x @ A + A @ x"),
        },
    ),
    *seeded(
        "_input",
        linear_form={
            "one float32 array is enough for a result in float32": (
                'np.float32 if kinds == {"f"} else np.float64',
                'np.float32 if "f" in kinds else np.float64',
            ),
        },
        squared_norm={
            "of a strided array, the memory under it is read as if it were contiguous": (
                'return [np.require(value, dtype, ["C", "A"]) for value in read]',
                "bases = [v if v.base is None or v.base.size < v.size else v.base.reshape(-1) for v in read]\n"
                "    return [np.array(b.flat[: v.size], dtype).reshape(v.shape)"
                " for v, b in zip(read, bases, strict=True)]",
            ),
        },
        matvec={
            "no entry but the first is looked at for a NaN": (
                "not np.isfinite(value).all()",
                "not np.isfinite(value.flat[:1]).all()",
            ),
        },
    ),
]
