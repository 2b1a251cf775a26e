"""The runs that were trained here, as a table for a terminal."""

from pathlib import Path

from mnerflow.errors import UserError, printable
from mnerflow.files.json_text import read_json
from mnerflow.files.paths import files_below
from mnerflow.log import logger
from mnerflow.plan.kept_weights import dev_score, was_dropped
from mnerflow.plan.layout import MODEL
from mnerflow.record import RECORD, TrainingRecord
from mnerflow.reporting.render import ABSENT, Rendered, percent

ABOUT = (
    "Trained runs: entity F1 on dev and test in percent, size on disk, day of training, and whether weights "
    "were kept."
)
HEADS = ("run", "dev", "test", "size", "finished", "weights")


def trained_text(results: Path) -> str:
    """A table of the trained runs below ``results/runs``, by name; the log names runs that cannot be read.

    Raises ``UserError`` when there are none.
    """
    folders = sorted(file.parent for file in results.glob(f"runs/*/*/*/*/seed*/{RECORD}"))
    rows = []
    for folder in folders:
        if not (folder / "history.csv").exists():  # of a rival, which was not trained
            continue
        try:
            rows.append(_row(folder))
        except UserError as error:
            logger.warning("%s", printable(str(error)))
    if not rows:
        raise UserError(f"{results / 'runs'}: no trained run. `make run` trains the embedded default.")
    return Rendered(ABOUT, HEADS, rows).console()


def _row(folder: Path) -> list[str]:
    record = TrainingRecord.read(folder / RECORD)
    scores = folder / "scores.json"
    scored = read_json(scores, "Delete it and run again.") if scores.exists() else {}
    tested = scored.get("test", {}).get("true", {}).get("entity_f1")
    size = sum(file.stat().st_size for file in files_below(folder))
    kept = (folder / MODEL).exists()
    return [
        str(folder),
        percent(dev_score(folder)),
        ABSENT if tested is None else percent(tested),
        f"{size / 1e6:,.1f} MB",
        record.finished[:10],
        "kept" if kept else "dropped" if was_dropped(folder) else "none",
    ]
