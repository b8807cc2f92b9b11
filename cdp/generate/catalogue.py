"""What the shops sell, and which of it a person takes to."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp.generate.chance import Chance, Whole

_SHELVES = {
    "APPAREL": ("JACKETS", "JEANS", "SHIRTS", "DRESSES", "SWIMWEAR", "SUITS", "ACCESSORIES"),
    "SHOES": ("RUNNING SHOES", "SNEAKERS", "BOOTS", "SANDALS"),
    "GROCERY": ("COFFEE", "SOFT DRINKS", "CHEESES", "BREAD", "FRUIT", "VEGETABLES", "SNACKS"),
    "DRUG GM": ("HAIR CARE", "VITAMINS", "LAUNDRY", "CANDLES"),
    "SPORT": ("FITNESS", "CAMPING", "CYCLING"),
}
_BRANDS = ("National", "Private")


@dataclass(frozen=True)
class Catalogue:
    """Products in the order of their categories, each category by popularity.

    `products` has product_id, department, brand, product_category and price (USD).
    """

    products: pl.DataFrame
    starts: Whole
    sizes: Whole

    @classmethod
    def of(cls, products: pl.DataFrame) -> "Catalogue":
        """A catalogue of `products`, most popular first."""
        ordered = products.sort("product_category", maintain_order=True)
        sizes = ordered.group_by("product_category", maintain_order=True).len()["len"].to_numpy()
        sizes = sizes.astype(np.int64)
        return cls(ordered, np.cumsum(sizes) - sizes, sizes)

    def liked(self, persons: Whole, chance: Chance) -> Whole:
        """A product (its position) for each of `persons`: half the time of a favourite category."""
        count = len(persons)
        favourite = (persons * 7_919 + chance.whole(count, 0, 2) * 104_729) % len(self.sizes)
        anywhere = chance.places(count, self.sizes.astype(np.float64))
        category = np.where(chance.flags(count, 0.5), favourite, anywhere)
        # A few products of a category make most of its sales.
        inside = (self.sizes[category] * chance.real(count) ** 2.5).astype(np.int64)
        return self.starts[category] + inside

    def columns(self, positions: Whole, *names: str) -> pl.DataFrame:
        """The columns `names` of the products at `positions`."""
        return self.products.select(names)[positions]


def random_products(count: int, chance: Chance) -> pl.DataFrame:
    """`count` invented products in the columns of a grocery's product file, with a price (USD)."""
    shelves = [(department, name) for department, names in _SHELVES.items() for name in names]
    shelf = chance.whole(count, 0, len(shelves))
    category = pl.Series([name for _, name in shelves]).gather(shelf)
    return pl.DataFrame(
        {
            "product_id": 1_000_000 + np.arange(count) * 7,
            "manufacturer_id": chance.whole(count, 1, 200),
            "department": pl.Series([department for department, _ in shelves]).gather(shelf),
            "brand": chance.pick(_BRANDS, count, (0.75, 0.25)),
            "product_category": category,
            "product_type": category + " " + chance.pick(("CLASSIC", "NEW", "BASIC"), count),
            "package_size": chance.pick(("1 CT", "12 OZ", "2 LB"), count),
            "price": (4 * chance.spread(count, 0.9)).round(2) + 0.49,
        }
    )
