# The files that the configuration asks for.
from mnerflow.publishing.tables import TABLES, TABLES_OF_WORDS


def data_reports():
    return expand(study("reports/data/{dataset}.md"), dataset=plan.datasets)


def data_plots():
    """The plots of the data reports, and the sheets of crops if there are any."""
    crops = [
        study(f"reports/data/{dataset}.crops.png")
        for dataset in plan.datasets
        if dataset in plan.data.with_crops
    ]
    return crops + expand(study("reports/data/{dataset}.{plot}.svg"), dataset=plan.datasets, plot=DATA_PLOTS)


def tables_of_predictions():
    """Tables that depend only on predictions and run.yaml."""
    return expand(study("tables/{name}"), name=TABLES)


def tables():
    names = [*TABLES_OF_WORDS, "fixed_and_broken.jsonl"]
    return tables_of_predictions() + expand(study("tables/{name}"), name=names)


ENDINGS = ["png", "svg"]
DATA_PLOTS = ["entity_types", "lengths"]
EVIDENCE_PLOTS = ["pooled", "forest", "ablations", "churn", "reliability", "per_type", "cost"]


def plots():
    names = ["fusion_comparison", *EVIDENCE_PLOTS, "strata", "training_curves"]
    names += ["learning_curve"] if plan.has_learning_curve else []
    names += [
        f"{kind}.{dataset}" for kind in ("tag_distribution", "confusion_matrix") for dataset in plan.datasets
    ]
    return expand(study("plots/{name}.{ending}"), name=names, ending=ENDINGS)
