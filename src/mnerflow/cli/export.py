"""``mnerflow export``: a trained run as a folder for a model hub."""

import argparse
from pathlib import Path

from mnerflow.errors import printable
from mnerflow.reporting.render import percent, points

HELP = "export a trained run to a folder for a model hub"
ABOUT = """\
Export a trained run to a new folder for a model hub, with weights, settings, tokenizer and a model card.

  mnerflow export results/runs/twitter2017/none/minilm+none/text_only/seed1 tagger

A run that reads only the text, with an encoder of transformers and a softmax, becomes a plain model:
AutoModelForTokenClassification and pipeline("token-classification") load it without mnerflow, and tag words
as the run does. This is tested before the folder appears. Any other run (images, contexts, a CRF, casing)
keeps mnerflow's form, and the command says why. mnerflow.Predictor("DIR") loads it without a download and
without code from the folder.

README.md is the model card. It states scores on test and dev (with an interval if a study has one), scores by
type and with sources shuffled or blank, limits, environment and licences. Read it before you share the
folder. Posts, their ids and paths of this machine are left out. The weights of a BiLSTM contain its
vocabulary, which consists of words of its training posts, because it cannot read without it.

With --onnx, the folder also contains the encoder and fusion as graphs for onnxruntime, in onnx/. model.onnx
computes what the run does; model_int8.onnx has 8-bit weights. Both are tested on the prepared test posts, and
the card states their scores. 8-bit weights that lose more than half a point of entity F1 are left out. Such a
folder has mnerflow's form: mnerflow.Predictor("DIR", graph="onnx/model_int8.onnx").

--push OWNER/NAME uploads the folder to a new private repository of the hub that huggingface_hub is logged
in to (`hf auth login`, or HF_TOKEN). If the hub refuses the upload, the folder stays as it is.

DIR must be empty or not exist yet. It is written completely or not at all.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow export``."""
    command.add_argument(
        "run", type=Path, metavar="RUN", help="folder of the run; `mnerflow runs` lists them"
    )
    command.add_argument(
        "folder", type=Path, metavar="DIR", help="folder to write, which must be empty or not exist yet"
    )
    command.add_argument(
        "--license",
        default="unknown",
        metavar="ID",
        help="licence of the weights, as hubs write it: mit, cc-by-4.0 (default: %(default)s)",
    )
    command.add_argument(
        "--push",
        metavar="OWNER/NAME",
        help="also upload the folder to a new private repository of the model hub",
    )
    command.add_argument(
        "--onnx", action="store_true", help="also write ONNX graphs, with float32 and with 8-bit weights"
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow export``; returns its exit status."""
    from mnerflow.export.command import export  # PyTorch

    reason, graphs = export(given.run, given.folder, given.license, given.onnx)
    loads = (
        f"in mnerflow's form, since {reason}; load it with mnerflow.Predictor({str(given.folder)!r})"
        if reason
        else 'a plain model of transformers; load it with pipeline("token-classification")'
    )
    print(printable(f"{given.folder}: {loads}"))
    for graph in graphs:
        kept = "" if graph.shipped else "left out, "
        lost = points(graph.difference)
        print(f"{graph.file}: {kept}entity F1 on test {percent(graph.entity_f1)} ({lost} points)")
    if given.push:
        from mnerflow.export.push import push

        print(f"{given.folder}: uploaded to {push(given.folder, given.push)}")
    return 0
