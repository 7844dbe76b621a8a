"""The nouns: what a plan is made of. Frozen, plain, validated where they enter (``scenarios``).

Money is in 亿元 (100 million yuan), shares are fractions of one, rates are per year, intensities
are per 万元 of real output; the border converts (``simulator/units.py``). Unit and bounds of a
figure stand at its field (``marks.py``). The vocabulary is that of ``docs/model.md``.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_args

from plansim.simulator.marks import (
    AnyNumber,
    AsHeld,
    Certain,
    Measures,
    NotNegative,
    Settable,
    Share,
    Unit,
    Unwritten,
)
from plansim.simulator.outlook import OutsideView

Origin = Literal["stated", "derived", "estimated", "literature", "judgement", "goal"]
#: In whose hands a target lies (docs/plan-files.md, *Owners*).
Owner = Literal["administration", "quota", "anticipated", "market"]
Link = Literal["log", "logit", "identity"]
Level = Literal["county", "prefecture", "province", "nation"]
#: What a target is about, for the outside view (Eq. 19).
Field = Literal[
    "growth", "level", "productivity", "va_rate", "structure", "rnd", "patents", "new_products",
    "digital", "energy", "water", "environment", "counts", "investment", "other",
]  # fmt: skip
Curve = Literal["exponential", "logistic", "gompertz", "richards"]
#: Who has a lever in hand: the administration, the world outside, whoever sets goals, whoever
#: checks figures.
LeverKind = Literal["administration", "world", "goal", "verify"]

#: The share of real industries whose change was no higher. (quantity, years, change) → share; None
#: where the quantity is not known there.
Reference = Callable[[str, int, float], float | None]


@dataclass(frozen=True, slots=True)
class Requested:
    """What a target asks of precedents: from ``start`` to ``end`` [base unit] in ``years``.

    ``quantity``: `Indicator.reference`; ``sector``: whether it is output of industry; ``year``: of
    the start; ``up``: whether more is better; ``is_province``: any other place is smaller.
    """

    quantity: str
    sector: bool
    years: int
    start: float
    end: float
    year: int
    up: bool
    is_province: bool


@dataclass(frozen=True, slots=True)
class Precedent:
    """How often a class of Chinese places did what is asked, over windows of ``years`` years.

    ``since``: share of the windows since 2011 that did [fraction], ``boom``: of those within
    1999-2012; None where there are no windows.
    """

    group: str
    years: int
    since: float | None
    since_windows: int | None
    boom: float | None
    boom_windows: int | None


#: How often what is asked happened to Chinese places; None where no class speaks of it.
Precedents = Callable[[Requested], Precedent | None]

#: Every mapping of a plan file is closed: an unknown key is a fault (read by the border).
CLOSED: dict[str, object] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    zh: str
    en: str

    def in_language(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


#: What a plan says in words: in both languages, or in one for all readers.
Text = str | Label


def in_language(text: Text, lang: str) -> str:
    """A text as a reader of one language has it."""
    return text if isinstance(text, str) else text.in_language(lang)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """A distribution, given by its parameters or by quantiles. See ``sampling.FORMS``."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    dist: str
    mean: float | None = None
    sd: float | None = None
    df: float | None = None
    a: float | None = None
    b: float | None = None
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    p05: float | None = None
    p50: float | None = None
    p95: float | None = None
    values: tuple[float, ...] | None = None
    weights: tuple[float, ...] | None = None

    #: The fields that are amounts in the figure's unit (what a factor or a unit conversion moves).
    AMOUNTS: ClassVar[tuple[str, ...]] = (
        "mean", "sd", "low", "mode", "high", "p05", "p50", "p95", "values",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a plan with its unit and its provenance.

    ``origin``: *stated* by the document; *derived* from stated figures by an identity; *estimated*
    from outside facts; *literature*: a published estimate carried over; *judgement*; *goal*: read
    from the goal that it is held against (``circles.py``).
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    value: float | Uncertainty
    origin: Origin
    source: str
    unit: str = "1"
    year: int | None = None
    why: Text = ""


#: Figures by what they measure.
Fraction = Annotated[Figure, Unit("1"), Share()]
Number = Annotated[Figure, Unit("1"), AnyNumber()]
Amount = Annotated[Figure, Unit("1"), NotNegative()]
Money = Annotated[Figure, Unit("亿元"), NotNegative()]
Years = Annotated[Figure, Unit("year"), NotNegative()]
Growth = Annotated[Figure, Unit("1/year"), AnyNumber()]
Speed = Annotated[Figure, Unit("1/year"), NotNegative()]
#: So much of what the plan counts: units, applications, land.
Counted = Annotated[Figure, Unit(None), NotNegative()]
#: Lots worked on at once.
Servers = Annotated[Figure, Unit("count"), AnyNumber(), Certain(), Settable(whole=True)]


@dataclass(frozen=True, slots=True)
class Trend:
    """Eq. 2: where a quantity goes without programmes and luck.

    ``rate``: for ``exponential``, the yearly change at the base year in the quantity's own terms
    (log link: growth, fraction per year; logit and identity: change per year). For the saturating
    curves the unconstrained rate r of Eq. 2 [1/year]; for ``gompertz`` the speed k [1/year].
    ``ceiling``: the level z̄ stands for, in the quantity's unit. ``theta``: ``richards`` only.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    rate: Growth
    curve: Curve = "exponential"
    ceiling: Annotated[Figure, AsHeld(), AnyNumber()] | None = None
    theta: Number | None = None


@dataclass(frozen=True, slots=True)
class Luck:
    """Eq. 4: own shocks, common shock, persistence.

    ``sd`` [link units, one year] belongs to ``reference_size`` where one is given and falls with
    base-year size as (size / reference_size) ** size_exponent; ``loading`` on the common shock.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    sd: Amount
    persistence: Fraction
    loading: Number | None = None
    reference_size: Money | None = None
    size_exponent: Number | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """One simulated number: a base, a link, a trend, luck. The same equation for all of them.

    Only the output of the rest of industry has no ``base``: it is what the others leave (Eq. 13).
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    link: Link
    trend: Trend
    luck: Luck
    base: Annotated[Figure, AsHeld(bound=True)] | None = None
    floor: float | None = None
    ceiling: float | None = None
    name: Label | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """An industry group. Energy, water and labour are per unit of real output.

    ``tags``: the weight, 0 to 1, with which the cluster belongs to each tagged group (Eq. 9).
    ``residual``: the rest of industry; its base output is what the others leave of the total.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    name: Label
    tags: Mapping[str, Fraction]
    output: Annotated[Quantity, Measures(Unit("亿元"), NotNegative())]
    va_rate: Annotated[Quantity, Measures(Unit("1"), Share())]
    energy: Annotated[Quantity, Measures(Unit("tce/万元"), NotNegative())]
    water: Annotated[Quantity, Measures(Unit("t/万元"), NotNegative())]
    labour: Annotated[Quantity, Measures(Unit("person/万元"), NotNegative())]
    residual: bool = False

    #: The quantities of every cluster, in the order of the quantity axis.
    QUANTITIES: ClassVar[tuple[str, ...]] = ("output", "va_rate", "energy", "water", "labour")


@dataclass(frozen=True, slots=True)
class Totals:
    """What all clusters together must give in the base year, in every draw.

    ``output`` [亿元]; ``va_rate`` [fraction], of ``scope``; ``shares``: share of each tag in value
    added [fraction], by tag.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    output: Money
    va_rate: Fraction
    shares: Mapping[str, Fraction] = field(default_factory=dict)
    scope: str = "all"


@dataclass(frozen=True, slots=True)
class Prices:
    """Output and input prices of the place's industry (base year = 1) and Eq. 5's pass-through."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    output: Annotated[Quantity, Measures(Unit("1"), NotNegative())]
    input: Annotated[Quantity, Measures(Unit("1"), AnyNumber())]
    pass_through: Number


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of parameters (copula) or of own shocks, between two paths or patterns.

    Two patterns with one ``*`` each are matched cluster by cluster; the same pattern twice means
    every pair of its matches.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    between: tuple[str, str]
    value: float
    source: str
    why: Text = ""


@dataclass(frozen=True, slots=True)
class Coupling:
    """Eq. 3: a programme-induced change of ``source_quantity`` passes on to ``to``.

    ``strength`` γ: log change of the receiver per log change of the source, in the long run;
    ``speed`` κ [1/year]: how fast the stock between them fills.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    source_quantity: str
    to: str
    strength: Number
    speed: Speed


@dataclass(frozen=True, slots=True)
class Effect:
    """What full additional coverage does to a quantity (Eq. 3).

    ``change``: *relative* (size −0.06 = a fall of 6 %) or *absolute* (size 0.02 = 2 points).
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    on: str
    size: Number
    change: Literal["relative", "absolute"] = "relative"


@dataclass(frozen=True, slots=True)
class Coverage:
    """A schedule: how far a programme has reached by the end of each year.

    ``path``: share of what was planned that is reached at the end of the year named, straight
    lines between, zero at the beginning of ``start``. ``depth``: the share of the plan that is
    realised in the end. ``delay`` [years] moves the whole path. ``limit``: nothing is delivered
    beyond this share, where the pool of units is no larger.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    start: Annotated[int, Settable(whole=True, year=True)]
    path: Mapping[int, Annotated[float, Settable()]]
    depth: Annotated[Amount, Settable()]
    delay: Years | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Work stands still once in a future, with this ``chance``, for this ``length`` [years]."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    chance: Fraction
    length: Years


@dataclass(frozen=True, slots=True)
class Office:
    """Servers that stages of several programmes share: a review office, a testing house.

    ``servers``: lots worked on at once.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    name: Label
    servers: Servers
    stopped: Stop | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """So much a year, handed out first come, first served: a budget, the land quota.

    ``amount`` comes every January from ``start`` on (the base year, if not given). What is left at
    the end of a year lapses, or is carried over.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    amount: Annotated[Figure, AsHeld(bound=True), Settable()]
    unspent: Literal["lapse", "carry"] = "lapse"
    start: Annotated[int, Settable(whole=True, year=True)] | None = None
    name: Label | None = None


Quotas = Mapping[str, Annotated[Quota, Measures(Unit(None), NotNegative())]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a programme: what it takes of quotas, then servers, then time.

    ``time``: of the median lot [years]; ``scatter``: spread of its logarithm among the lots of one
    future; ``drop_out``: share that leaves at the end. ``servers``: lots worked on at once, without
    limit if not given; ``office``: whose servers do it instead. ``takes``: so much of each quota a
    unit, taken when the stage is reached and never given back.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    time: Annotated[Years, Settable()]
    scatter: Amount | None = None
    drop_out: Fraction | None = None
    servers: Servers | None = None
    office: str | None = None
    takes: Mapping[str, Counted] = field(default_factory=dict)
    stopped: Stop | None = None
    name: Label | None = None


@dataclass(frozen=True, slots=True)
class Subsidy:
    """A unit is awarded min(``rate`` × investment, ``cap``) [亿元] when it reaches stage ``at``.

    The money comes from the programme's own ``budget``, or from the ``fund``, a quota of the plan
    that may serve several programmes; without either it is always there. ``response``: how much
    more apply, as a share of intake, per share of investment awarded.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    rate: Annotated[Fraction, Settable()]
    at: str
    cap: Annotated[Money, Settable()] | None = None
    response: Amount | None = None
    budget: Annotated[Quota, Measures(Unit("亿元/year"), NotNegative())] | None = None
    fund: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Section "Delivery" of docs/model.md: units apply, wait, are worked on, and are delivered.

    ``intake``: applications without a subsidy [units/year], from January of ``start`` to the end
    of ``end``; ``season``: weights of the twelve months. The pool of ``eligible`` units is used up
    by applications. ``ordinary``: what would be undertaken without the programme, as part of
    ``intake`` [units/year]. ``investment``: of the median unit [亿元] before ``overrun`` (a
    factor), with the spread ``scatter`` of its logarithm. ``ramp``: years until what is
    commissioned is in full use.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    start: Annotated[int, Settable(whole=True, year=True)]
    intake: Annotated[Counted, Settable()]
    stages: Mapping[str, Stage]
    end: Annotated[int, Settable(whole=True, year=True)] | None = None
    season: tuple[float, ...] | None = None
    eligible: Counted | None = None
    ordinary: Counted | None = None
    investment: Money | None = None
    scatter: Amount | None = None
    overrun: Amount | None = None
    subsidy: Subsidy | None = None
    ramp: Years | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """A policy measure that is delivered in units: by a queue, or by a coverage schedule.

    ``units``: number of units at full coverage, delivered in ``lot`` at a time. ``additional``:
    share of the delivered that would not have come anyway. ``projects``: output of commissioned
    capacity at full coverage by cluster [亿元 at base-year prices] and ``crowding_out``, the share
    of it taken from existing firms. ``closures``: share of a cluster's organic output closed.
    ``recognised``: output at full coverage of firms that cross the threshold of the statistics:
    measured from then on, and no more real than before [亿元].
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    name: Label
    additional: Fraction
    coverage: Coverage | None = None
    queue: Queue | None = None
    active: bool = False
    unit: str = "1"
    units: Annotated[Counted, Settable()] | None = None
    lot: float = 1
    cost: Money | None = None
    crowding_out: Fraction | None = None
    effects: tuple[Effect, ...] = ()
    projects: Mapping[str, Annotated[Money, Settable()]] = field(default_factory=dict)
    closures: Mapping[str, Annotated[Fraction, Settable()]] = field(default_factory=dict)
    recognised: Mapping[str, Annotated[Money, Settable()]] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Lever:
    """A value of the plan that may be another one, and the range in which it can be.

    ``kind``: *administration*: the administration sets it; *world*: it comes from outside and is no
    policy; *goal*: the value or the year of a target; *verify*: it is so or not, and can be looked
    up. If not given it follows from the path (``lever_rules.lever_kind``).
    ``path`` leads to a figure, or to a plain number such as a year. It may take the values from
    ``low`` to ``high`` by ``step`` [``unit``], a twentieth of the range if not given, and its own.
    An uncertain figure is moved as a whole: its median is what counts. A path with ``*`` moves
    every figure that it leads to by the same: ``low`` and ``high`` are added, 0 is the plan's own.
    ``cost`` of one unit more: once [亿元], or in every year in which it runs [亿元/year].
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    name: Label
    path: str
    low: float
    high: float
    origin: Origin
    source: str
    unit: str = "1"
    step: float | None = None
    cost: Annotated[Counted, Certain()] | None = None
    why: Text = ""
    kind: LeverKind | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number that the plan reports, computed from quantities by an identity.

    ``measure``: *account*: Σ ``of`` over a scope, divided by Σ ``over`` where one is given (sum
    first, divide last); *clusters_above*: clusters above ``threshold`` are counted; *firms_above*:
    Eq. 10, from the stated base-year ``count``; *delivered*: what ``programme`` has delivered.
    ``scope``: the statistical scope ("all" or a tag); ``tag``: the group that the numerator is
    restricted to (Eq. 9). ``subjects``: the place as a whole, or each cluster. ``anchor``: the
    stated base-year value, which every draw reproduces by scaling.
    ``reference``: the quantity of the reference class its growth is compared with. ``field``:
    what the outside view takes it for (Eq. 19); where it is not said its accounts say it.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    name: Label
    unit: str
    measure: Literal["account", "clusters_above", "firms_above", "delivered"]
    of: str = ""
    over: str | None = None
    scope: str = "all"
    tag: str | None = None
    subjects: Literal["place", "clusters"] = "place"
    anchor: Annotated[Figure, Unit(None), AnyNumber()] | None = None
    threshold: Money | None = None
    count: Annotated[Figure, Unit("count"), NotNegative()] | None = None
    exponent: Number | None = None
    churn: Speed | None = None
    programme: str | None = None
    reference: str | None = None
    field: Field | None = None


Choice = TypeVar("Choice", bound=str)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Switch(Generic[Choice]):
    """An assumption that chooses between readings of the document."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    value: Choice
    why: Text
    source: str


#: The law of luck of a plan that does not name one.
ANNUAL: Switch[Literal["annual", "paths"]] = Switch(
    "annual",
    Label(
        "逐年独立的冲击（式 4）；另一读法为参照类的路径（式 4a），经回测",
        "shocks drawn year by year (Eq. 4); paths is the law that was hindcast (Eq. 4a)",
    ),
    "docs/model.md",
)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the document leaves open. Shown, and switched in a scenario or with ``--set``."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    output_prices: Switch[Literal["current", "constant"]]
    growth_window: Switch[Literal["average", "last_year"]]
    deflation: Switch[Literal["single", "double"]]
    scope: Switch[Literal["as_worded", "industry"]]
    about_tolerance: Annotated[Amount, Certain()]
    about_growth_tolerance: Annotated[Amount, Certain()]
    about_share_tolerance: Annotated[Amount, Certain()]
    near_tolerance: Annotated[Amount, Certain()]
    labour_release: Fraction
    shock_df: Annotated[Number, Certain()]
    common_persistence: Annotated[Fraction, Certain()]
    law: Switch[Literal["annual", "paths"]] = ANNUAL


@dataclass(frozen=True, slots=True)
class Target:
    """One quantified statement of the document: a row of ``targets.csv``.

    ``low``, ``high`` are in ``unit``, as worded: a fall is a negative ``change_vs_base``.
    ``cluster`` is the key of the subject, "" for the place as a whole, and ``scale`` is one
    ``unit`` in base units: both are worked out where the row is read. Its numbers and its reason
    can be set (``targets.ID.low``); what it speaks of is another target. ``owner``: what the
    administration itself does or counts; a *quota* that a level above hands down (约束性); what the
    document or its kind calls *anticipated* (预期性); what firms bring about (*market*).
    """

    id: Annotated[str, Unwritten()]
    indicator: Annotated[str, Unwritten()]
    indicator_zh: Annotated[str, Unwritten()]
    subject: Annotated[str, Unwritten()]
    subject_zh: Annotated[str, Unwritten()]
    unit: Annotated[str, Unwritten()]
    basis: Annotated[str, Unwritten()]
    comparator: Annotated[str, Unwritten()]
    direction: Annotated[str, Unwritten()]
    base_year: int | None
    base_value: float | None
    year: Annotated[int | None, Settable(whole=True, year=True)]
    low: Annotated[float | None, Settable()]
    high: Annotated[float | None, Settable()]
    kind: Annotated[str, Unwritten()]
    owner: Annotated[Owner, Unwritten()]
    status: Annotated[str, Unwritten()]
    reason: str
    reason_zh: str
    restates: Annotated[str, Unwritten()]
    source: str
    cluster: Annotated[str, Unwritten()] = ""
    scale: Annotated[float, Unwritten()] = 1.0

    def reason_in(self, lang: str) -> str:
        """Why it is not judged, as a reader of one language has it: in the other, if need be."""
        return (self.reason_zh or self.reason) if lang == "zh" else (self.reason or self.reason_zh)


#: Quantities of a reference class that an indicator can be compared with.
REFERENCES = (
    "output_growth", "nominal_output_growth", "labour_productivity_growth", "va_rate_change",
    "energy_intensity_change", "energy_per_output_change", "rd_to_gdp_change",
    "rd_to_revenue_change", "patents_per_revenue_change", "new_product_rate_change",
    "high_tech_share_change", "high_tech_profit_rate_change", "tax_to_gdp_change",
    "high_tech_firms_change", "certified_high_tech_firms_change",
)  # fmt: skip
BASES = (
    "level", "change_vs_base", "annual_growth", "cumulative_count", "share", "rate", "per_year",
)  # fmt: skip
COMPARATORS = (
    "reach", "approx", "at_least", "near_below", "range", "at_most", "all", "every_year",
)  # fmt: skip
DIRECTIONS = ("up", "down", "hold")
KINDS = ("outcome", "activity", "investment", "policy")
OWNERS: tuple[Owner, ...] = get_args(Owner)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Named overrides on top of a plan, inheriting from at most one parent.

    ``take``: programmes of shipped plans and libraries (``cixi-2017/smart_lines``) that join the
    plan, switched on, before ``set``.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    name: Label
    extends: str | None = None
    take: tuple[str, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)
    why: Text = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who, where, when.

    ``level``: what kind of place it is; None where nothing is said (the outside view, Eq. 19).
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    id: str
    name: Label
    region: Label
    base_year: int
    years: tuple[int, int]
    dated: str
    documents: tuple[str, ...]
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A document that is no plan: what it is, whose, and of what date."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    id: str
    name: Label
    region: Label
    dated: str
    documents: tuple[str, ...]


class Keeping:
    """A noun that keeps what was worked out of it: in no field, so that its equality, its copies,
    its pickle and its files know nothing of it.
    """

    __slots__ = ("_found",)
    _found: dict[Hashable, Any]

    def kept(self, key: Hashable, work: Callable[[], Found]) -> Found:
        """What the work finds under a key: now, or when it was first asked for."""
        if not hasattr(self, "_found"):
            object.__setattr__(self, "_found", {})
        if key not in self._found:
            self._found[key] = work()
        found: Found = self._found[key]
        return found


@dataclass(frozen=True, slots=True)
class Library(Keeping):
    """Programmes that the scenarios of any plan can take, and the statements they rest on."""

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    library: Publication
    programmes: Mapping[str, Programme]
    offices: Mapping[str, Office] = field(default_factory=dict)
    quotas: Quotas = field(default_factory=dict)
    targets: tuple[Target, ...] = ()

    @property
    def plan(self) -> Publication:
        """Who, where, when: under the name that a plan has for it."""
        return self.library

    @property
    def indicators(self) -> Mapping[str, Indicator]:
        """A library has none: all its statements are stated."""
        return {}


@dataclass(frozen=True, slots=True)
class SeenLuck:
    """Luck of the years seen, in the space of its independent normal scores.

    ``names``: ``2016/clusters.robots.output``, ``2016/common``. Along each of the orthonormal
    ``directions`` [(direction, name)] the coordinate t becomes ``shift`` + Σ ``slopes`` c +
    ``scale`` t, with c the coordinates of the calibrated figures along theirs: luck explains what
    figures do not. ``slopes`` [(direction, direction of figures)]. Both sets of luck move alike.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    names: tuple[str, ...]
    directions: tuple[tuple[float, ...], ...]
    shift: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...]
    scale: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was seen since, in the space of the normal scores that uncertain figures are drawn from.

    The independent scores of ``names``, before the copula, are moved along orthonormal
    ``directions`` [(direction, name)]: along each, the coordinate t becomes ``shift`` + ``scale`` t
    [standard deviations]. All that lies across them stays as it was. ``luck``: where luck has led,
    None where no year after the base year was seen.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    names: tuple[str, ...]
    directions: tuple[tuple[float, ...], ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    luck: SeenLuck | None = None


@dataclass(frozen=True, slots=True)
class Plan(Keeping):
    """One document of one place, ready to be simulated under one scenario.

    What is made of a plan's files is one of these that can be asked and changed by path
    (``door.py``); the engine needs no more than the noun.
    ``tags``: what the groups are called that clusters belong to. ``outside``: the outside view of
    targets, by id; ``document``: the plan as its document has it, None where this is it.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = CLOSED
    plan: Identity
    assumptions: Assumptions
    totals: Totals
    prices: Prices
    clusters: Mapping[str, Cluster]
    city: Mapping[str, Annotated[Quantity, Measures(Unit(None), AnyNumber())]]
    indicators: Mapping[str, Indicator]
    programmes: Mapping[str, Programme] = field(default_factory=dict)
    offices: Mapping[str, Office] = field(default_factory=dict)
    quotas: Quotas = field(default_factory=dict)
    couplings: tuple[Coupling, ...] = ()
    parameter_correlations: tuple[Correlation, ...] = ()
    shock_correlations: tuple[Correlation, ...] = ()
    targets: tuple[Target, ...] = ()
    calibration: Annotated[Calibration | None, Unwritten()] = None
    levers: Mapping[str, Lever] = field(default_factory=dict)
    tags: Mapping[str, Label] = field(default_factory=dict)
    scenario: Annotated[str, Unwritten()] = field(default="plan", compare=False)
    scenario_name: Annotated[Label | None, Unwritten()] = field(default=None, compare=False)
    reference: Annotated[Reference | None, Unwritten()] = field(
        default=None, compare=False, repr=False
    )
    precedents: Annotated[Precedents | None, Unwritten()] = field(
        default=None, compare=False, repr=False
    )
    classes: Annotated[Mapping[str, Any], Unwritten()] = field(
        default_factory=dict, compare=False, repr=False
    )
    written: Annotated[Mapping[str, str], Unwritten()] = field(
        default_factory=dict, compare=False, repr=False
    )
    outside: Annotated[Mapping[str, OutsideView], Unwritten()] = field(
        default_factory=dict, compare=False, repr=False
    )
    document: Annotated["Plan | None", Unwritten()] = field(default=None, compare=False, repr=False)

    #: The fields that are no part of what a plan says.
    ASIDE: ClassVar[tuple[str, ...]] = (
        "scenario", "scenario_name", "reference", "precedents", "classes", "written", "outside",
        "document",
    )  # fmt: skip

    @property
    def years(self) -> range:
        """The year axis: base year to last year, both included."""
        return range(self.plan.years[0], self.plan.years[1] + 1)

    def scenario_in(self, lang: str) -> str:
        """What its scenario is called; the key, where it has no name."""
        name = self.scenario_name
        return self.scenario if name is None else name.in_language(lang)

    @property
    def judged(self) -> tuple[Target, ...]:
        """The targets that get a probability, in file order."""
        return tuple(t for t in self.targets if t.status == "judged")


#: A plan of the kind that was given: whoever gives one with a door (``door.py``) has it back.
Own = TypeVar("Own", bound=Plan)
#: The same of what holds a plan. Its default is for annotations that leave it open; only type
#: checkers know defaults in every Python.
if TYPE_CHECKING:
    from typing_extensions import TypeVar as WithDefault

    Held = WithDefault("Held", bound=Plan, covariant=True, default=Plan)
else:
    Held = TypeVar("Held", bound=Plan, covariant=True)


def figures(node: Any, path: str = "") -> list[tuple[str, Figure]]:
    """Every figure below ``node`` with its dotted path, in file order."""
    found: list[tuple[str, Figure]] = []
    if isinstance(node, Figure):
        return [(path, node)]
    _collect(node, f"{path}." if path else "", found)
    return found


def _collect(node: Any, before: str, found: list[tuple[str, Figure]]) -> None:
    """Figures below a node that is none; ``before``: its path and a dot."""
    kind: Any = type(node)
    names = field_names(kind)
    children: Iterable[tuple[object, Any]]
    if names:
        children = [(name, getattr(node, name)) for name in names]
    elif isinstance(node, Mapping):
        children = node.items()
    elif isinstance(node, tuple):
        children = enumerate(node)
    else:
        return
    for name, child in children:
        kind = type(child)
        if kind is Figure:
            found.append((f"{before}{name}", child))
        elif kind not in NO_FIGURES:
            _collect(child, f"{before}{name}.", found)


#: Where a walk over a plan need not look: most of its leaves.
NO_FIGURES = frozenset({str, int, float, bool, type(None), Target, Label, Calibration, SeenLuck})


@lru_cache
def field_names(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields; none of any other type."""
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()
