"""Derive the reference-class tables in ``calibration/data`` from raw panels.

Run as ``python benchmarks/derive.py --data DIR``. DIR holds the raw panels, which
are not part of the project: ``us_industries_1958_2011.csv`` (NBER-CES) and
``cip_*.csv`` (China Industrial Productivity database 4.0). Sources, methods and what
must not be concluded: ``calibration/data/SOURCES.md``.

The output is deterministic: every random number comes from a fixed seed, every value
is rounded, lines end in LF.

A panel is a float array [year, industry]; missing is NaN.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import lgamma, pi, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import plansim.calibration
from plansim.calibration.growth import COLUMNS, FEWEST_CHANGES, fit_law, law_cells

Panel = NDArray[np.float64]
#: Where the tables that are shipped lie.
DATA = Path(plansim.calibration.__path__[0]) / "data"

HORIZONS = (1, 3, 5, 10)  # [years]
TAIL = (
    *(0.001, 0.0015, 0.0025, 0.0035, 0.005, 0.0075),
    *(0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09),
)
QUANTILES = (
    *TAIL,
    *(round(0.05 * step, 2) for step in range(2, 19)),
    *(round(1.0 - tail, 4) for tail in reversed(TAIL)),
)
LAST_CHINESE_YEAR = 2015  # the plans are dated 2016: nothing later may be known
FIRST_CHINESE_WINDOW_END = 2000
NORMAL_P10_P90 = 2.563103131  # p10-p90 of a standard normal
NORMAL_IQR = 1.348979500  # interquartile range of a standard normal
HALF_YEARS = 25  # length of each half of the panel, with a gap between them
BOOTSTRAPS = 200
SEED = 1987

SECTORS = {
    "F&B": ("Food and beverages", "食品饮料"),
    "TBC": ("Tobacco", "烟草"),
    "TEX": ("Textiles", "纺织"),
    "WEA": ("Wearing apparel", "服装"),
    "LEA": ("Leather and footwear", "皮革制鞋"),
    "W&F": ("Wood and furniture", "木材家具"),
    "P&P": ("Paper and printing", "造纸印刷"),
    "PET": ("Petroleum processing and coking", "石油加工炼焦"),
    "CHE": ("Chemicals", "化工"),
    "R&P": ("Rubber and plastics", "橡胶塑料"),
    "BUI": ("Building materials", "建材"),
    "MET": ("Basic metals", "金属冶炼压延"),
    "MEP": ("Metal products", "金属制品"),
    "MCH": ("Machinery", "机械装备"),
    "ELE": ("Electrical equipment", "电气机械"),
    "ICT": ("Electronics and telecommunication equipment", "电子信息"),
    "INS": ("Instruments", "仪器仪表"),
    "TRS": ("Transport equipment", "交通运输设备"),
    "OTH": ("Other manufacturing", "其他制造业"),
}

GROUPS = {  # SIC 1987, two digits
    "20": "Food",
    "21": "Tobacco",
    "22": "Textile mill products",
    "23": "Apparel",
    "24": "Lumber and wood",
    "25": "Furniture",
    "26": "Paper",
    "27": "Printing and publishing",
    "28": "Chemicals",
    "29": "Petroleum and coal",
    "30": "Rubber and plastics",
    "31": "Leather",
    "32": "Stone clay and glass",
    "33": "Primary metals",
    "34": "Fabricated metals",
    "35": "Machinery and computers",
    "36": "Electronics",
    "37": "Transport equipment",
    "38": "Instruments",
    "39": "Other manufacturing",
}


# --- reading and writing ------------------------------------------------------------


def read_us(path: Path) -> tuple[NDArray[np.int64], dict[str, Panel]]:
    """Years and one panel [year, industry] a column of the NBER-CES file."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    years = sorted({int(float(row["year"])) for row in rows})
    industries = sorted({row["sic"] for row in rows})
    columns = [name for name in rows[0] if name not in ("sic", "year")]
    panels = {name: np.full((len(years), len(industries)), np.nan) for name in columns}
    column_of = {code: position for position, code in enumerate(industries)}
    for row in rows:
        place = int(float(row["year"])) - years[0], column_of[row["sic"]]
        for name in columns:
            panels[name][place] = float(row[name])
    return np.array(years), panels


def us_codes(path: Path) -> list[str]:
    """Codes of the industries of the NBER-CES file, in the order of its panels."""
    with path.open(encoding="utf-8", newline="") as stream:
        return sorted({row["sic"] for row in csv.DictReader(stream)})


def read_cip(path: Path) -> tuple[NDArray[np.int64], Panel]:
    """Years and a panel [year, sector] up to 2015, sectors in the order of `SECTORS`."""
    with path.open(encoding="utf-8", newline="") as stream:
        header, *body = list(csv.reader(stream))
    if tuple(header[1:]) != tuple(SECTORS):
        raise ValueError(f"{path.name}: sectors must be {tuple(SECTORS)}, got {header[1:]}")
    kept = [row for row in body if int(row[0]) <= LAST_CHINESE_YEAR]
    values = [[float(cell) if cell else np.nan for cell in row[1:]] for row in kept]
    return np.array([int(row[0]) for row in kept]), np.array(values)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with LF line ends."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def number(value: float, digits: int = 6) -> str:
    """Fixed decimals without a negative zero; blank for a missing number."""
    if not np.isfinite(value):
        return ""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


