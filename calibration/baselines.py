"""The base year reconciled: stated, derived and estimated figures made to agree.

Every figure has a median and a spread in its link space; every balance (an accounting identity of
the base year) must hold exactly. The reconciled figures are nearest to what was known, in units
of its doubt: constrained least squares (Stone, Champernowne & Meade, 1942),

    min ½ uᵀ R⁻¹ u,  u = (z − z₀) / sd    subject to    Σ_k f_k Π_j x_kj = 0  (or ≥ 0)

R: correlation of the figures, identity where nothing is said. Figures without doubt never move, a
stated figure stays inside its rounding. What cannot be reconciled is a result as well: it names
the smallest conflicting group of figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import Bounds, linprog, minimize

from simulator.baseline import LEAST_REST, tags
from simulator.errors import Fault, InputError
from simulator.plan import Figure, Link, Origin, Plan, Uncertainty, figures
from simulator.sampling import Array, centre, cholesky, correlation_pairs, quantiles

Mask = NDArray[np.bool_]
Status = Literal["closed", "conflict", "undetermined", "not_converged"]

#: Largest error of a balance, as a share of the sum of its terms without their signs. [fraction]
EXACT = 1e-9
#: Where it is asked whether figures can hold together: how far inside its domain a share stays
#: [fraction], and the factor by which a positive figure may be wrong.
INSIDE, WIDEST = 1e-6, 1e4
#: Normal score of the 95 % quantile.
Z95 = 1.6448536269514722
#: How much rather a figure of which nothing is known is moved than others, to keep a balance.
REMAINDER = 100.0
#: What moves farther than this contradicts the rest, though it can be closed. [sd]
FAR = 3.0
#: Spread of a tag weight that is given without one, as wide as weights in shipped plans. [logit]
WEIGHT_SD = 0.35
#: Steps of Newton's method, and the longest of them in link units.
STEPS, LONGEST = 60, 1.0


# -- nouns ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one figure before it is reconciled.

    ``value``: median [unit of the figure]; ``sd``: spread in link space, 0 for a figure that never
    moves, infinite for one of which nothing is known (``value`` is then only where the search
    begins). ``low``, ``high``: bounds [unit], the rounding of a stated figure. ``floor`` and
    ``ceiling`` of the logit.
    """

    path: str
    value: float
    sd: float
    link: Link = "log"
    low: float = -np.inf
    high: float = np.inf
    floor: float = 0.0
    ceiling: float = 1.0
    origin: Origin = "estimated"
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Term:
    """``factor`` times the product of the figures at ``paths``."""

    factor: float
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of the terms is 0, or at least 0."""

    name: str
    terms: tuple[Term, ...]
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What reconciling did to one figure. Levels in ``unit``.

    ``before``: median, None for a figure that only the balances know; ``after``: reconciled, with
    its quantiles ``p05`` and ``p95``; ``moved``: the way between them in standard deviations of
    what was known [sd], 0 where a figure was certain or not known.
    """

    path: str
    origin: Origin
    unit: str
    before: float | None
    after: float
    p05: float
    p95: float
    moved: float


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Figures that agree, or why they cannot.

    ``levels`` [(figure,), own units]; ``covariance`` [(figure, figure), link units]; ``error``: of
    the balance that is farthest off [fraction of its terms]. Where ``converged`` is false,
    ``levels`` are what was known, and of a *conflict* ``conflict`` names a smallest group of
    figures that cannot hold together and ``broken`` the balances that they break; of what is
    *undetermined* ``conflict`` names the figures that nothing fixes.
    """

    known: tuple[Known, ...]
    levels: Array
    covariance: Array
    converged: bool
    status: Status
    message: str
    error: float
    conflict: tuple[str, ...]
    broken: tuple[str, ...]
    problem: Problem

    def level(self, path: str) -> float:
        """One reconciled figure. [its unit]"""
        return float(self.levels[self.problem.place[path]])

    @property
    def moved(self) -> Array:
        """How far every figure moved. [(figure,), sd]"""
        problem = self.problem
        way = np.zeros(len(problem.known))
        steps = problem.steps(self.levels[:, None])[:, 0]
        way[problem.free] = np.where(np.isfinite(problem.sd[problem.free]), steps, 0.0)
        return way

    def adjustments(self) -> list[Adjustment]:
        """Every figure before and after, in the order given."""
        spread, moved = np.sqrt(np.diag(self.covariance)), self.moved
        z = self.problem.links.to_link(self.levels[:, None])
        ends = self.problem.links.to_level(z + Z95 * spread[:, None] * np.array([[-1.0, 1.0]]))
        ends = np.clip(ends, self.problem.low[:, None], self.problem.high[:, None])
        ends[spread == 0] = self.levels[spread == 0, None]
        return [
            Adjustment(
                path=figure.path,
                origin=figure.origin,
                unit=figure.unit,
                before=figure.value if np.isfinite(figure.sd) else None,
                after=float(self.levels[row]),
                p05=float(ends[row, 0]),
                p95=float(ends[row, 1]),
                moved=float(moved[row]),
            )
            for row, figure in enumerate(self.known)
        ]

    def samples(self, draws: int, random: np.random.Generator) -> dict[str, Array]:
        """Draws of all figures by path, in every one of which the balances hold. [(draws,)]

        Normal in link space with ``covariance``, then brought back onto the balances and into the
        bounds by the shortest way. Raises InputError where the figures could not be reconciled.
        """
        if not self.converged:
            raise _refusal(self)
        levels = self.problem.sample(self.levels, self.covariance, draws, random)
        return {figure.path: levels[row] for row, figure in enumerate(self.known)}


# -- arithmetic ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Links:
    """Link spaces of several figures: levels and link values have the axes figure, draw."""

    log: Mask
    logit: Mask
    floor: Array
    ceiling: Array

    @classmethod
    def of(cls, known: Sequence[Known]) -> Links:
        kinds = np.array([figure.link for figure in known])
        logit = kinds == "logit"
        floor = np.array([f.floor if f.link == "logit" else 0.0 for f in known])
        ceiling = np.array([f.ceiling if f.link == "logit" else 1.0 for f in known])
        columns = ((kinds == "log")[:, None], logit[:, None], floor[:, None], ceiling[:, None])
        return cls(*columns)

    def take(self, rows: NDArray[np.intp]) -> Links:
        """The links of some of the figures."""
        return Links(self.log[rows], self.logit[rows], self.floor[rows], self.ceiling[rows])

    def to_link(self, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = (x - self.floor) / (self.ceiling - x)
            return np.log(np.where(self.log, x, odds), out=x.copy(), where=self.log | self.logit)

    def to_level(self, z: Array) -> Array:
        with np.errstate(over="ignore"):
            share = self.floor + (self.ceiling - self.floor) / (1 + np.exp(-z))
            return np.where(self.log, np.exp(z), np.where(self.logit, share, z))

    def slope(self, x: Array) -> Array:
        """dx/dz."""
        span = self.ceiling - self.floor
        share = (x - self.floor) * (self.ceiling - x) / span
        return np.where(self.log, x, np.where(self.logit, share, 1.0))

    def bend(self, x: Array) -> Array:
        """d²x/dz²."""
        span = self.ceiling - self.floor
        turned = self.slope(x) * (self.ceiling + self.floor - 2 * x) / span
        return np.where(self.log, x, np.where(self.logit, turned, 0.0))


@dataclass(frozen=True, slots=True)
class Sums:
    """All terms of all balances as arrays; short products are filled up with a constant 1.

    ``slots``: figures of every term [(term, place)]; ``rows``: the balance of every term.
    """

    factor: Array
    slots: NDArray[np.intp]
    rows: NDArray[np.intp]
    balances: int
    figures: int

    @classmethod
    def of(cls, balances: Sequence[Balance], place: Mapping[str, int]) -> Sums:
        terms = [(row, term) for row, b in enumerate(balances) for term in b.terms]
        width = max((len(term.paths) for _, term in terms), default=1)
        slots = np.full((len(terms), width), len(place), dtype=np.intp)
        for i, (_, term) in enumerate(terms):
            slots[i, : len(term.paths)] = [place[path] for path in term.paths]
        factor = np.array([term.factor for _, term in terms], dtype=float)
        rows = np.array([row for row, _ in terms], dtype=np.intp)
        return cls(factor, slots, rows, len(balances), len(place))

    def terms(self, x: Array, *left_out: int) -> Array:
        """Every term, without the figures in the places left out. [(term, draw)]"""
        one = np.vstack([x, np.ones((1, x.shape[1]))])
        total = np.broadcast_to(self.factor[:, None], (len(self.factor), x.shape[1])).copy()
        for column in range(self.slots.shape[1]):
            if column not in left_out:
                total *= one[self.slots[:, column]]
        return total

    def values(self, x: Array) -> Array:
        """Left-hand side of every balance. [(balance, draw)]"""
        return self._gathered(self.terms(x))

    def sizes(self, x: Array) -> Array:
        """Sum of the terms of every balance without their signs. [(balance, draw)]"""
        return self._gathered(np.abs(self.terms(x)))

    def _gathered(self, terms: Array) -> Array:
        total = np.zeros((self.balances, terms.shape[1]))
        np.add.at(total, self.rows, terms)
        return total

    def gradient(self, x: Array) -> Array:
        """∂ balance / ∂ figure. [(balance, figure, draw)]"""
        total = np.zeros((self.balances, self.figures + 1, x.shape[1]))
        for column in range(self.slots.shape[1]):
            np.add.at(total, (self.rows, self.slots[:, column]), self.terms(x, column))
        return total[:, :-1]

    def curvature(self, x: Array, weight: Array) -> Array:
        """∂² (Σ weight · balance) / ∂ figure². [(figure, figure)], at one point [(figure, 1)]"""
        total = np.zeros((self.figures + 1, self.figures + 1))
        width = self.slots.shape[1]
        for a in range(width):
            for b in range(width):
                if a != b:
                    amount = self.terms(x, a, b)[:, 0] * weight[self.rows]
                    np.add.at(total, (self.slots[:, a], self.slots[:, b]), amount)
        return total[:-1, :-1]


@dataclass(frozen=True, slots=True)
class Problem:
    """Figures and balances as one problem of constrained least squares.

    The unknowns u are link-space steps away from what is known, in standard deviations; of a
    figure of which nothing is known, in link units. ``free``: the figures that may move; ``unit``:
    their link units per u; ``precision``: R⁻¹, 0 where nothing is known.
    """

    known: tuple[Known, ...]
    balances: tuple[Balance, ...]
    place: Mapping[str, int]
    links: Links
    sums: Sums
    start: Array
    sd: Array
    low: Array
    high: Array
    free: NDArray[np.intp]
    unit: Array
    precision: Array
    size: Array

    @classmethod
    def of(
        cls,
        known: Sequence[Known],
        balances: Sequence[Balance],
        correlations: Mapping[tuple[str, str], float],
    ) -> Problem:
        place = {figure.path: row for row, figure in enumerate(known)}
        start = np.array([figure.value for figure in known], dtype=float)
        sd = np.array([figure.sd for figure in known], dtype=float)
        free = np.flatnonzero(sd > 0)
        sums = Sums.of(balances, place)
        size = sums.sizes(start[:, None])[:, 0]
        return cls(
            known=tuple(known),
            balances=tuple(balances),
            place=place,
            links=Links.of(known),
            sums=sums,
            start=start,
            sd=sd,
            low=np.array([figure.low for figure in known], dtype=float),
            high=np.array([figure.high for figure in known], dtype=float),
            free=free,
            unit=np.where(np.isfinite(sd[free]), sd[free], 1.0),
            precision=_precision([known[int(row)] for row in free], correlations),
            size=np.where(size > 0, size, 1.0),
        )

    @property
    def at_least(self) -> Mask:
        """The balances that are inequalities. [(balance,)]"""
        return np.array([balance.at_least for balance in self.balances], dtype=bool)

    def levels(self, u: Array) -> Array:
        """Levels of all figures after steps u. [(figure, draw)]"""
        x = np.repeat(self.start[:, None], u.shape[1], axis=1)
        links = self.links.take(self.free)
        z = links.to_link(x[self.free]) + self.unit[:, None] * u
        x[self.free] = np.where(u == 0, x[self.free], links.to_level(z))
        return x

    def steps(self, x: Array) -> Array:
        """The u that lead to levels x. [(free figure, draw)]"""
        links = self.links.take(self.free)
        from_here = links.to_link(self.start[self.free, None])
        return (links.to_link(x[self.free]) - from_here) / self.unit[:, None]

    def gaps(self, x: Array) -> Array:
        """What every balance is off by, as a share of its terms at the start. [(balance, draw)]"""
        return self.sums.values(x) / self.size[:, None]

    def errors(self, x: Array) -> Array:
        """The same, of the terms at x, and 0 where an inequality holds. [(balance, draw)]"""
        size = self.sums.sizes(x)
        off = self.sums.values(x) / np.where(size > 0, size, 1.0)
        return np.where(self.at_least[:, None], np.minimum(off, 0.0), off)

    def slopes(self, x: Array) -> Array:
        """∂ gap / ∂ u. [(balance, free figure, draw)]"""
        per_link = self.links.take(self.free).slope(x[self.free]) * self.unit[:, None]
        gradient = self.sums.gradient(x)[:, self.free]
        return np.asarray(gradient * per_link / self.size[:, None, None])

    def hessian(self, x: Array, multipliers: Array) -> Array:
        """∂² (Σ multiplier · gap) / ∂u². [(free figure, free figure)], at one point"""
        weight = multipliers / self.size
        links = self.links.take(self.free)
        per_link = links.slope(x[self.free])[:, 0] * self.unit
        total = self.sums.curvature(x, weight)[np.ix_(self.free, self.free)]
        total *= np.outer(per_link, per_link)
        pull = np.tensordot(weight, self.sums.gradient(x)[:, self.free, 0], axes=1)
        total[np.diag_indices_from(total)] += pull * links.bend(x[self.free])[:, 0] * self.unit**2
        return total

    @property
    def reach(self) -> tuple[Array, Array]:
        """Bounds of u, from the bounds of the figures. [(free figure,)] each"""
        found = []
        for bound, end in ((self.low, -np.inf), (self.high, np.inf)):
            inside = np.isfinite(bound[self.free])
            u = self.steps(np.where(np.isfinite(bound), bound, self.start)[:, None])[:, 0]
            found.append(np.where(inside, u, end))
        return found[0], found[1]

    def sample(
        self, levels: Array, covariance: Array, draws: int, random: np.random.Generator
    ) -> Array:
        """Levels around a solution, on the balances and inside the bounds. [(figure, draw)]"""
        spread = covariance[np.ix_(self.free, self.free)] / np.outer(self.unit, self.unit)
        values, vectors = np.linalg.eigh(spread)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        centre_u = self.steps(levels[:, None])
        away = root @ random.standard_normal((len(self.free), draws))
        doubt = np.where(np.isfinite(self.sd[self.free]), 1.0, REMAINDER * np.diag(spread))
        u, fine = self._project(centre_u + away, doubt)
        for _ in range(10):
            if fine.all():
                break
            away[:, ~fine] /= 2  # the solution itself is on the balances
            u[:, ~fine], fine[~fine] = self._project(centre_u + away[:, ~fine], doubt)
        return self.levels(u)

    def _project(self, u: Array, doubt: Array) -> tuple[Array, Mask]:
        """The nearest points on the balances, and which were found; ``doubt``: variance of u.

        Newton's method with a figure that reaches a bound held there, and an inequality that is
        broken held at equality, draw by draw.
        """
        low, high = (bound[:, None] for bound in self.reach)
        held = np.zeros(u.shape, dtype=bool)
        tight = np.repeat(~self.at_least[:, None], u.shape[1], axis=1)
        for _ in range(STEPS):
            held |= (u < low) | (u > high)
            u = np.clip(u, low, high)
            x = self.levels(u)
            off = self.gaps(x)
            tight |= off < 0
            off = np.where(tight, off, 0.0)
            if (np.abs(off) <= 1e-3 * EXACT).all():
                break
            variance = np.where(held, 0.0, doubt[:, None])
            A = np.where(tight[:, None], self.slopes(x), 0.0).transpose(2, 0, 1)
            moving = A * variance.T[:, None, :]
            inverse = np.linalg.pinv(moving @ A.transpose(0, 2, 1), rcond=1e-12, hermitian=True)
            step = -(moving.transpose(0, 2, 1) @ inverse @ off.T[:, :, None])[:, :, 0].T
            longest = np.abs(step * self.unit[:, None]).max(axis=0)
            u = u + step * np.minimum(1.0, LONGEST / np.maximum(longest, 1e-300))
        u = np.clip(u, low, high)
        fine = (np.abs(self.errors(self.levels(u))) <= EXACT).all(axis=0)
        return u, np.asarray(fine, dtype=bool)


def _precision(doubted: Sequence[Known], correlations: Mapping[tuple[str, str], float]) -> Array:
    """R⁻¹ of the figures, 0 for those of which nothing is known. [(figure, figure)]"""
    place = {figure.path: row for row, figure in enumerate(doubted)}
    matrix = np.eye(len(doubted))
    for (a, b), value in correlations.items():
        if a in place and b in place:
            matrix[place[a], place[b]] = matrix[place[b], place[a]] = value
    some = np.flatnonzero([np.isfinite(figure.sd) for figure in doubted])
    part = matrix[np.ix_(some, some)]
    try:
        cholesky(part)
    except ValueError:
        shown = ", ".join(figure.path for figure in doubted[:6])
        raise InputError.of("correlations_impossible", value=shown) from None
    precision = np.zeros_like(matrix)
    precision[np.ix_(some, some)] = np.linalg.inv(part)
    return precision


# -- solving -------------------------------------------------------------------------------------


def reconcile(
    known: Sequence[Known],
    balances: Sequence[Balance],
    correlations: Mapping[tuple[str, str], float] | None = None,
) -> Reconciled:
    """The figures nearest to what is known with which all balances hold (see the module).

    ``correlations`` of what is known, by pairs of paths. The solver is scipy's SLSQP, finished by
    Newton's method on the conditions of Karush, Kuhn and Tucker. The covariance is that of what
    is known, projected along the balances: Σ − Σ Aᵀ (A Σ Aᵀ)⁻¹ A Σ, to first order. Raises
    InputError for a figure outside of its domain, a balance of unknown figures, or correlations
    that contradict one another.
    """
    _refuse(known, balances)
    problem = Problem.of(known, balances, correlations or {})
    loose = _undetermined(problem)
    if loose:
        return _unsolved(problem, "undetermined", loose, ())
    relaxed = Relaxation.of(problem)
    if relaxed.refutes(range(len(known)), range(len(balances))):
        return _unsolved(problem, "conflict", *_smallest_conflict(problem, relaxed))
    u = _solve(problem, np.zeros(len(problem.free)))
    if u is None:
        return _unsolved(problem, "not_converged", (), ())
    return _solved(problem, u)


def _refuse(known: Sequence[Known], balances: Sequence[Balance]) -> None:
    """Raises InputError naming every figure outside of its domain, and every unknown path."""
    faults = []
    paths = [figure.path for figure in known]
    for figure in known:
        floor, ceiling = _domain(figure)
        moving = floor < figure.value < ceiling
        if not (moving or (figure.sd == 0 and floor <= figure.value <= ceiling)):
            fields = {"value": figure.value, "allowed": f"{floor:g} … {ceiling:g}"}
            faults.append(Fault("argument_range", fields, figure.path))
        elif not figure.low <= figure.value <= figure.high:
            fields = {"value": figure.value, "allowed": f"{figure.low:g} … {figure.high:g}"}
            faults.append(Fault("argument_range", fields, figure.path))
        if not figure.sd >= 0:
            faults.append(Fault("negative", {"value": figure.sd}, f"{figure.path}.sd"))
        if paths.count(figure.path) > 1:
            faults.append(Fault("duplicate_key", {"value": figure.path}, figure.path))
    for balance in balances:
        for path in dict.fromkeys(p for term in balance.terms for p in term.paths):
            if path not in paths:
                faults.append(Fault("path_matches_nothing", {"value": path}, balance.name))
    if faults:
        raise InputError(faults)


def _domain(figure: Known) -> tuple[float, float]:
    """Where a figure of its link can lie at all. [unit of the figure]"""
    if figure.link == "identity":
        return -np.inf, np.inf
    return (figure.floor, figure.ceiling) if figure.link == "logit" else (0.0, np.inf)


def _undetermined(problem: Problem) -> tuple[str, ...]:
    """Figures of which neither a spread nor a balance says anything."""
    A = problem.slopes(problem.levels(np.zeros((len(problem.free), 1))))[:, :, 0]
    blank = ~np.isfinite(problem.sd[problem.free])
    if not blank.any():
        return ()
    idle = null_space(A[~problem.at_least][:, blank])
    lost = problem.free[blank][(np.abs(idle) > 1e-9).any(axis=1)]
    return tuple(problem.known[int(row)].path for row in lost)


def _solve(problem: Problem, begin: Array) -> Array | None:
    """u of the solution, or None where none was found from here."""
    if not len(problem.free):
        return begin if _holds(problem, begin) else None
    rows = np.abs(problem.slopes(problem.levels(begin[:, None]))[:, :, 0]).max(axis=1) > 0
    low, high = problem.reach

    def part(kind: Literal["eq", "ineq"], chosen: Mask) -> dict[str, Any]:
        def gaps(u: Array) -> Array:
            return np.asarray(problem.gaps(problem.levels(u[:, None]))[chosen, 0])

        def slopes(u: Array) -> Array:
            return np.asarray(problem.slopes(problem.levels(u[:, None]))[chosen, :, 0])

        return {"type": kind, "fun": gaps, "jac": slopes}

    def half_square(u: Array) -> float:
        return 0.5 * float(u @ problem.precision @ u)

    def pull(u: Array) -> Array:
        return np.asarray(problem.precision @ u)

    parts = {"eq": rows & ~problem.at_least, "ineq": rows & problem.at_least}
    constraints: Any = [
        part(kind, chosen)  # type: ignore[arg-type]
        for kind, chosen in parts.items()
        if chosen.any()
    ]
    options: Any = {"maxiter": 100, "ftol": 1e-14}
    with np.errstate(all="ignore"):
        found = minimize(
            half_square,
            np.clip(begin, low, high),
            jac=pull,
            bounds=Bounds(low, high),
            constraints=constraints,
            method="SLSQP",
            options=options,
        )
        u = np.clip(np.asarray(found.x, dtype=float), low, high)
        if not np.isfinite(u).all():
            return None
        return _finished(problem, u)


def _finished(problem: Problem, u: Array) -> Array | None:
    """Newton's method on the conditions of optimality, with the bounds that are met held.

    None where the end is not on the balances, not inside the bounds, or not stationary.
    """
    low, high = problem.reach
    off = problem.gaps(problem.levels(u[:, None]))[:, 0]
    rows = np.flatnonzero(~problem.at_least | (off < 1e-7))
    pinned = (u - low < 1e-7) | (high - u < 1e-7)
    u = np.where(u - low < 1e-7, low, np.where(high - u < 1e-7, high, u))
    moving = np.flatnonzero(~pinned)
    multipliers = np.zeros(len(problem.balances))
    step = np.zeros(0)
    for _ in range(STEPS):
        x = problem.levels(u[:, None])
        A = problem.slopes(x)[rows][:, moving, 0]
        slope = (problem.precision @ u)[moving]
        multipliers[rows] = np.linalg.lstsq(A.T, -slope, rcond=1e-12)[0]
        curved = problem.precision + problem.hessian(x, multipliers)
        kkt = np.zeros((len(moving) + len(rows), len(moving) + len(rows)))
        kkt[: len(moving), : len(moving)] = curved[np.ix_(moving, moving)]
        kkt[: len(moving), len(moving) :] = A.T
        kkt[len(moving) :, : len(moving)] = A
        right = np.concatenate([-slope, -problem.gaps(x)[rows, 0]])
        step = np.linalg.lstsq(kkt, right, rcond=1e-14)[0][: len(moving)]
        u[moving] += step
        if np.abs(step).max(initial=0.0) < 1e-13 * (1 + np.abs(u).max(initial=0.0)):
            break
    if np.abs(step).max(initial=0.0) > 1e-6:
        return None
    return u if _holds(problem, u) else None


def _holds(problem: Problem, u: Array) -> bool:
    """Whether all balances and bounds are kept."""
    low, high = problem.reach
    within = (u >= low - EXACT) & (u <= high + EXACT)
    errors = problem.errors(problem.levels(u[:, None]))
    return bool(within.all() and np.isfinite(errors).all() and (np.abs(errors) <= EXACT).all())


def _solved(problem: Problem, u: Array) -> Reconciled:
    x = problem.levels(u[:, None])
    error = float(np.abs(problem.errors(x)).max(initial=0.0))
    result = Reconciled(
        known=problem.known,
        levels=x[:, 0],
        covariance=_covariance(problem, x),
        converged=True,
        status="closed",
        message="",
        error=error,
        conflict=(),
        broken=(),
        problem=problem,
    )
    way = np.abs(result.moved)
    most = int(np.argmax(way)) if len(way) else 0
    said = "all figures agree already; none was adjusted"
    if len(way) and way[most] > 1e-6:
        said = f"closed; {problem.known[most].path} moved most, by {way[most]:.2f} sd"
    far = [problem.known[row].path for row in np.flatnonzero(way > FAR)]
    if far:
        said += f"; beyond {FAR:g} sd, look again at what is known of them: {', '.join(far)}"
    return replace(result, message=said)


def _covariance(problem: Problem, x: Array) -> Array:
    """Covariance along the balances, N (Nᵀ R⁻¹ N)⁻¹ Nᵀ with N their null space. [link units]

    Where every spread is finite this is Σ − Σ Aᵀ (A Σ Aᵀ)⁻¹ A Σ; where nothing is known of a
    figure it is the limit. Inequalities and bounds take no part: draws that break them are moved.
    """
    A = problem.slopes(x)[~problem.at_least][:, :, 0]
    N = null_space(A) if len(A) else np.eye(len(problem.free))
    inner = np.linalg.inv(N.T @ problem.precision @ N) if N.size else np.zeros((0, 0))
    part = N @ inner @ N.T * np.outer(problem.unit, problem.unit)
    covariance = np.zeros((len(problem.known), len(problem.known)))
    covariance[np.ix_(problem.free, problem.free)] = (part + part.T) / 2
    return covariance


def _unsolved(
    problem: Problem, status: Status, conflict: tuple[str, ...], broken: tuple[str, ...]
) -> Reconciled:
    sentences = {
        "conflict": "these cannot hold together: {figures} (balances: {balances})",
        "undetermined": "neither a spread nor a balance fixes {figures}",
        "not_converged": "no solution was found; give the largest figures wider spreads",
    }
    shown = {"figures": ", ".join(conflict) or "no figure", "balances": ", ".join(broken)}
    errors = problem.errors(problem.start[:, None])
    known = np.where(np.isfinite(problem.sd), problem.sd, 0.0)
    return Reconciled(
        known=problem.known,
        levels=problem.start,
        covariance=np.diag(known**2),
        converged=False,
        status=status,
        message=sentences[status].format(**shown),
        error=float(np.abs(errors).max(initial=0.0)),
        conflict=conflict,
        broken=broken,
        problem=problem,
    )


# -- what cannot be reconciled -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The balances as a linear programme: where it has no answer, the balances have none.

    Every product of figures is a variable of its own; with x between low and high, the product
    x·y lies between low·y and high·y (McCormick, 1976; y is not negative). Variables are in units
    of their start. ``links``: product, product without one figure, that figure.
    """

    products: tuple[tuple[int, ...], ...]
    links: NDArray[np.intp]
    rows: Array
    unit: Array
    known: tuple[Known, ...]
    at_least: Mask

    @classmethod
    def of(cls, problem: Problem) -> Relaxation:
        unit = np.where(problem.start == 0, 1.0, np.abs(problem.start))
        place: dict[tuple[int, ...], int] = {(row,): row for row in range(len(unit))}
        terms = []
        for row, balance in enumerate(problem.balances):
            for term in balance.terms:
                factors = [problem.place[path] for path in term.paths]
                for end in range(1, len(factors) + 1):
                    place.setdefault(tuple(sorted(factors[:end])), len(place))
                amount = term.factor * unit[factors].prod() / problem.size[row]
                terms.append((row, place[tuple(sorted(factors))], amount))
        links = [
            (place[product], place[left], factor)
            for product in place
            for factor in dict.fromkeys(product)
            if (left := _without(product, factor)) in place
        ]
        rows = np.zeros((len(problem.balances), len(place)))
        for row, column, amount in terms:
            rows[row, column] += amount
        pairs = np.array(links, dtype=np.intp).reshape(-1, 3)
        return cls(tuple(place), pairs, rows, unit, problem.known, problem.at_least)

    def refutes(self, hard: Iterable[int], kept: Sequence[int]) -> bool:
        """Whether the balances ``kept`` cannot hold, with the figures ``hard`` inside their bounds
        and all others anywhere that their link allows.
        """
        held = set(hard)
        room = np.array([_room(figure, row in held) for row, figure in enumerate(self.known)])
        room /= self.unit[:, None]
        positive = np.array([(room[list(product), 0] >= 0).all() for product in self.products])
        low, high = np.where(positive, 0.0, -np.inf), np.full(len(positive), np.inf)
        low[: len(room)], high[: len(room)] = room.T
        linked = positive[self.links[:, 0]]
        whole, part, factor = (self.links[linked, column] for column in range(3))
        above = np.zeros((2 * len(whole), self.rows.shape[1]))
        first, second = np.arange(len(whole)), len(whole) + np.arange(len(whole))
        above[first, whole], above[first, part] = 1.0, -room[factor, 1]
        above[second, whole], above[second, part] = -1.0, room[factor, 0]
        chosen = np.zeros(len(self.rows), dtype=bool)
        chosen[list(kept)] = True
        above = np.vstack([above, -self.rows[chosen & self.at_least]])
        equal = self.rows[chosen & ~self.at_least]
        found = linprog(
            np.zeros(self.rows.shape[1]),
            A_ub=above,
            b_ub=np.zeros(len(above)),
            A_eq=equal,
            b_eq=np.zeros(len(equal)),
            bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
            method="highs",
        )
        return bool(found.status == 2)


