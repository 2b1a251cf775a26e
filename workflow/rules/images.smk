# Images, decoded once per data set and size, and patch vectors, computed once if an encoder is frozen. Both come
# first, because two cores are free at the same time only while nothing trains.


rule image_store:
    """Decode and resize every image of a data set once."""
    input:
        posts=expand("results/data/{{dataset}}/none/{split}.jsonl", split=SPLITS),
        source=lambda w: plan.data.image_source(w.dataset),
    output:
        pixels="results/images/{dataset}/{size}/images.npy",
        index="results/images/{dataset}/{size}/index.csv",
    log:
        "results/logs/image_store/{dataset}/{size}.log",
    wildcard_constraints:
        size=r"\d+",
    priority: 1
    conda:
        ENVIRONMENT
    threads: 2
    params:
        folder=lambda w: plan.data.image_folder(w.dataset),
        user_images=lambda w: plan.data.user_images(w.dataset),
        broken=broken_of(config),
        fit=lambda w: fit_of(config, w.dataset),
        code=code_of("image_store.py"),
    script:
        "../scripts/image_store.py"


rule image_features:
    """Compute a frozen image encoder's patch vectors once for all runs of a data set."""
    input:
        images=lambda w: f"results/images/{w.dataset}/{config['image_encoders'][w.image]['size']}/images.npy",
        weights=lambda w: plan.weights(w.image),
    output:
        "results/features/{dataset}/{image}.npy",
    log:
        "results/logs/image_features/{dataset}/{image}.log",
    priority: 1
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        gpu=1,
    params:
        encoder=lambda w: image_config(w.image, config["image_encoders"][w.image]),
        code=lambda w: code_of(
            "image_features.py",
            module_of("models.image_encoders", kind_of(w.image, config["image_encoders"][w.image])),
        ),
    script:
        "../scripts/image_features.py"