# --- small statistics on panels -----------------------------------------------------


def change(panel: Panel, horizon: int) -> Panel:
    """Difference over `horizon` years, [year of the end, industry]."""
    return panel[horizon:] - panel[:-horizon]


def present(panel: Panel) -> NDArray[np.float64]:
    """All numbers of a panel that are not missing."""
    return panel[np.isfinite(panel)]


def demeaned(panel: Panel) -> Panel:
    """Panel net of the mean over industries of each year."""
    mean: Panel = np.nanmean(panel, axis=1, keepdims=True)
    return panel - mean


def p10_p90(values: Panel) -> float:
    """Width p10 to p90, expressed as the sd of a normal of the same width."""
    low, high = np.quantile(present(values), (0.1, 0.9))
    return float(high - low) / NORMAL_P10_P90


def robust_sd(values: Panel) -> float:
    """Interquartile range, expressed as the sd of a normal of the same range."""
    low, high = np.quantile(present(values), (0.25, 0.75))
    return float(high - low) / NORMAL_IQR


def correlation(left: Panel, right: Panel) -> float:
    """Pearson correlation over the places where both are present."""
    both = np.isfinite(left) & np.isfinite(right)
    return float(np.corrcoef(left[both], right[both])[0, 1])


def rank_correlation(left: Panel, right: Panel) -> float:
    """Normal-equivalent rank correlation, 2 sin(pi/6 Spearman): not moved by outliers."""
    both = np.isfinite(left) & np.isfinite(right)
    ranks = [np.argsort(np.argsort(panel[both])) for panel in (left, right)]
    return float(2.0 * np.sin(pi / 6.0 * np.corrcoef(ranks[0], ranks[1])[0, 1]))


def pair_correlation(panel: Panel, horizon: int) -> float:
    """Mean correlation over time of `horizon`-year changes between two industries."""
    complete = panel[:, np.isfinite(panel).all(axis=0)]
    matrix = np.atleast_2d(np.corrcoef(change(complete, horizon).T))
    return float(matrix[np.triu_indices_from(matrix, 1)].mean())


# --- growth_quantiles.csv -----------------------------------------------------------


def quantile_rows(
    reference_class: str, quantity: str, horizon: int, windows: Panel, period: str
) -> list[list[object]]:
    """Rows of one class, quantity and horizon.

    Quantiles with less than one window beyond them are left out: there is no data there.
    """
    values = present(windows)
    industries = int(np.isfinite(windows).any(axis=0).sum())
    kept = [q for q in QUANTILES if min(q, 1.0 - q) * values.size >= 1.0 - 1e-9]
    cuts = np.quantile(values, kept)
    shown = [number(cut) for cut in cuts]
    if len(set(shown)) < len(shown):
        raise ValueError(f"{reference_class} {quantity} {horizon}: quantiles are not distinct")
    return [
        [reference_class, quantity, horizon, f"{q:g}", value, values.size, industries, period]
        for q, value in zip(kept, shown, strict=True)
    ]


def us_windows(us: dict[str, Panel], horizon: int) -> dict[str, Panel]:
    """Every quantity of the US class over all overlapping windows of one length."""
    output = np.log(us["vship"] / us["piship"])
    rate = us["vadd"] / us["vship"]
    energy = np.log(us["energy"] / us["pien"])
    value_added = output + np.log(rate)  # single deflation: real output x rate
    return {
        "output_growth": np.expm1(change(output, horizon) / horizon),
        "nominal_output_growth": np.expm1(change(np.log(us["vship"]), horizon) / horizon),
        "va_rate_change": change(rate, horizon),
        "energy_intensity_change": np.expm1(change(energy - value_added, horizon)),
        "energy_per_output_change": np.expm1(change(energy - output, horizon)),
        "labour_productivity_growth": np.expm1(
            change(value_added - np.log(us["emp"]), horizon) / horizon
        ),
    }


def chinese_windows(
    cip: dict[str, Panel], years: NDArray[np.int64], horizon: int, first_end: int
) -> dict[str, Panel]:
    """Quantities of the Chinese class over windows that end in `first_end` .. 2015."""
    level = np.vstack([np.zeros(len(SECTORS)), np.log1p(cip["real_growth"][1:] / 100.0)])
    output = np.cumsum(level, axis=0)
    kept = years[horizon:] >= first_end
    return {
        "output_growth": np.expm1(change(output, horizon) / horizon)[kept],
        "nominal_output_growth": np.expm1(change(np.log(cip["nominal_output"]), horizon) / horizon)[
            kept
        ],
        "va_rate_change": change(cip["va_rate"], horizon)[kept],
    }


