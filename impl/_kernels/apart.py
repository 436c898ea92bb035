"""One compiled function called by another through its address, so that it is compiled once, and not into each caller.

Numba links whatever a function calls into it, optimises all of that anew, and generates it anew. For a kernel that many
functions call that is most of what it takes to compile them. What is called apart is found when it is first needed: the
caller has a cell for its address, and where that is still empty, asks Python by the function's name and the types of
its arguments. So callers can be kept on disk, whatever the address is in another process. A call takes a nanosecond
more, and nothing of it is done at compile time: no loop over its results can be vectorised.
"""

import copy
import ctypes
import gc
import importlib
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, imputils

_SYMBOL = "shrinkage_address"
_CTRL_C = 1  # in place of an address


def without_collections(dispatcher: Any) -> Any:
    """The same function, compiled without a look for garbage: that is a sixth of the time, and finds next to none."""
    own = dispatcher.compile

    def compile(types: Any) -> Any:
        if not gc.isenabled():
            return own(types)
        gc.disable()
        try:
            return own(types)
        finally:
            gc.enable()

    dispatcher.compile = compile
    return dispatcher


def apart(dispatcher: Any) -> Any:
    """The same compiled function, of which whoever calls it from compiled code takes the address alone."""
    own, done = dispatcher.get_call_template, set[Any]()

    def get_call_template(args: tuple[Any, ...], kws: Mapping[str, Any]) -> Any:
        found = own(tuple(map(types.unliteral, args)), {name: types.unliteral(kind) for name, kind in kws.items()})
        for of_args, compiled in dispatcher.overloads.items():
            if of_args not in done:
                done.add(of_args)
                target = compiled.target_context
                target.remove_user_function(compiled.entry_point)
                implementation = _by_address(dispatcher.py_func, compiled)
                target.insert_func_defn([(implementation, compiled.entry_point, implementation.signature)])
        return found

    dispatcher.get_call_template = get_call_template
    return dispatcher


def _by_address(function: Callable[..., Any], compiled: Any) -> Any:
    """What Numba puts where the function is called."""
    stand_in = copy.copy(compiled.fndesc)
    stand_in.mangled_name += ".apart"
    of_user = imputils.user_function(stand_in, ())
    key = pickle.dumps((function.__module__, function.__qualname__, compiled.signature.args))

    def implementation(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        declared = context.declare_function(builder.module, stand_in)
        if declared.is_declaration:
            declared.linkage = "internal"
            _define(context, declared, key)
        return of_user(context, builder, signature, values)

    implementation.signature = of_user.signature  # type: ignore[attr-defined]
    return implementation


def _define(context: Any, stand_in: Any, key: bytes) -> None:
    """Look into the cell, ask for the address if it is empty, and call what is there."""
    module, pointer, int64 = stand_in.module, ir.IntType(8).as_pointer(), ir.IntType(64)
    cell = cgutils.add_global_variable(module, pointer, f"{stand_in.name}.cell")
    cell.linkage, cell.initializer = "internal", ir.Constant(pointer, None)
    builder = ir.IRBuilder(stand_in.append_basic_block())
    address = cgutils.alloca_once_value(builder, builder.load_atomic(cell, "monotonic", 8))
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, builder.load(address))):
        ask = cgutils.get_or_insert_function(module, ir.FunctionType(ir.VoidType(), [pointer, int64, pointer]), _SYMBOL)
        text = cgutils.global_constant(module, f"{stand_in.name}.key", cgutils.make_bytearray(key))
        builder.call(ask, [builder.bitcast(text, pointer), int64(len(key)), builder.bitcast(address, pointer)])
        found = builder.load(address)
        with cgutils.if_unlikely(builder, cgutils.is_null(builder, found)):
            context.call_conv.return_user_exc(builder, RuntimeError, ("could not load what was compiled",))
        with cgutils.if_unlikely(builder, builder.icmp_unsigned("==", builder.ptrtoint(found, int64), int64(_CTRL_C))):
            context.call_conv.return_user_exc(builder, KeyboardInterrupt, ())
        builder.store_atomic(found, cell, "monotonic", 8)
    callee = builder.bitcast(builder.load(address), stand_in.type)
    builder.ret(builder.call(callee, stand_in.args))


def _address(key: int, size: int, where: int) -> None:
    """Write the address of the compiled function for these types, which is loaded or compiled where it has not been.

    Nothing is written where that fails: whoever asked has a null there. An exception has no way through the compiled
    code that has called this, and what ctypes returns in its place is what was left on the stack.
    """
    try:
        module, name, args = pickle.loads(ctypes.string_at(key, size))
        dispatcher = getattr(importlib.import_module(module), name)
        if args not in dispatcher.overloads:
            dispatcher.compile(args)
        compiled = dispatcher.overloads[args]
        found = int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))
    except KeyboardInterrupt:
        found = _CTRL_C
    ctypes.c_int64.from_address(where).value = found


_callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(_address)  # kept, as code has it
llvm.add_symbol(_SYMBOL, ctypes.cast(_callback, ctypes.c_void_p).value)
