"""``mnerflow export``: write a run's folder for a model hub, completely or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.export.card import card
from mnerflow.export.facts import GRAPHS, Facts, Graph, facts_of
from mnerflow.export.native import save_native
from mnerflow.export.plain import NotPlain, check_settings, plain_model, save_plain
from mnerflow.export.public import clean_descriptions, public
from mnerflow.files.writing import atomic_folder, write_text
from mnerflow.models.tagger import load_tagger
from mnerflow.plan.layout import MODEL
from mnerflow.prediction.predictor import Predictor
from mnerflow.prediction.runs import trained_run
from mnerflow.record import TrainingRecord
from mnerflow.secrets import hide


def export(
    run: Path, target: Path, licence: str = "unknown", onnx: bool = False
) -> tuple[str, Sequence[Graph]]:
    """Write a run into a new folder.

    Args:
        run: folder of the run below ``results/runs``, with its weights.
        target: a folder that does not exist or is empty.
        licence: licence of the weights, by a hub's short name for it.
        onnx: whether to write ONNX graphs besides the weights.

    Returns:
        Why the run is not a plain model of transformers (empty if it is one), and its ONNX graphs with their
        test results.

    Raises:
        UserError: when ``target`` contains files, as ``Predictor`` does for a run that cannot be read, and as
            ``save_graphs`` does.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(f"{target}: is there already. Name a new folder, or remove this one first.")
    config, record = trained_run(run)
    facts = facts_of(run, record)
    with atomic_folder(target) as folder:
        reason, limit = "", 0
        graphs: Sequence[Graph] = ()
        try:
            check_settings(config)
            if onnx:
                raise NotPlain("it has ONNX graphs, which mnerflow reads")
            model, tokenizer = plain_model(config, load_tagger(config, run / MODEL, 0))
            save_plain(model, tokenizer, folder)
            limit = tokenizer.model_max_length
        except NotPlain as error:
            reason = str(error)
            save_native(run, config, record, folder)
        if onnx:
            from mnerflow.export.graphs import save_graphs  # onnx and onnxruntime, which few need

            graphs = save_graphs(run, config, record, folder / GRAPHS)
        clean_descriptions(folder)
        if reason:
            Predictor(folder)  # raises if something is missing
        write_text(folder / "README.md", hide(card(_public(facts), licence, reason, limit, graphs)))
    return reason, graphs


def _public(facts: Facts) -> Facts:
    """The facts without paths and secrets of this machine."""
    return replace(facts, record=TrainingRecord.model_validate(public(facts.record.model_dump())))