def growth_quantiles(
    us: dict[str, Panel], cip: dict[str, Panel], cip_years: NDArray[np.int64]
) -> list[list[object]]:
    """All rows of growth_quantiles.csv."""
    rows: list[list[object]] = []
    for horizon in HORIZONS:
        for quantity, windows in us_windows(us, horizon).items():
            rows += quantile_rows("us_industries", quantity, horizon, windows, "1958-2011")
    for horizon in HORIZONS:
        span = chinese_windows(cip, cip_years, horizon, FIRST_CHINESE_WINDOW_END)
        period = f"{FIRST_CHINESE_WINDOW_END - horizon}-{LAST_CHINESE_YEAR}"
        for quantity, windows in span.items():
            rows += quantile_rows("chinese_sectors", quantity, horizon, windows, period)
    for horizon in (1, 3, 5):
        late = chinese_windows(cip, cip_years, horizon, 2010 + horizon)
        for quantity, windows in late.items():
            rows += quantile_rows(
                "chinese_sectors_since_2010", quantity, horizon, windows, "2010-2015"
            )
    return rows


# --- the model of Eq. 1-4, as spreads -----------------------------------------------


def t_characteristic(df: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Characteristic function of a unit-variance Student-t clipped at 6 (Eq. 4)."""
    scale = sqrt((df - 2.0) / df)
    raw = np.linspace(-60.0, 60.0, 24001)
    log_density = lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * np.log(df * pi)
    weight = np.exp(log_density - (df + 1) / 2 * np.log1p(raw**2 / df))
    weight /= weight.sum()
    shock = np.clip(raw * scale, -6.0, 6.0)
    grid = np.linspace(0.0, 12.0, 241)
    table = np.array([(weight * np.cos(omega * shock)).sum() for omega in grid])
    return lambda omega: np.interp(omega, grid, table, right=0.0)


def model_spread(
    horizon: int,
    trend_sd: float,
    shock_sd: float,
    rho: float,
    characteristic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> float:
    """p10-p90 (as a normal sd) of trend + shocks after `horizon` years from n = 0.

    z(h) - z(0) = h tau + sum_k rho^(h-k) sigma eps_k, tau normal with sd `trend_sd`
    a year, eps Student-t. The 0.9 quantile is found by inverting the characteristic
    function (Gil-Pelaez, 1951); the law is symmetric.
    """
    weights = shock_sd * rho ** np.arange(horizon)
    total = sqrt(float((weights**2).sum()) + (horizon * trend_sd) ** 2)
    omega = (np.arange(400) + 0.5) * (12.0 / 400) / total
    value = np.exp(-0.5 * (horizon * trend_sd * omega) ** 2)
    for weight in weights:
        value = value * characteristic(weight * omega)
    step = omega[1] - omega[0]
    points = total * np.linspace(1.0, 1.4, 21)
    cdf = 0.5 + (np.sin(np.outer(points, omega)) * value / omega).sum(axis=1) * step / pi
    return 2.0 * float(np.interp(0.9, cdf, points)) / NORMAL_P10_P90


def bisect(excess: Callable[[float], float], low: float, high: float) -> float:
    """Root of an increasing function, to 1e-5 of the bracket."""
    for _ in range(17):
        middle = 0.5 * (low + high)
        if excess(middle) > 0.0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def t_freedom_by_moments(standardised: NDArray[np.float64]) -> float:
    """Degrees of freedom from the excess kurtosis, 6 / (nu - 4)."""
    return 4.0 + 6.0 / (float((standardised**4).mean() / (standardised**2).mean() ** 2) - 3.0)


def t_freedom_by_likelihood(standardised: NDArray[np.float64]) -> float:
    """Degrees of freedom that maximise the likelihood, scale free, on a grid."""
    best, answer = -np.inf, np.nan
    for df in np.arange(2.5, 12.01, 0.1):
        for scale in np.arange(0.55, 1.0001, 0.01):
            squared = (standardised / scale) ** 2
            one = lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * np.log(df * pi) - np.log(scale)
            total = squared.size * one - (df + 1) / 2 * np.log1p(squared / df).sum()
            if total > best:
                best, answer = total, float(df)
    return answer


# --- shocks.csv ---------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """What the panel says about one log (or logit) quantity, own part: year mean removed."""

    trend_sd: float  # [1/year] sd between industries of the mean annual change, noise removed
    trend_sd_halves: float  # [1/year] the same from the covariance of two separate halves
    shock_sd: float  # [-] rms of own annual changes, pooled
    shock_sd_robust: float  # [-] the same from the interquartile range
    shock_sd_reference: float  # [-] sd at the reference size
    size_exponent: float  # [-] least squares
    size_exponent_robust: float  # [-] median of pairwise slopes (Theil-Sen)
    scatter: float  # [-] sd of log sd between industries of one size, noise removed
    spreads: dict[int, float]  # [-] by horizon, middle sizes


def median_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Median of the slopes between all pairs of points (Theil-Sen)."""
    left, right = np.triu_indices(x.size, 1)
    run = x[right] - x[left]
    steep = np.abs(run) > 1e-9
    return float(np.median((y[right] - y[left])[steep] / run[steep]))


def trend_spread(own: Panel) -> float:
    """Sd of industry means net of sampling noise, var(mean) - mean(var / n)."""
    count = np.isfinite(own).sum(axis=0)
    noise = np.nanvar(own, axis=0, ddof=1) / count
    return sqrt(max(float(np.nanmean(own, axis=0).var(ddof=1) - noise.mean()), 0.0))


def trend_spread_halves(own: Panel) -> float:
    """Root of the covariance of the mean changes of two separate halves.

    Needs no model of the noise, which has no part in common between the halves.
    """
    left, right = own[:HALF_YEARS].mean(axis=0), own[-HALF_YEARS:].mean(axis=0)
    both = np.isfinite(left) & np.isfinite(right)
    return sqrt(max(float(np.cov(left[both], right[both])[0, 1]), 0.0))


def measure(panel: Panel, size: NDArray[np.float64], reference: float) -> Measured:
    """Decompose one log quantity; `size` is real shipments [million 1987 USD]."""
    own = demeaned(change(panel, 1))
    net = own - np.nanmean(own, axis=0)
    sd = np.nanstd(own, axis=0, ddof=1)
    slope, level = np.polyfit(np.log(size / reference), np.log(sd), 1)
    rest = np.log(sd) - level - slope * np.log(size / reference)
    count = np.isfinite(own).sum(axis=0)
    fourth = float(np.nanmean((net / sd) ** 4))
    sampling = (fourth - 1.0) / (4.0 * count.mean())  # variance of a log sd
    middle = np.abs(np.argsort(np.argsort(size)) / (size.size - 1) - 0.5) <= 0.2
    spreads = {h: p10_p90(demeaned(change(panel, h))[:, middle]) for h in HORIZONS}
    return Measured(
        trend_spread(own),
        trend_spread_halves(own),
        float(np.nanstd(net)),
        robust_sd(net),
        float(np.exp(level)),
        float(slope),
        median_slope(np.log(size), np.log(sd)),
        sqrt(max(float(rest.var()) - sampling, 0.0)),
        spreads,
    )


def persistence(panel: Panel) -> float:
    """Lag-1 regression coefficient around a straight line of each industry, pooled."""
    own = demeaned(panel)
    years = np.arange(len(own)) - (len(own) - 1) / 2.0
    kept = own[:, np.isfinite(own).all(axis=0)]
    kept = kept - kept.mean(axis=0)
    kept = kept - np.outer(years, years @ kept / (years @ years))
    return float((kept[1:] * kept[:-1]).sum() / (kept[:-1] ** 2).sum())


def unbiased_persistence(measured: float, years: int) -> float:
    """Rho whose simulated panels of this length give the measured coefficient.

    Removing a line from a short series pulls the coefficient down by about
    (2 + 2 rho) / years; the same estimator on simulated series undoes it.
    """
    noise = np.random.default_rng(SEED).standard_normal((years + 100, 400))

    def excess(rho: float) -> float:
        state = np.zeros_like(noise)
        for year in range(1, len(noise)):
            state[year] = rho * state[year - 1] + noise[year]
        return persistence(state[-years:]) - measured

    return bisect(excess, 0.3, 0.9999)


def effective_shock(
    spread: float,
    horizon: int,
    trend_sd: float,
    rho: float,
    characteristic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> float:
    """Shock sd with which the model has this spread at this horizon."""
    return bisect(
        lambda sd: model_spread(horizon, trend_sd, sd, rho, characteristic) - spread, 0.001, 0.5
    )


@dataclass(frozen=True)
class Fit:
    """Parameters with which the model comes nearest to the measured spreads."""

    trend_sd: float  # [1/year]
    rho: float  # [-]
    shock_sd: float  # [-]
    error: float  # [-] rms of log(model spread / measured spread) over the horizons


@dataclass(frozen=True)
class SpreadTable:
    """Model spreads of a unit shock for every pair of trend-to-shock ratio and rho."""

    ratios: NDArray[np.float64]  # [1/year] trend sd / shock sd
    rhos: NDArray[np.float64]  # [-]
    log_spread: NDArray[np.float64]  # [ratio, rho, horizon]
    characteristic: Callable[[NDArray[np.float64]], NDArray[np.float64]]


def spread_table(df: float) -> SpreadTable:
    """Tabulate `model_spread`, so that every fit is a look-up."""
    characteristic = t_characteristic(df)
    ratios = np.round(np.arange(0.0, 0.3201, 0.005), 3)
    rhos = np.round(np.arange(0.5, 1.0001, 0.02), 2)
    spreads = [
        [[model_spread(h, ratio, 1.0, rho, characteristic) for h in HORIZONS] for rho in rhos]
        for ratio in ratios
    ]
    return SpreadTable(ratios, rhos, np.log(spreads), characteristic)


def best_fit(spreads: dict[int, float], table: SpreadTable, rho: float | None, trend: bool) -> Fit:
    """The nearest of all tabulated models; `rho` and the absence of a trend may be fixed.

    Spreads are homogeneous in (trend sd, shock sd): for each ratio of the two and each
    rho the best scale is the mean log ratio.
    """
    wanted = np.log([spreads[h] for h in HORIZONS])
    ratios = table.ratios if trend else table.ratios[:1]
    rhos = table.rhos if rho is None else np.array([rho])
    gaps = wanted - table.log_spread[: ratios.size, np.isin(table.rhos, rhos)]
    errors = gaps.std(axis=2)
    row, column = np.unravel_index(int(errors.argmin()), errors.shape)
    scale = float(np.exp(gaps[row, column].mean()))
    error = float(errors[row, column])
    return Fit(scale * float(ratios[row]), float(rhos[column]), scale, error)


def simulated_spreads(
    trend_sd: float, shock_sd: float, df: float, draws: int = 400_000
) -> dict[int, float]:
    """The same spreads by plain simulation of Eq. 4 with rho = 1: the check."""
    random = np.random.default_rng(SEED)
    trend = trend_sd * random.standard_normal(draws)
    shock = random.standard_t(df, (max(HORIZONS), draws)) * sqrt((df - 2.0) / df)
    path = np.cumsum(trend + shock_sd * np.clip(shock, -6.0, 6.0), axis=0)
    return {h: p10_p90(path[h - 1]) for h in HORIZONS}


QUANTITIES = ("output", "va_rate", "va_rate_logit", "energy_per_output", "labour_per_output")
PAIRS = (
    ("output", "energy_per_output"),
    ("output", "labour_per_output"),
    ("output", "va_rate"),
    ("energy_per_output", "labour_per_output"),
    ("energy_per_output", "va_rate"),
    ("labour_per_output", "va_rate"),
)


def log_panels(us: dict[str, Panel]) -> dict[str, Panel]:
    """The quantities of Eq. 1 in their link space."""
    output = np.log(us["vship"] / us["piship"])
    rate = us["vadd"] / us["vship"]
    return {
        "output": output,
        "va_rate": np.log(rate),
        "va_rate_logit": np.log(rate / (1.0 - rate)),
        "energy_per_output": np.log(us["energy"] / us["pien"]) - output,
        "labour_per_output": np.log(us["emp"]) - output,
    }


def statistics(us: dict[str, Panel], table: SpreadTable) -> dict[str, float]:
    """Every number of shocks.csv that a resampling of industries can move."""
    panels = log_panels(us)
    size = np.nanmean(us["vship"] / us["piship"], axis=0)
    reference = float(np.median(size))
    shocks = {name: demeaned(change(panel, 1)) for name, panel in panels.items()}
    shocks = {name: own - np.nanmean(own, axis=0) for name, own in shocks.items()}
    found: dict[str, float] = {"output_reference_size": reference}
    for name, panel in panels.items():
        m = measure(panel, size, reference)
        found |= {
            f"{name}_trend_sd": m.trend_sd if name == "output" else m.trend_sd_halves,
            f"{name}_shock_sd": m.shock_sd_reference,
            f"{name}_shock_sd_pooled": m.shock_sd,
            f"{name}_shock_sd_robust": m.shock_sd_robust,
            f"{name}_shock_sd_scatter": m.scatter,
            f"{name}_size_exponent": m.size_exponent,
            f"{name}_size_exponent_robust": m.size_exponent_robust,
        }
        found |= {f"{name}_spread_{h}": m.spreads[h] for h in HORIZONS}
        found |= fitted(name, m.spreads, table)
        if name == "output":
            found["output_trend_sd_halves"] = m.trend_sd_halves
            found["output_shock_sd_effective"] = effective_shock(
                m.spreads[5], 5, m.trend_sd, 1.0, table.characteristic
            )
        else:
            found[f"{name}_rho_lag1"] = persistence(panel)
    for left, right in PAIRS:
        found[f"correlation_{left}_{right}"] = correlation(shocks[left], shocks[right])
        found[f"correlation_{left}_{right}_robust"] = rank_correlation(shocks[left], shocks[right])
    for horizon in (1, 5):
        found[f"pair_correlation_{horizon}"] = pair_correlation(panels["output"], horizon)
    return found


def fitted(name: str, spreads: dict[int, float], table: SpreadTable) -> dict[str, float]:
    """Parameters that reproduce the spreads at all horizons, with and without a trend."""
    if name == "output":
        best = best_fit(spreads, table, rho=1.0, trend=True)
        return {
            "output_trend_sd_fit": best.trend_sd,
            "output_shock_sd_fit": best.shock_sd,
            "output_fit_error": best.error,
        }
    best = best_fit(spreads, table, rho=None, trend=True)
    plain = best_fit(spreads, table, rho=None, trend=False)
    return {
        f"{name}_trend_sd_fit": best.trend_sd,
        f"{name}_rho_fit": best.rho,
        f"{name}_shock_sd_fit": best.shock_sd,
        f"{name}_fit_error": best.error,
        f"{name}_rho_fit_no_trend": plain.rho,
        f"{name}_shock_sd_fit_no_trend": plain.shock_sd,
        f"{name}_fit_no_trend_error": plain.error,
    }


def resampled(us: dict[str, Panel], table: SpreadTable) -> dict[str, tuple[float, float]]:
    """5 % and 95 % points of `statistics` over resampled industries."""
    random = np.random.default_rng(SEED)
    count = us["vship"].shape[1]
    runs = []
    for _ in range(BOOTSTRAPS):
        chosen = random.integers(0, count, count)
        runs.append(statistics({name: panel[:, chosen] for name, panel in us.items()}, table))
    bounds = {name: np.quantile([run[name] for run in runs], (0.05, 0.95)) for name in runs[0]}
    return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


def common_statistics(panels: dict[str, Panel]) -> dict[str, tuple[float, float, float]]:
    """(value, low, high) of what the means over industries of each year say.

    90 % intervals from the number of years, normal theory; no interval where blank.
    """
    missing = float("nan")
    means = {name: np.nanmean(change(panel, 1), axis=1) for name, panel in panels.items()}
    output = means["output"] - means["output"].mean()
    years = output.size
    loading = float(output.std(ddof=1))
    phi = float(np.corrcoef(output[1:], output[:-1])[0, 1])
    wide = 1.645 * loading * sqrt((1 + phi**2) / (1 - phi**2) / (2 * years))
    width = 1.645 * sqrt((1 - phi**2) / years)
    found = {
        "common_loading": (loading, loading - wide, loading + wide),
        "common_phi": (phi, phi - width, phi + width),
    }
    sums = {h: float(np.nanmean(change(panels["output"], h), axis=1).std()) for h in HORIZONS}
    trials = np.round(np.arange(-0.2, 0.601, 0.01), 2)
    gaps = [np.log([common_sum(h, a) / sums[h] for h in HORIZONS]) for a in trials]
    best = int(np.argmin([gap.std() for gap in gaps]))
    found["common_phi_effective"] = (float(trials[best]), missing, missing)
    found["common_loading_effective"] = (float(np.exp(-gaps[best].mean())), missing, missing)
    found |= {f"common_spread_{h}": (sums[h], missing, missing) for h in HORIZONS}
    for name in QUANTITIES[1:]:
        own = means[name] - means[name].mean()
        slope = float(own @ output / (output @ output))
        rest = float((own - slope * output).std(ddof=2))
        error = 1.645 * rest / sqrt(years)
        value = slope * loading
        found[f"common_loading_{name}"] = (value, value - error, value + error)
        found[f"common_rest_sd_{name}"] = (rest, missing, missing)
    return found


def common_sum(horizon: int, phi: float) -> float:
    """Sd of the sum of `horizon` years of a unit-variance AR(1)."""
    lags = np.arange(1, horizon)
    return sqrt(horizon + 2.0 * float(((horizon - lags) * phi**lags).sum()))


# What each row of shocks.csv is. {q} is a quantity in its link space: log output, log
# value-added rate, logit value-added rate, log energy per output, log labour per output.
NOTES = {
    "output_reference_size": (
        "million 1987 USD",
        "median over industries of real shipments averaged over years",
    ),
    "output_trend_sd": (
        "1/year",
        "sd between industries of mean annual growth, year mean and sampling noise removed",
    ),
    "output_trend_sd_halves": (
        "1/year",
        "root of the covariance of industry mean growth in 1959-1983 and 1987-2011",
    ),
    "output_shock_df": (
        "-",
        "Student-t degrees of freedom of own shocks standardised by industry: from kurtosis; "
        "low: likelihood; high: kurtosis after scaling each year; the model uses 6.5",
    ),
    "output_shock_sd_effective": (
        "-",
        "shock sd with which output_trend_sd and rho = 1 give the measured five-year spread",
    ),
    "output_trend_sd_fit": (
        "1/year",
        "trend spread that with output_shock_sd_fit and rho = 1 is nearest to the spreads of "
        "1, 3, 5, 10 years: the pair to simulate with",
    ),
    "output_shock_sd_fit": ("-", "own shock sd at the reference size, see output_trend_sd_fit"),
    "common_loading": ("-", "sd of the mean over industries of annual log growth"),
    "common_phi": ("-", "its lag-1 correlation"),
    "common_phi_effective": ("-", "AR coefficient nearest to the common spreads of all horizons"),
    "common_loading_effective": ("-", "loading that goes with common_phi_effective"),
    "pair_correlation_1": ("-", "mean correlation of growth between industries, 1 year"),
    "pair_correlation_5": ("-", "mean correlation of growth, 5 years, overlapping windows"),
}
PATTERNS = (
    ("_trend_sd", "1/year", "root of the covariance of mean changes 1959-1983 and 1987-2011"),
    ("_shock_sd", "-", "sd of own annual changes at the reference size: full"),
    ("_shock_sd_pooled", "-", "rms of own annual changes, all industries"),
    ("_shock_sd_robust", "-", "interquartile range / 1.349 of own annual changes"),
    ("_shock_sd_scatter", "-", "sd of log shock sd between industries of one size"),
    ("_size_exponent", "-", "shock sd ~ size^exponent, least squares"),
    ("_size_exponent_robust", "-", "the same, median of pairwise slopes"),
    ("_trend_sd_fit", "1/year", "trend spread of the model nearest to the spreads"),
    ("_rho_fit", "-", "persistence of the model nearest to the spreads, n = 0 at the base"),
    ("_shock_sd_fit", "-", "shock sd of the model nearest to the spreads, reference size"),
    ("_fit_error", "-", "rms log error of that model over 1, 3, 5, 10 years"),
    ("_rho_fit_no_trend", "-", "persistence of the nearest model without trend spread"),
    ("_shock_sd_fit_no_trend", "-", "its shock sd"),
    ("_fit_no_trend_error", "-", "its rms log error"),
    ("_rho_lag1", "-", "lag-1 coefficient around a line of each industry, biased downwards"),
    ("_rho", "-", "the same, freed of the bias of removing a line from 54 years"),
)


def described(name: str) -> tuple[str, str]:
    """Unit and note of a row."""
    if name in NOTES:
        return NOTES[name]
    if name.startswith("correlation_"):
        kind = "rank-based, normal equivalent" if name.endswith("_robust") else "Pearson"
        return "-", f"correlation of own annual changes of one industry, {kind}"
    if name.startswith("common_loading_"):
        return "-", "loading of the yearly mean change on the common output shock"
    if name.startswith("common_rest_sd_"):
        return "-", "sd of the yearly mean change that the common output shock leaves"
    if name.startswith("common_spread_"):
        return "-", "sd over windows of the mean log growth over industries"
    if "_spread_" in name:
        return "-", spread_note(name)
    for ending, unit, note in PATTERNS:
        if name.endswith(ending) and name[: -len(ending)] in QUANTITIES:
            return unit, note
    raise ValueError(f"{name}: no unit and note")


def spread_note(name: str) -> str:
    """Note of a measured or simulated spread."""
    horizon = name.split("_spread_")[1].split("_")[0]
    base = f"p10-p90 / 2.563 of {horizon}-year changes, year mean removed, middle 40 % by size"
    if name.endswith("_simulated_measured"):
        return f"{base}: simulated, output_trend_sd and output_shock_sd"
    if name.endswith("_simulated_effective"):
        return f"{base}: simulated, output_trend_sd and output_shock_sd_effective"
    if name.endswith("_simulated_fit"):
        return f"{base}: simulated, output_trend_sd_fit and output_shock_sd_fit"
    return base


def shocks(us: dict[str, Panel]) -> list[list[object]]:
    """All rows of shocks.csv."""
    missing = float("nan")
    panels = log_panels(us)
    df = shock_freedom(panels["output"])
    table = spread_table(round(df[0], 1))
    found = statistics(us, table)
    bounds = resampled(us, table)
    rows = {name: (value, *bounds[name]) for name, value in found.items()}
    for name in QUANTITIES[1:]:
        trio = [unbiased_persistence(lag1, len(panels[name])) for lag1 in rows[f"{name}_rho_lag1"]]
        rows[f"{name}_rho"] = (trio[0], trio[1], trio[2])
    rows["output_shock_df"] = df
    pairs = {
        "measured": (found["output_trend_sd"], found["output_shock_sd"]),
        "effective": (found["output_trend_sd"], found["output_shock_sd_effective"]),
        "fit": (found["output_trend_sd_fit"], found["output_shock_sd_fit"]),
    }
    for pair, (trend_sd, shock_sd) in pairs.items():
        for h, spread in simulated_spreads(trend_sd, shock_sd, round(df[0], 1)).items():
            rows[f"output_spread_{h}_simulated_{pair}"] = (spread, missing, missing)
    rows |= common_statistics(panels)
    return [
        [name, number(value, 4), unit, number(low, 4), number(high, 4), note]
        for name, (value, low, high) in rows.items()
        for unit, note in (described(name),)
    ]


def shock_freedom(output: Panel) -> tuple[float, float, float]:
    """(from kurtosis, from likelihood, from kurtosis after scaling each year too)."""
    own = demeaned(change(output, 1))
    own = own - np.nanmean(own, axis=0)
    own = own / np.nanstd(own, axis=0)
    calm = own / np.array([[robust_sd(year)] for year in own])
    calm = calm / np.nanstd(calm, axis=0)
    return (
        t_freedom_by_moments(present(own)),
        t_freedom_by_likelihood(present(own)),
        t_freedom_by_moments(present(calm)),
    )


# --- chinese_sectors.csv ------------------------------------------------------------


def chinese_sectors(
    cip: dict[str, Panel], years: NDArray[np.int64]
) -> tuple[list[str], list[list[object]]]:
    """Header and rows of chinese_sectors.csv, one row a sector."""
    late = years >= 2010
    decade = years >= 2005
    rate = cip["va_rate"]
    line = np.polyfit(years[decade].astype(float), rate[decade], 1)[0]
    growth = np.log1p(cip["real_growth"] / 100.0)
    share = cip["energy_cost_share_of_va"]
    columns: dict[str, NDArray[np.float64]] = {
        "va_rate_2010_2015": rate[late].mean(axis=0),
        "va_rate_trend_2005_2015_points_per_year": 100.0 * line,
        "real_growth_2005_2010_percent_per_year": 100.0
        * np.expm1(growth[(years > 2005) & (years <= 2010)].mean(axis=0)),
        "real_growth_2010_2015_percent_per_year": 100.0
        * np.expm1(growth[years > 2010].mean(axis=0)),
        "energy_cost_share_of_va_2010_2015": share[late].mean(axis=0),
        "energy_cost_per_output_2010_2015": (share * rate)[late].mean(axis=0),
        "output_price_change_2010_2015_percent_per_year": 100.0
        * np.expm1(np.log(cip["ppi_by_sector"][years > 2010] / 100.0).mean(axis=0)),
    }
    rows: list[list[object]] = [
        [code, english, chinese, *(number(column[place], 4) for column in columns.values())]
        for place, (code, (english, chinese)) in enumerate(SECTORS.items())
    ]
    return ["code", "name_en", "name_zh", *columns], rows


# --- growth_law.csv, us_groups.csv --------------------------------------------------


def us_accounts(us: dict[str, Panel]) -> dict[str, Panel]:
    """Real output and value added [million 1987 USD], energy at 1987 prices, by industry."""
    output = us["vship"] / us["piship"]
    value_added = output * us["vadd"] / us["vship"]  # single deflation: real output x rate
    return {"output": output, "value_added": value_added, "energy": us["energy"] / us["pien"]}


def us_levels(us: dict[str, Panel]) -> dict[str, Panel]:
    """The quantities of the forecasting law in link space."""
    accounts, rate = us_accounts(us), us["vadd"] / us["vship"]
    return {
        "output": np.log(accounts["output"]),
        "va_rate": np.log(rate / (1.0 - rate)),
        "energy_intensity": np.log(accounts["energy"] / accounts["value_added"]),
    }


def growth_laws(us: dict[str, Panel], years: NDArray[np.int64]) -> list[list[object]]:
    """All rows of growth_law.csv: the law of every window that begins in 1958, by its end.

    Every industry that exists at the end of a window and ten years before is in it.
    """
    levels, rows = us_levels(us), []
    for quantity, level in levels.items():
        start: tuple[float, ...] = ()
        for place in range(FEWEST_CHANGES, len(years)):
            known = np.isfinite(level[place]) & np.isfinite(level[place - FEWEST_CHANGES])
            fit = fit_law(
                level[: place + 1, known],
                levels["output"][: place + 1, known],
                quantity,
                int(years[place]),
                start,
            )
            if not fit.converged:
                raise ValueError(f"{quantity} {years[place]}: {fit.message}")
            start = fit.found
            rows.append(law_cells(fit.law))
    return rows


def us_groups(
    us: dict[str, Panel], years: NDArray[np.int64], codes: Sequence[str]
) -> list[list[object]]:
    """All rows of us_groups.csv: sums over the industries of a group that have all years.

    Real values are summed; the value-added rate is that of the sums at current prices.
    """
    accounts = us_accounts(us)
    whole = np.isfinite(us["vship"]).all(axis=0)
    rows: list[list[object]] = []
    for code, name in GROUPS.items():
        inside = whole & np.array([industry.startswith(code) for industry in codes])
        total = {key: panel[:, inside].sum(axis=1) for key, panel in accounts.items()}
        rate = us["vadd"][:, inside].sum(axis=1) / us["vship"][:, inside].sum(axis=1)
        intensity = total["energy"] / total["value_added"]
        rows += [
            [f"{code} {name}", year, number(y, 2), number(v), number(e)]
            for year, y, v, e in zip(years, total["output"], rate, intensity, strict=True)
        ]
    return rows


# --- main ---------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the raw panels, write the tables."""
    parser = argparse.ArgumentParser(description="Derive the reference-class tables.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw panels")
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the tables")
    options = parser.parse_args(arguments)
    us_years, us = read_us(options.data / "us_industries_1958_2011.csv")
    names = ("real_growth", "nominal_output", "va_rate", "energy_cost_share_of_va", "ppi_by_sector")
    read = {name: read_cip(options.data / f"cip_{name}.csv") for name in names}
    years = read["va_rate"][0]
    cip = {name: panel for name, (_, panel) in read.items()}
    header, rows = chinese_sectors(cip, years)
    write_table(options.out / "chinese_sectors.csv", header, rows)
    write_table(
        options.out / "growth_quantiles.csv",
        ["class", "quantity", "horizon", "quantile", "value", "windows", "industries", "period"],
        growth_quantiles(us, cip, years),
    )
    write_table(options.out / "growth_law.csv", COLUMNS, growth_laws(us, us_years))
    write_table(
        options.out / "us_groups.csv",
        ["series", "year", "output", "va_rate", "energy_intensity"],
        us_groups(us, us_years, us_codes(options.data / "us_industries_1958_2011.csv")),
    )
    write_table(
        options.out / "shocks.csv", ["name", "value", "unit", "low", "high", "note"], shocks(us)
    )


if __name__ == "__main__":
    main()
