"""BLAS and LAPACK called from inside compiled code: ``call("potrf", (LOWER, n, A, n, info))``.

SciPy exports its BLAS and LAPACK as C functions (`scipy.linalg.cython_blas`, `cython_lapack`). Their addresses are
given to LLVM under names of our own. Compiled code refers to a routine by that name, so it can be cached on disk and
is linked anew in every process, wherever SciPy was loaded. A raw address, baked into the code, could not be cached.

The two modules are loaded by themselves: the package that they are in takes as long to import as half of Numba.

Everything is Fortran's: matrices by columns, arguments by pointer. A C-contiguous ``(m, n)`` array is, as it lies in
memory, the Fortran ``(n, m)`` matrix of its transpose; the callers say which of the two they mean.
"""

import ctypes
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import scipy
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# The routines that are used, without the s or d that names their precision.
_BLAS = ("gemm", "gemv", "syrk", "trmm")
_LAPACK = (
    *("gelsd", "gemqrt", "geqrf", "geqrt", "gesdd", "gesvd", "orgqr", "ormqr", "ormtr"),
    *("pocon", "potrf", "potri", "potrs", "sterf", "syevd", "sytrd", "tpqrt", "trtri", "trtrs"),
)

_name_of = ctypes.pythonapi.PyCapsule_GetName
_name_of.restype, _name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
_pointer_in = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_in.restype, _pointer_in.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def _exports(name: str) -> Mapping[str, Any]:
    """What the module of this name in `scipy.linalg` exports, without the import of the rest of that package."""
    full = f"scipy.linalg.{name}"
    spec = PathFinder.find_spec(full, [str(Path(folder) / "linalg") for folder in scipy.__path__])
    if full in sys.modules or spec is None or spec.loader is None:
        return importlib.import_module(full).__pyx_capi__
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Numba, when this is first imported, asks for SciPy's BLAS: it finds what is loaded, and not all of scipy.linalg.
    importlib.import_module("numba.np.arraymath")
    # The module has entered itself. Who imports it later gets it with its package, which then knows of it.
    sys.modules.pop(full, None)
    return module.__pyx_capi__


def _register() -> None:
    for name, routines in (("cython_blas", _BLAS), ("cython_lapack", _LAPACK)):
        exports = _exports(name)
        for routine in routines:
            for precision in "sd":
                capsule = exports[precision + routine]
                signature = _name_of(capsule)
                if b"int *" not in signature:
                    raise ImportError(f"SciPy's {precision}{routine} takes no 32-bit integers: {signature.decode()}")
                llvm.add_symbol(_symbol(precision + routine), _pointer_in(capsule, signature))


def _symbol(routine: str) -> str:
    return f"shrinkage_{routine}"


@intrinsic
def call(typingctx, routine, arguments):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """Call a routine from compiled code, in the precision of the first floating-point array among its arguments.

    An array is passed as the address of its first element; a one-letter string or a uint8 as a character; a float as a
    scalar of that precision; another integer as a 32-bit integer: all by reference, as Fortran wants them.
    """
    if not isinstance(routine, types.StringLiteral):
        return None  # Numba asks twice, the second time without the literal
    precision = next(a.dtype for a in arguments if isinstance(a, types.Array) and isinstance(a.dtype, types.Float))
    name = ("d" if precision == types.float64 else "s") + routine.literal_value
    if routine.literal_value not in _BLAS + _LAPACK:
        raise NameError(f"_lapack registers no routine {routine.literal_value!r}; add it to _BLAS or _LAPACK")

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        def by_reference(i: int, kind: Any) -> Any:
            value = builder.extract_value(values[1], i)
            if isinstance(kind, types.Array):
                return context.make_array(kind)(context, builder, value).data
            if isinstance(kind, types.StringLiteral):
                return cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(8), ord(kind.literal_value)))
            target = precision if isinstance(kind, types.Float) else kind if kind == types.uint8 else types.int32
            return cgutils.alloca_once_value(builder, context.cast(builder, value, kind, target))

        pointers = [builder.bitcast(by_reference(i, a), cgutils.voidptr_t) for i, a in enumerate(arguments)]
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t] * len(pointers))
        builder.call(cgutils.get_or_insert_function(builder.module, kind, _symbol(name)), pointers)
        return context.get_dummy_value()

    return types.void(routine, arguments), codegen


_register()
