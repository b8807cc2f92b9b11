"""The reference of computed traits in Markdown, written from the registry."""

from itertools import groupby

from cdp.derive.registry import computed_traits
from cdp.model.computed import ComputedTrait

HEAD = """# Computed traits

Written from the registry by `cdp derive list --markdown`; what a trait says here is what the code declares.

A computed trait is a pure function of a profile's facts (its events from every channel), of the fitted parameters and of
the present time. Between two fits nothing else moves it: deriving changed profiles one by one and rebuilding everything
end in the same values. An absent trait is unknown. Times are UTC texts of fixed width (`2024-01-02T03:04:05.000000Z`),
money is in the reporting currency, an *age* is never stored: it is counted from the instant it is of when it is read.

- **Orders.** The same `order_id` of one person is the same order in whatever channel it stands. Its value is what the most
  trusted channel says: the order's own total, else what was paid, else the sum of its lines; never two of these.
- **Currency.** Sums are in `derive.currency.reporting`, or in the currency most priced events are in. `derive.currency.rates`
  says what others are worth, for ever or from a day on; money without a rate is in no sum and stands in `unconverted`.
- **Time.** `due_at` is the next moment at which time alone changes a stored value; the due-queue derives the profile then.
- **Fitted figures** (`cdp derive parameters`): RFM bounds, lifecycle thresholds, first-sold dates, co-purchases, BG/NBD and
  Gamma-Gamma. `cdp derive fit` and the nightly job fit them; so does the road itself when the orders have grown by a tenth
  (from 200,000 on: doubled). Bases beyond 100,000 persons are fitted on a sample of so many.
- **Policy.** Roles of events, thresholds, words and windows are data: `cdp/derive/policy.yaml`, changed under `derive` in the file
  that CDP_POLICY names. After a change run `cdp derive fit` and `cdp derive rebuild`.

## A trait of your own

Under `computed_traits` in the same file, an expression in Polars SQL over `events`, `orders` or `lines` of the profile, or
over its other computed `traits`:

```yaml
computed_traits:
  shoe_views:
    type: integer
    unit: views
    meaning: how often running shoes were looked at
    over: events
    expr: count(*)
    where: kind = 'product_viewed' and category = 'RUNNING SHOES'
  spent_per_visit:
    type: money
    meaning: spending per visit
    over: traits
    expr: spent / visits
```

- **Columns.** `events`: kind, at, order_id, product, category, department, brand, quantity, amount, discount, score, channel,
  session, device, campaign, campaign_type, in_store, gift; `lines`: the same of order lines; `orders`: at, amount, discount,
  quantity, channel, in_store, gift. Rows stand in the order of time: `first(category)` is the first one bought.
- **Type.** string, category, integer (rounded), number, money, boolean, date, instant or list (of texts). An expression of
  another type, a name that is taken, a column that is not there are refused, by name, before anything is derived.
- **Unknown.** What divides by zero, is no number or cannot be `cast` (not `::`) is unknown. So is a value of those on whose data the
  expression fails otherwise: the log says of how many and why, and all other traits stand.
- **Pure.** One profile at a time, and no `now()`: keep the instant (`max(at)`), and let a segment say `older_than: 30d`.
"""


def markdown() -> str:
    """The whole page."""
    families = groupby(computed_traits().values(), key=lambda trait: trait.family)
    return HEAD + "".join(_section(family, list(traits)) for family, traits in families)


def _section(family: str, traits: list[ComputedTrait]) -> str:
    lines = [
        f"\n## {family}\n",
        "| trait | type | unit | meaning | formula |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{each.name}` | {each.type} | {each.unit or ''} | {_cell(each.meaning)} | {_cell(each.formula)} |"
        for each in traits
    ]
    reads = sorted({name for each in traits for name in each.inputs if not each.of})
    return "\n".join(lines) + f"\n\nReads: {', '.join(reads)}.\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")