def _without(product: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """A product without one of its factors."""
    at = product.index(factor)
    return product[:at] + product[at + 1 :]


def _room(figure: Known, hard: bool) -> tuple[float, float]:
    """Where a figure may lie: within its own bounds, or anywhere inside the domain of its link."""
    if hard and figure.sd == 0:
        return figure.value, figure.value
    low, high = _inside(figure if hard else replace(figure, floor=0.0, ceiling=1.0))
    return (max(low, figure.low), min(high, figure.high)) if hard else (low, high)


def _inside(figure: Known) -> tuple[float, float]:
    """Where a figure of its link is taken to lie: its domain without the very edges. [its unit]"""
    floor, ceiling = _domain(figure)
    if figure.link == "log":
        return figure.value / WIDEST, figure.value * WIDEST
    edge = INSIDE * (ceiling - floor) if figure.link == "logit" else 0.0
    return floor + edge, ceiling - edge


def _smallest_conflict(
    problem: Problem, relaxed: Relaxation
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A smallest group of figures that cannot hold together, and the balances that they break.

    Deletion filter (Chinneck & Dravnieks, 1991): what can be left out with the rest still in
    conflict is left out; what remains is irreducible. Of two orders (smallest terms first, and
    backwards) the shorter answer is taken; that of smallest terms first is the shortest where one
    sum is broken.
    """
    every = range(len(problem.known))
    limited = [
        row for row in every if _room(problem.known[row], True) != _room(problem.known[row], False)
    ]
    gradient = problem.sums.gradient(problem.start[:, None])[:, :, 0] / problem.size[:, None]
    weight = np.abs(gradient * problem.start).max(axis=0, initial=0.0)
    orders = [sorted(limited, key=lambda row: weight[row]), limited[::-1]]
    balances = list(range(len(problem.balances)))
    groups = [_left(order, lambda rows: relaxed.refutes(rows, balances)) for order in orders]
    smallest = min(groups, key=len)
    broken = _left(balances, lambda rows: relaxed.refutes(smallest, rows))
    names = tuple(problem.balances[row].name for row in broken)
    return tuple(problem.known[row].path for row in sorted(smallest)), names


def _left(items: list[int], conflict: Callable[[list[int]], bool]) -> list[int]:
    """Items that are still in conflict, none of which can be left out; whole blocks go first."""
    block = len(items)
    while block := block // 2:
        first = 0
        while first < len(items):
            fewer = items[:first] + items[first + block :]
            if conflict(fewer):
                items = fewer
            else:
                first += block
    return items


def _refusal(result: Reconciled) -> InputError:
    """One fault for every figure of the conflict."""
    return InputError(
        Fault("closure_impossible", {"value": path}, path) for path in result.conflict or ("",)
    )


# -- a plan --------------------------------------------------------------------------------------


def baselines_of(plan: Plan) -> Reconciled:
    """The base year of a plan: totals, clusters, value-added rates and tag weights reconciled.

    Balances: outputs add up to the total, and the rest of industry is at least LEAST_REST of it
    (Eq. 13); value added of the scope is its output times the stated rate (Eq. 14); value added
    of every tag with a stated share is that share of all (Eq. 15).
    """
    known = _known_figures(plan)
    names = [path for path, _ in figures(plan)]
    pairs = correlation_pairs(plan.parameter_correlations, names)
    return reconcile(known, _balances(plan), pairs)


def adjustments(plan: Plan) -> list[Adjustment]:
    """Every figure of the base year before and after. Raises InputError naming what conflicts."""
    result = baselines_of(plan)
    if not result.converged:
        raise _refusal(result)
    return result.adjustments()


def _tags_closed(plan: Plan) -> tuple[str, ...]:
    """The tags that take part in a balance."""
    return tuple(t for t in tags(plan) if t in plan.totals.shares or t == plan.totals.scope)


def _known_figures(plan: Plan) -> list[Known]:
    totals = plan.totals
    found = [
        known_of("totals.output", totals.output),
        known_of("totals.va_rate", totals.va_rate, link="logit"),
    ]
    found += [
        known_of(f"totals.shares.{tag}", share, link="logit")
        for tag, share in totals.shares.items()
    ]
    named = [centre(c.output.base) for c in plan.clusters.values() if c.output.base is not None]
    left = max(centre(totals.output) - sum(named), LEAST_REST * centre(totals.output))
    for key, cluster in plan.clusters.items():
        path = f"clusters.{key}.output.base"
        if cluster.output.base is None:
            found.append(Known(path, left, np.inf, origin="derived", unit=totals.output.unit))
        else:
            found.append(known_of(path, cluster.output.base))
        rate = cluster.va_rate
        if rate.base is not None:  # every rate has one: scenarios.rules
            floor = 0.0 if rate.floor is None else rate.floor
            ceiling = 1.0 if rate.ceiling is None else rate.ceiling
            path = f"clusters.{key}.va_rate.base"
            found.append(known_of(path, rate.base, "logit", floor, ceiling))
        found += [
            _weight(f"clusters.{key}.tags.{tag}", cluster.tags[tag])
            for tag in _tags_closed(plan)
            if tag in cluster.tags
        ]
    return found


def _weight(path: str, figure: Figure) -> Known:
    """A tag weight. One between 0 and 1 without a spread still moves, as in Eq. 15."""
    known = known_of(path, figure, "logit")
    between = 0 < known.value < 1
    if isinstance(figure.value, Uncertainty) or not between or figure.source.startswith("--set"):
        return known
    return replace(known, sd=WEIGHT_SD, low=-np.inf, high=np.inf)


def _balances(plan: Plan) -> list[Balance]:
    outputs, scoped, added = [], [], []
    tagged: dict[str, list[Term]] = {tag: [] for tag in plan.totals.shares}
    for key, cluster in plan.clusters.items():
        output, rate = f"clusters.{key}.output.base", f"clusters.{key}.va_rate.base"
        outputs.append(Term(1.0, (output,)))
        added.append((output, rate))
        scope = plan.totals.scope
        weight = () if scope == "all" else (f"clusters.{key}.tags.{scope}",)
        if scope == "all" or scope in cluster.tags:
            scoped.append(Term(1.0, (output, rate, *weight)))
            scoped.append(Term(-1.0, (output, "totals.va_rate", *weight)))
        for tag, terms in tagged.items():
            if tag in cluster.tags:
                terms.append(Term(1.0, (output, rate, f"clusters.{key}.tags.{tag}")))
            terms.append(Term(-1.0, (output, rate, f"totals.shares.{tag}")))
    rest = [
        Term(1.0, (f"clusters.{k}.output.base",)) for k, c in plan.clusters.items() if c.residual
    ]
    least = (*rest, Term(-LEAST_REST, ("totals.output",)))
    return [
        Balance("totals.output", (*outputs, Term(-1.0, ("totals.output",)))),
        Balance("totals.va_rate", tuple(scoped)),
        *(Balance(f"totals.shares.{tag}", tuple(terms)) for tag, terms in tagged.items()),
        Balance("clusters.rest", least, at_least=True),
    ]


def known_of(
    path: str, figure: Figure, link: Link = "log", floor: float = 0.0, ceiling: float = 1.0
) -> Known:
    """What a plan's figure says: its median, and its spread in link space.

    A distribution: a normal one with its median and its 5 % to 95 % width in link space. A number
    that the document states: even inside its rounding. A number of any other origin, one that the
    planner has typed (``--set``) and a weight of exactly 0 or 1: certain.
    """
    median = centre(figure)
    ends = (-np.inf, np.inf)
    known = Known(path, median, 0.0, link, *ends, floor, ceiling, figure.origin, figure.unit)
    links = Links.of([known])
    if isinstance(figure.value, Uncertainty):
        inside = _inside(known)
        median = min(max(median, inside[0]), inside[1])
        width = [min(max(q, inside[0]), inside[1]) for q in quantiles(figure, 0.05, 0.95)]
        low, high = links.to_link(np.array([width]))[0]
        return replace(known, value=median, sd=float(high - low) / (2 * Z95))
    if figure.origin != "stated" or figure.source.startswith("--set"):
        return known
    half = rounding(median, share=link == "logit")
    if not _domain(known)[0] < median - half < median + half < _domain(known)[1]:
        return known
    slope = float(links.slope(np.array([[median]]))[0, 0])
    sd = half / slope / float(np.sqrt(3.0))
    return replace(known, sd=sd, low=median - half, high=median + half)


def rounding(value: float, *, share: bool = False) -> float:
    """Half a unit of the last digit with which a number is written. [unit of the number]

    0.183 is known to 0.0005. A share is written in percent: 0.6 is 60 %, known to half a percent.
    """
    exponent = Decimal(f"{value:.12g}").as_tuple().exponent
    last = exponent if isinstance(exponent, int) else 0
    return 0.5 * 10.0 ** (min(last, -2) if share else last)
