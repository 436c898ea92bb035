"""Chapter 5, update rules and numerical gradients: the right formulas, and the mistaken ones."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.mistakes.answers import Anything, Exact, Formula, Missing, Mistake, Near, Same, given
from shrinkage.properties.engine.oracles_networks import DEFAULTS, STATE, Rule
from shrinkage.properties.engine.running_error import Carried

Array = np.ndarray
Config = Mapping[str, Any]
Step = Callable[["Now"], Any]  # (w, state)


class Now(Rule):
    """A rule in the middle of its steps: what comes in, and the state that config holds."""

    def __init__(self, name: str, w: Array, dw: Array, config: Config | None) -> None:
        self.w, self.dw = given(w, dw)
        super().__init__(name, self.w, dict(config or {}))
        for key in self.state:
            held = np.broadcast_to(np.asarray(self.config.get(key, 0.0), self.w.dtype), self.w.shape)
            self.state[key] = self.w.like(held)
        self.t = int(self.config.get("t", 0))
        self.lr = self.w.constant(self["learning_rate"])

    def __getattr__(self, key: str) -> Carried:
        try:
            return self.state[key]
        except KeyError:
            raise AttributeError(key) from None

    def mean(self, key: str, decay: str, new: Carried) -> Carried:
        """ρ times the old, 1 − ρ times the new."""
        return self._running(key, decay, new)

    def unbiased(self, value: Carried, decay: str, t: int) -> Carried:
        """Divided by 1 − βᵗ."""
        self.t = t
        return value / self._unbiased(decay, self.w)

    def answer(self) -> Any:
        """What is right: the next w, and the state behind it."""
        w = self.step(self.w, self.dw)
        return w, dict(self.state) | ({"t": self.w.like(float(self.t))} if self.name == "adam" else {})


def rule(name: str, step: Step) -> Formula:
    """A formula of w, dw and config, from one of what is at hand."""
    return lambda w, dw, config=None: step(Now(name, w, dw, config))


RIGHT: dict[str, Formula] = {name: rule(name, Now.answer) for name in DEFAULTS}


# ---- mistaken rules --------------------------------------------------------------------------------------------------


def _another_default(name: str, key: str, value: float) -> Formula:
    def formula(w: Array, dw: Array, config: Config | None = None) -> Any:
        if key in (config or {}):
            raise ValueError("it was said")
        return RIGHT[name](w, dw, {**(config or {}), key: value})

    return formula


def _defaults(name: str) -> list[Formula]:
    others = {
        "learning_rate": (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        "momentum": (0.0, 0.5, 0.99),
        "decay_rate": (0.9, 0.95, 0.999),
        "beta1": (0.0, 0.5, 0.99, 0.999),
        "beta2": (0.9, 0.99, 0.9999),
        "epsilon": (1e-10, 1e-7, 1e-6, 1e-5),
    }
    return [
        _another_default(name, key, value)
        for key, right in DEFAULTS[name].items()
        for value in others[key]
        if value != right
    ]


def _changed(name: str, change: Callable[[Any, Any], Any]) -> Formula:
    """The right answer made into something else: w and its state."""
    return rule(name, lambda now: change(now, now.answer()))


def _kept(name: str) -> list[Formula]:
    """The state that is handed back is as it was: in the shape of w, the number that it began with, or none."""

    def formula(handed: Callable[[Carried], Any]) -> Formula:
        def step(now: Now) -> Any:
            before = {key: handed(value) for key, value in now.state.items()}
            w, state = now.answer()
            return w, {**state, **before}

        return rule(name, step)

    return [formula(handed) for handed in (lambda v: v, lambda v: Same(float(v.values.flat[0])), lambda v: Missing())]


def _t_kept(now: Now) -> Any:
    t = now.t
    w, state = now.answer()
    return w, {**state, "t": w.like(float(t))}


def _momentum(v: Callable[[Now], Carried], w: Callable[[Now, Carried], Carried], kept: bool = True) -> Formula:
    def step(now: Now) -> Any:
        new = v(now)
        return w(now, new), {"velocity": new if kept else Anything()}

    return rule("sgd_momentum", step)


def _rmsprop(
    cache: Callable[[Now], Carried] = lambda now: now.mean("cache", "decay_rate", now.dw * now.dw),
    root: Callable[[Carried, float], Carried] = lambda cache, eps: cache.sqrt() + eps,
    old: bool = False,
) -> Formula:
    def step(now: Now) -> Any:
        new = cache(now)
        by = root(now.cache if old else new, now["epsilon"])
        return now.w - now.lr * now.dw / by, {"cache": Anything() if old else new}

    return rule("rmsprop", step)


def _exchanged_decay(now: Now) -> Carried:
    rho = now["decay_rate"]
    return now.cache * (1 - rho) + now.dw * now.dw * rho


def _adam(
    step: Callable[[Now, Carried, Carried, int], Carried], to: Callable[[int], int] = lambda t: t + 1, back: int = 1
) -> Formula:
    """A step from the two moments, uncorrected, and t; t as it is used, and as it is handed back."""

    def moved(now: Now) -> Any:
        t = now.t
        m, v = now.mean("m", "beta1", now.dw), now.mean("v", "beta2", now.dw * now.dw)
        w = now.w - now.lr * step(now, m, v, to(t))
        return w, {"m": m, "v": v} | ({"t": w.like(float(t + back))} if back else {})

    return rule("adam", moved)


def _corrected(now: Now, m: Carried, v: Carried, t: int) -> Carried:
    return now.unbiased(m, "beta1", t) / (now.unbiased(v, "beta2", t).sqrt() + now["epsilon"])


def _exchanged_betas(w: Array, dw: Array, config: Config | None = None) -> Any:
    betas = {key: (config or {}).get(key, DEFAULTS["adam"][key]) for key in ("beta1", "beta2")}
    return RIGHT["adam"](w, dw, {**(config or {}), "beta1": betas["beta2"], "beta2": betas["beta1"]})


def _from_zero(w: Array, dw: Array, config: Config | None = None) -> Any:
    """The first correction, by 1 − β⁰ = 0, is 0/0."""
    if int((config or {}).get("t", 0)):
        formula: Any = _adam(_corrected, to=lambda t: t, back=0)
        return formula(w, dw, config)
    right = RIGHT["adam"](w, dw, config)[0]
    floats = np.array([float(v) for v in right.values.flat]).reshape(right.shape)
    with np.errstate(all="ignore"):
        step = np.where(dw == 0, np.nan, np.sign(dw) * np.inf)
        return Near([np.full(w.shape, np.nan), np.asarray(w - step, float)], floats), {}


# ---- numerical gradients ---------------------------------------------------------------------------------------------


def _differences(
    h: float = 1e-5, ahead: float = 1, behind: float = -1, over: float = 2, weighted: bool = True
) -> Formula:
    """(f(x + h) − f(x − h)) / 2h in floating point, or with other steps."""

    def formula(f: Any, x: Array, df: Any = 1.0) -> Exact:
        at, grad, allowed = x.astype(float), np.empty(x.shape), np.empty(x.shape)
        weights = df if weighted else np.ones(np.shape(df))
        for i in np.ndindex(x.shape):
            here = at[i]
            at[i] = here + ahead * h
            above = np.array(f(at), float)
            at[i] = here + behind * h
            below = np.array(f(at), float)
            at[i] = here
            grad[i] = np.sum((above - below) * weights) / (over * h)
            # f is right to a few roundings of its own size, and of that of x times its slope.
            size = np.sum((abs(above) + abs(below)) * abs(weights))
            allowed[i] = 2.0**-48 * (size / h + abs(grad[i]) * (1 + abs(here) / h))
        return Exact(grad, Bound(allowed, "rounding in f over h, and in x ± h"))

    return formula


GRADIENTS = ("eval_numerical_gradient", "eval_numerical_gradient_array")


def _of_both(*formulas: Formula) -> dict[str, tuple[Formula, ...]]:
    return dict.fromkeys(GRADIENTS, formulas)


WRONG = [
    Mistake(
        "up the gradient",
        "adding lr times the gradient where it is to be subtracted",
        {
            "sgd": rule("sgd", lambda now: (now.w + now.lr * now.dw, {})),
            "sgd_momentum": _momentum(
                lambda now: now.velocity * now["momentum"] + now.lr * now.dw, lambda now, v: now.w + v
            ),
        },
    ),
    Mistake(
        "no learning rate", "leaving out the learning rate", {"sgd": rule("sgd", lambda now: (now.w - now.dw, {}))}
    ),
    Mistake("another default", "having another default for a setting", {name: _defaults(name) for name in DEFAULTS}),
    Mistake(
        "v of the other sign",
        "keeping the velocity with the other sign: v ← μv + lr·dw or v ← μv + dw, and w − v or w − lr·v",
        {
            "sgd_momentum": [
                _momentum(lambda now: now.velocity * now["momentum"] + now.lr * now.dw, lambda now, v: now.w - v),
                _momentum(lambda now: now.velocity * now["momentum"] + now.dw, lambda now, v: now.w - now.lr * v),
            ]
        },
    ),
    Mistake(
        "the gradient damped by 1 − μ",
        "averaging: v ← μv − (1 − μ) lr·dw",
        {
            "sgd_momentum": _momentum(
                lambda now: now.velocity * now["momentum"] - now.lr * now.dw * (1 - now["momentum"]),
                lambda now, v: now.w + v,
            )
        },
    ),
    Mistake(
        "Nesterov's momentum",
        "looking ahead: w + μv − lr·dw with the new v",
        {
            "sgd_momentum": _momentum(
                lambda now: now.velocity * now["momentum"] - now.lr * now.dw,
                lambda now, v: now.w + v * now["momentum"] - now.lr * now.dw,
            )
        },
    ),
    Mistake(
        "by the old state",
        "moving w by the state that was, not by the new one",
        {
            "sgd_momentum": _momentum(
                lambda now: now.velocity * now["momentum"] - now.lr * now.dw,
                lambda now, v: now.w + now.velocity,
                kept=False,
            ),
            "rmsprop": _rmsprop(old=True),
        },
    ),
    Mistake(
        "state not kept",
        "not handing the new state back in config, so that every step is a first one",
        {name: _kept(name) for name in STATE if STATE[name]},
    ),
    Mistake(
        "ε inside the root",
        "adding ε under the root: √(c + ε) for √c + ε",
        {
            "rmsprop": _rmsprop(root=lambda cache, eps: (cache + eps).sqrt()),
            "adam": _adam(
                lambda now, m, v, t: now.unbiased(m, "beta1", t) / (now.unbiased(v, "beta2", t) + now["epsilon"]).sqrt()
            ),
        },
    ),
    Mistake(
        "no ε",
        "leaving out ε",
        {
            "rmsprop": _rmsprop(root=lambda cache, eps: cache.sqrt()),
            "adam": _adam(lambda now, m, v, t: now.unbiased(m, "beta1", t) / now.unbiased(v, "beta2", t).sqrt()),
        },
    ),
    Mistake(
        "no root",
        "dividing by the mean of squares, not by its root",
        {"rmsprop": _rmsprop(root=lambda c, eps: c + eps)},
    ),
    Mistake(
        "decay rates exchanged",
        "exchanging ρ and 1 − ρ, or β₁ and β₂",
        {"rmsprop": _rmsprop(_exchanged_decay), "adam": _exchanged_betas},
    ),
    Mistake(
        "squares not averaged",
        "adding up squares (AdaGrad), where their mean is to be kept",
        {
            "rmsprop": [
                _rmsprop(lambda now: now.cache * now["decay_rate"] + now.dw * now.dw),
                _rmsprop(lambda now: now.cache + now.dw * now.dw),
            ]
        },
    ),
    Mistake(
        "no bias correction",
        "leaving out Adam's correction for bias, of both moments or of one",
        {
            "adam": [
                _adam(lambda now, m, v, t: m / (v.sqrt() + now["epsilon"])),
                _adam(lambda now, m, v, t: now.unbiased(m, "beta1", t) / (v.sqrt() + now["epsilon"])),
                _adam(lambda now, m, v, t: m / (now.unbiased(v, "beta2", t).sqrt() + now["epsilon"])),
            ]
        },
    ),
    Mistake(
        "bias correction off by one step",
        "correcting for bias with t as it was before this step, or one too many",
        {"adam": [_from_zero, _adam(_corrected, to=lambda t: t + 2, back=0)]},
    ),
    Mistake("t not kept", "not handing t back, so that every step is a first one", {"adam": rule("adam", _t_kept)}),
    Mistake(
        "ε before the correction",
        "adding ε to √v before v is corrected for bias",
        {
            "adam": _adam(
                lambda now, m, v, t: (
                    now.unbiased(m, "beta1", t)
                    / (v.sqrt() + now["epsilon"])
                    * (
                        now.w.like(np.ones(now.w.shape)) / now.unbiased(now.w.like(np.ones(now.w.shape)), "beta2", t)
                    ).sqrt()
                )
            )
        },
    ),
    Mistake(
        "one-sided differences",
        "taking forward or backward differences where central ones are asked for",
        _of_both(_differences(behind=0, over=1), _differences(ahead=0, over=1)),
    ),
    Mistake("h for 2h", "dividing the central difference by h, not by 2h", _of_both(_differences(over=1))),
    Mistake(
        "another h",
        "taking differences with another h than 1e-5",
        _of_both(*(_differences(10.0**-k) for k in (2, 3, 4, 6, 7, 8))),
    ),
    Mistake("df left out", "leaving out the weights df", {GRADIENTS[1]: _differences(weighted=False)}),
]

RIGHT |= dict.fromkeys(GRADIENTS, _differences())
