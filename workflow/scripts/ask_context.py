"""Ask a language model for a context of each post of a data set."""

import os
from pathlib import Path

from mnerflow.config import build, settings_of
from mnerflow.llm.asked_contexts import SECTION
from mnerflow.llm.config import ContextQuestion, Service
from mnerflow.llm.context import Asked, ask_context
from mnerflow.llm.picture import Pictures
from mnerflow.log import job

given, out, params, names = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
with job(f"asked for {out.texts}", snakemake.log[0]):
    place = f"{SECTION}.{names.context}"
    # Not a parameter of the rule: a change in how a server is reached and paid does not change the texts.
    service = build(Service, settings_of(Service, snakemake.config[SECTION][names.context]), place)
    asked = Asked(
        posts=[Path(path) for path in given.posts],
        prompt=Path(given.prompt),
        pictures=Pictures(Path(params.images), params.fit, params.broken),
    )
    ask_context(
        build(ContextQuestion, params.question, place),
        asked,
        service,
        Path("answers"),
        {"texts": Path(out.texts), "record": Path(out.record)},
        {"dataset": names.dataset, "context": names.context},
        os.environ.get("MNERFLOW_SESSION", ""),
        snakemake.config.get("max_cost"),
    )
