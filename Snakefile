# mnerflow: does an image help a model to find the names in a text?
# This file has the targets and includes; the rules are in workflow/rules, what comes before and around them in
# workflow/setup, the library in src/mnerflow.


include: "workflow/setup/start.smk"
include: "workflow/setup/common.smk"
include: "workflow/setup/inputs.smk"
include: "workflow/setup/targets.smk"
include: "workflow/setup/messages.smk"
include: "workflow/setup/needs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/take_over.smk"


# Without rules that train, finished runs stay as they are, whatever has changed since.
if not value_of(config, "finished_only"):

    include: "workflow/rules/train.smk"
    include: "workflow/rules/tuning.smk"


include: "workflow/rules/evaluate.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/plots.smk"
include: "workflow/rules/data_report.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/provenance.smk"


check_contexts({*plan.runs, *plan.tried, *plan.starts})


rule all:
    """Everything that the configuration's grid asks for."""
    default_target: True
    input:
        study("config.yaml"),
        study("scores.csv"),
        tables(),
        plots(),
        data_reports(),
        study("report.html"),
        study("ro-crate-metadata.json"),


rule tables_of_predictions:
    """Scores and the tables that depend only on predictions, as `make verify` computes them, and the configuration."""
    input:
        study("config.yaml"),
        study("scores.csv"),
        tables_of_predictions(),


onstart:
    lift_default_limit()
    put_back(Path("results"))
    check_machine()
    if not workflow.local_exec:
        lifeline.works_elsewhere()
    warn_of_unused_datasets()
    warn_of_lacking_baselines()
    warn_of_other_versions()
    warn_of_replaced_runs(runs_to_train("train", "train_again"))
    warn_of_outdated_rivals()
    show_needs(runs_to_train(*TRAINING))


onsuccess:
    drop_weights()
    show_results()


onerror:
    put_back(Path("results"))
    show_failures()
