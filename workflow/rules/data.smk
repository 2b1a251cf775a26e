# From the network, a mirror, a folder or the generator to prepared and filtered posts.


rule make_demo:
    """Make the embedded data set: posts, one drawn image each, and the text-only ceiling."""
    output:
        posts=expand("resources/data/{{dataset}}/{split}.jsonl", split=SPLITS),
        ceiling="resources/data/{dataset}/ceiling.json",
        images=directory("resources/data/{dataset}/images"),
    log:
        "results/logs/make_demo/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(plan.data.generated),
    conda:
        ENVIRONMENT
    params:
        options=lambda w: config["datasets"][w.dataset]["generator"],
        code=code_of("make_demo.py"),
    script:
        "../scripts/make_demo.py"


rule download:
    """Download one raw file, or copy it from the mirror, and check its sha256."""
    output:
        "resources/data/{dataset}/{file}",
    log:
        "results/logs/download/{dataset}/{file}.log",
    wildcard_constraints:
        dataset=one_of(plan.data.downloaded),
        file=one_of(file for name in plan.data.downloaded for file in config["datasets"][name]["files"]),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        file=lambda w: identity_of(config["datasets"][w.dataset]["files"][w.file]),
    script:
        "../scripts/download.py"


rule download_archive:
    """Download an archive of photos, once for all data sets that use it."""
    output:
        "resources/archives/{archive}",
    log:
        "results/logs/download/{archive}.log",
    wildcard_constraints:
        archive=one_of(plan.data.archives),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        file=lambda w: identity_of(plan.data.archives[w.archive]),
    script:
        "../scripts/download.py"


rule unpack_images:
    """Take a data set's photos out of their archive."""
    input:
        lambda w: f"resources/archives/{plan.data.archive_of(w.dataset)}",
    output:
        directory("resources/data/{dataset}/images"),
    log:
        "results/logs/unpack_images/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(name for name in plan.data.downloaded if "images" in config["datasets"][name]),
    conda:
        ENVIRONMENT
    params:
        inner=lambda w: config["datasets"][w.dataset]["images"].get("folder"),
        code=code_of("unpack.py"),
    script:
        "../scripts/unpack.py"


rule fetch_poner:
    """Download PONER's texts, annotations and scans from the repository's archive, or link them from the mirror."""
    output:
        directory("resources/poner"),
    log:
        "results/logs/fetch_poner.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        archive=lambda w: identity_of(config["datasets"][plan.data.poner[0]]["poner"]),
    script:
        "../scripts/fetch_poner.py"


rule make_poner:
    """Locate each PONER sentence on its page and cut its lines out of the scan."""
    input:
        "resources/poner",
    output:
        posts=expand("resources/data/{{dataset}}/{split}.jsonl", split=SPLITS),
        placement="resources/data/{dataset}/placement.csv",
        report="resources/data/{dataset}/report.json",
        images=directory("resources/data/{dataset}/images"),
    log:
        "results/logs/make_poner/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(plan.data.poner),
    conda:
        ENVIRONMENT
    params:
        split=lambda w: config["datasets"][w.dataset]["poner"]["split"],
        seed=lambda w: config["datasets"][w.dataset]["poner"].get("seed", 0),
        code=code_of("make_poner.py", module_of("data.formats", "conll")),
    script:
        "../scripts/make_poner.py"


rule write_images:
    """Write the images that a data set's files contain: lines cut out of scans, images in tables."""
    input:
        lambda w: plan.data.post_files(w.dataset),
        lambda w: plan.data.scans(w.dataset),
    output:
        directory("resources/data/{dataset}/images"),
    log:
        "results/logs/write_images/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(plan.data.containing_images),
    conda:
        ENVIRONMENT
    params:
        format=lambda w: config["datasets"][w.dataset]["format"],
        folder=lambda w: plan.data.folder(w.dataset),
        paths=lambda w: plan.data.split_paths(w.dataset),
        code=lambda w: code_of("write_images.py", *plan.data.formats(w.dataset)),
    script:
        "../scripts/write_images.py"


rule prepare:
    """Parse raw files into canonical posts without losing anything, and count what was found."""
    input:
        lambda w: plan.data.raw_files(w.dataset),
        without=lambda w: prepared(*config["datasets"][w.dataset].get("without", [])),
    output:
        posts=expand("results/data/{{dataset}}/none/{split}.jsonl", split=SPLITS),
        report="results/data/{dataset}/none/report.json",
    log:
        "results/logs/prepare/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        options=lambda w: plan.data.prepare_options(w.dataset),
        raw=lambda w: plan.data.folder(w.dataset),
        # A corrected file may be older than the posts that were made of its predecessor.
        content=lambda w: plan.data.user_content(w.dataset),
        code=lambda w: code_of("prepare.py", *plan.data.formats(w.dataset)),
    script:
        "../scripts/prepare.py"


rule filter_posts:
    """Hide tokens from the model, or leave out training posts, and list what was dropped."""
    input:
        expand("results/data/{{dataset}}/none/{split}.jsonl", split=SPLITS),
    output:
        posts=expand("results/data/{{dataset}}/{{filter}}/{split}.jsonl", split=SPLITS),
        dropped="results/data/{dataset}/{filter}/dropped.csv",
        summary="results/data/{dataset}/{filter}/summary.json",
    log:
        "results/logs/filter_posts/{dataset}/{filter}.log",
    wildcard_constraints:
        filter=r"(?!none/)[A-Za-z0-9_.+-]+",
    conda:
        ENVIRONMENT
    params:
        options=lambda w: {name: config.get("filters", {}).get(name, {}) for name in w.filter.split("+")},
        code=lambda w: code_of(
            "filter_posts.py",
            *(module_of("data.filters", name) for name in w.filter.split("+")),
        ),
    script:
        "../scripts/filter_posts.py"
