"""Stated, derived and estimated figures made to agree by constrained least squares.

Every figure has a median and a spread in its link space; every balance (an accounting identity)
must hold exactly. The reconciled figures are nearest to what was known, in units of its doubt
(Stone, Champernowne & Meade, 1942),

    min ½ uᵀ R⁻¹ u,  u = (z − z₀) / sd    subject to    Σ_k f_k Π_j x_kj = 0  (or ≥ 0)

R: correlation of the figures, identity where nothing is said. Figures without doubt never move, a
stated figure stays inside its rounding. What cannot be reconciled is a result as well: it names
the smallest conflicting group of figures (``conflict.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import Bounds, minimize

from plansim.calibration.balances import Balance, Known, Mask, domain
from plansim.calibration.conflict import Relaxation, smallest_conflict
from plansim.calibration.least_squares import EXACT, STEPS, Problem
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Origin
from plansim.simulator.sampling import Z95, Array

Status = Literal["closed", "conflict", "undetermined", "not_converged"]

#: What moves farther than this contradicts the rest, though it can be closed; what moves less than
#: the other stays. [sd]
FAR, STAYS = 3.0, 0.005
#: How near a bound a figure, or the edge of an inequality a sum, is on it.
EDGE = 1e-7


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What reconciling did to one figure. Levels in ``unit``.

    ``before``: median, None for a figure that only the balances know; ``after``: reconciled, with
    its quantiles ``p05`` and ``p95``; ``moved``: the way between them in standard deviations of
    what was known [sd], 0 where a figure was certain or not known. ``binds``: the balance that
    pulls it most, ``rounding`` where a stated figure stops at its last digit, "" where it stays.
    """

    path: str
    origin: Origin
    unit: str
    before: float | None
    after: float
    p05: float
    p95: float
    moved: float
    binds: str = ""


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
        binds = _binding(self.problem, self.levels) if self.converged else [""] * len(self.known)
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
                binds=binds[row],
            )
            for row, figure in enumerate(self.known)
        ]

    def samples(self, draws: int, random: np.random.Generator) -> dict[str, Array]:
        """Draws of all figures by path, in every one of which the balances hold. [(draws,)]

        Normal in link space with ``covariance``, then brought back onto the balances and into the
        bounds by the shortest way. Raises InputError where the figures could not be reconciled.
        """
        if not self.converged:
            raise refusal(self)
        levels = self.problem.sample(self.levels, self.covariance, draws, random)
        return {figure.path: levels[row] for row, figure in enumerate(self.known)}


def _binding(problem: Problem, levels: Array) -> list[str]:
    """What keeps every figure from where it was known to be: a balance, its rounding, or nothing.

    Where the solution is stationary, u = −R Aᵀ λ: of its sum over balances the largest term; of a
    figure of which nothing is known the balance that it moves most.
    """
    x = levels[:, None]
    u, A = problem.steps(x)[:, 0], problem.slopes(x)[:, :, 0]
    low, high = problem.reach
    pinned = (u - low < EDGE) | (high - u < EDGE)
    tight = ~problem.at_least | (problem.gaps(x)[:, 0] < EDGE)
    A = np.where(tight[:, None], A, 0.0)
    pull = np.zeros(len(A))
    pull[tight] = np.linalg.lstsq(
        A[tight][:, ~pinned].T, -(problem.precision @ u)[~pinned], rcond=1e-12
    )[0]
    known = np.isfinite(problem.sd[problem.free])
    parts = np.where(known, A * pull[:, None], A)
    parts[:, known] = parts[:, known] @ np.linalg.inv(problem.precision[np.ix_(known, known)])
    found = [""] * len(problem.known)
    for column, row in enumerate(problem.free):
        if known[column] and abs(u[column]) < STAYS:
            continue
        strongest = int(np.argmax(np.abs(parts[:, column])))
        found[row] = "rounding" if pinned[column] else problem.balances[strongest].name
    return found


def refusal(result: Reconciled) -> InputError:
    """The fault of figures that cannot hold together, naming all of them."""
    by_path = {figure.path: figure for figure in result.known}
    named = [by_path[path] for path in result.conflict]
    shown = ", ".join(f"{f.path} = {f.value:.6g} {f.unit}".removesuffix(" 1") for f in named)
    fields = {"figures": shown, "balances": ", ".join(result.broken)}
    if result.status == "conflict":
        return InputError([Fault("baselines_conflict", fields)])
    return InputError([Fault("baselines_unsolved", {"figures": shown or "–"})])


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
        return _unsolved(problem, "conflict", *smallest_conflict(problem, relaxed))
    u = _solve(problem, np.zeros(len(problem.free)))
    if u is None:
        return _unsolved(problem, "not_converged", (), ())
    return _solved(problem, u)


def _refuse(known: Sequence[Known], balances: Sequence[Balance]) -> None:
    """Raises InputError naming every figure outside of its domain, and every unknown path."""
    faults = []
    paths = [figure.path for figure in known]
    for figure in known:
        floor, ceiling = domain(figure)
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

    parts: dict[Literal["eq", "ineq"], Mask] = {
        "eq": rows & ~problem.at_least,
        "ineq": rows & problem.at_least,
    }
    constraints: Any = [part(kind, chosen) for kind, chosen in parts.items() if chosen.any()]
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
    rows = np.flatnonzero(~problem.at_least | (off < EDGE))
    pinned = (u - low < EDGE) | (high - u < EDGE)
    u = np.where(u - low < EDGE, low, np.where(high - u < EDGE, high, u))
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
