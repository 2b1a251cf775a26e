"""The rows that benchmarks add to ``results/benchmarks.csv``."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_path


@dataclass
class Row:
    """A measured value, its target (such as ``>= 2``, or empty), and what it is measured against."""

    name: str
    value: float
    unit: str
    target: str = ""
    against: str = ""

    @property
    def holds(self) -> str:
        """Whether the target is met; empty where there is none."""
        if not self.target:
            return ""
        sign, bound = self.target.split()
        return "yes" if (self.value >= float(bound) if sign == ">=" else self.value <= float(bound)) else "no"


def add_rows(rows: list[Row], path: Path) -> None:
    """Print rows, and add them to the CSV file, where they replace earlier ones of the same name."""
    columns = [*(field.name for field in fields(Row)), "holds"]
    new = {row.name: asdict(row) | {"value": f"{row.value:.4g}", "holds": row.holds} for row in rows}
    kept = {}
    if path.exists():
        kept = {row["name"]: row for row in csv.DictReader(read_text(path).splitlines())}
    for row in new.values():
        note = f"(target {row['target']}: {row['holds']})" if row["target"] else ""
        print(f"{row['name']:<55} {row['value']:>8} {row['unit']:<12} {note}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows((kept | new).values())
