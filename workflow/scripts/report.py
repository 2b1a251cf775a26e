"""Write report.html."""

from pathlib import Path

from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.datasets import Kind
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.plan.study import link_runs
from mnerflow.record import TrainingRecord
from mnerflow.reporting.report import Contents, write_report
from mnerflow.reporting.report.made import method

with job("wrote the report", snakemake.log[0]):
    given = snakemake.input
    plots, data, posts = ([Path(file) for file in files] for files in (given.plots, given.data, given.posts))
    out = Path(snakemake.output[0])
    contents = Contents(
        plots=plots,
        # These quote texts that occur in several splits.
        data_reports=data if snakemake.params.quote_posts else [],
        posts={file.parts[-3:-1]: file for file in posts} if snakemake.params.quote_posts else {},
        counts=read_counts(given.counts) if snakemake.params.quote_posts else {},
        images={dataset: Path(folder) for dataset, folder in snakemake.params.images.items()},
        baselines=read_baselines(snakemake.params.baselines),
        type_names=snakemake.params.type_names,
        kinds={dataset: Kind(**kind) for dataset, kind in snakemake.params.kinds.items()},
        contexts=snakemake.params.contexts,
        pools=SeedPools(**snakemake.params.pools),
        records=[TrainingRecord.read(Path(file)) for file in given.records],
        method=method(Path(snakemake.scriptdir).resolve().parents[1], out.parent),
    )
    link_runs(out.parent)
    write_report(out, contents)
