"""Write the report."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.names import Run
from mnerflow.plan.study import link_runs
from mnerflow.reporting.report import Sources, write_report

with job("wrote the report", snakemake.log[0]):
    given = snakemake.input
    plots, data, posts, predictions = (
        [Path(file) for file in files] for files in (given.plots, given.data, given.posts, given.predictions)
    )
    sources = Sources(
        plots=plots,
        # They list texts that stand in several splits.
        data_reports=data if snakemake.params.quote_posts else [],
        posts={file.parts[-3:-1]: file for file in posts} if snakemake.params.quote_posts else {},
        predictions={Run.from_folder(file.parent): file for file in predictions},
        images={dataset: Path(folder) for dataset, folder in snakemake.params.images.items()},
        baselines=read_baselines(snakemake.params.baselines),
        type_names=snakemake.params.type_names,
    )
    out = Path(snakemake.output[0])
    link_runs(out.parent)
    write_report(out, sources)
