# From scores, tables and histories to figures.


rule plot_fusion_comparison:
    """Plot test scores by fusion, seed and condition of the image, with the demo's text-only ceiling."""
    input:
        scores=study("scores.csv"),
        ceilings=expand(
            "resources/data/{dataset}/ceiling.json",
            dataset=sorted({*plan.datasets} & {*plan.data.generated}),
        ),
    output:
        png=study("plots/fusion_comparison.png"),
        svg=study("plots/fusion_comparison.svg"),
    log:
        "results/logs/plot_fusion_comparison.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_fusion_comparison.py"),
    script:
        "../scripts/plot_fusion_comparison.py"


rule plot_evidence:
    """Plot differences, their means, image ablations, churn, calibration, scores by type, and F1 against cost."""
    input:
        help=rules.evidence.output.help[0],
        pooled=rules.evidence.output.pooled[0],
        types=rules.evidence.output.types[0],
        cost=rules.cost.output[0],
        scores=study("scores.csv"),
        churn=rules.churn.output[0],
        bins=rules.calibration.output.bins,
    output:
        expand(study("plots/{name}.{ending}"), name=EVIDENCE_PLOTS, ending=ENDINGS),
    log:
        "results/logs/plot_evidence.log",
    conda:
        ENVIRONMENT
    params:
        controls=[name for name, kind in plan.kinds.items() if kind.control],
        code=code_of("plot_evidence.py"),
    script:
        "../scripts/plot_evidence.py"


rule plot_strata:
    """Plot differences within strata of the test split."""
    input:
        rules.strata.output[0],
    output:
        png=study("plots/strata.png"),
        svg=study("plots/strata.svg"),
    log:
        "results/logs/plot_strata.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_strata.py"),
    script:
        "../scripts/plot_strata.py"


rule plot_confusion_matrix:
    """Plot the confusion matrix of the run that was best on dev, for one data set."""
    input:
        scores=study("scores.csv"),
        predictions=lambda w: [predictions_of(run) for run in plan.runs if run.dataset == w.dataset],
    output:
        png=study("plots/confusion_matrix.{dataset}.png"),
        svg=study("plots/confusion_matrix.{dataset}.svg"),
    log:
        "results/logs/plot_confusion_matrix/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        names=lambda w: TYPE_NAMES[w.dataset],
        code=code_of("plot_confusion_matrix.py"),
    script:
        "../scripts/plot_confusion_matrix.py"


rule plot_training_curves:
    """Plot losses and dev scores over the epochs of every run."""
    input:
        of_runs("history.csv"),
    output:
        png=study("plots/training_curves.png"),
        svg=study("plots/training_curves.svg"),
    log:
        "results/logs/plot_training_curves.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_training_curves.py"),
    script:
        "../scripts/plot_training_curves.py"


rule plot_learning_curve:
    """Plot entity F1 against the number of training posts."""
    input:
        rules.evidence.output.curve[0],
    output:
        png=study("plots/learning_curve.png"),
        svg=study("plots/learning_curve.svg"),
    log:
        "results/logs/plot_learning_curve.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_learning_curve.py"),
    script:
        "../scripts/plot_learning_curve.py"
