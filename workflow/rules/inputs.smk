# Which files rules read: data, weights, images, runs.

# Data.
GENERATED = [name for name, entry in config["datasets"].items() if "generator" in entry]
DOWNLOADED = [name for name, entry in config["datasets"].items() if "files" in entry]
PONER = [name for name, entry in config["datasets"].items() if "poner" in entry]
ARCHIVES = archives(config)


def raw_folder(dataset):
    return config["datasets"][dataset].get("folder", f"resources/data/{dataset}")


def raw_files(wildcards):
    """The files that a data set's posts are read from."""
    entry = config["datasets"][wildcards.dataset]
    if "files" in entry:
        return [f"{raw_folder(wildcards.dataset)}/{name}" for name in entry["files"]]
    return own_files(wildcards.dataset)


@cache
def own_files(dataset):
    """Those in a folder; to know what lies beside the splits, some formats read them."""
    entry, folder = config["datasets"][dataset], raw_folder(dataset)
    splits = [f"{folder}/{name}" for name in split_files(entry)]
    captions = [f"{folder}/{entry['captions']}"] if "captions" in entry else []
    beside = [str(file) for split in splits for file in read_beside(entry["format"], split)]
    return [*splits, *captions, *sorted({*beside})]


def image_folder(dataset):
    return f"{raw_folder(grid.images_of(config, dataset))}/images"


@cache
def own_images(dataset):
    """What lies in the images of a data set's own folder, which may change file by file."""
    own = "folder" in config["datasets"][grid.images_of(config, dataset)]
    return folder_state(Path(image_folder(dataset))) if own else None


def prepared(*datasets, filter=grid.FILTERS_OFF, splits=SPLITS):
    """The prepared posts of data sets."""
    return expand(
        "results/data/{dataset}/{filter}/{split}.jsonl", dataset=datasets, filter=filter, split=splits
    )


def data_of_run(run, splits):
    return prepared(run.dataset, filter=run.filter, splits=splits)


def prepare_options(dataset):
    options = {
        "format",
        "types",
        "map",
        "splits",
        "language",
        "repair",
        "drop_first_token",
        "dev_fraction",
        "test_fraction",
        "seed",
    }
    return {key: value for key, value in config["datasets"][dataset].items() if key in options}


def archive_of(dataset):
    return next(
        name
        for name, entry in ARCHIVES.items()
        if entry["url"] == config["datasets"][dataset]["images"]["url"]
    )


# Weights and images.
SOURCES = {
    name: entry
    for encoders in (config["text_encoders"], config["image_encoders"])
    for name, entry in encoders.items()
    if "source" in entry
}


def weights_of(*encoders):
    """Weight folders of those encoders that are pretrained."""
    return [grid.weights_folder(name) for name in encoders if name in SOURCES]


def linked_weights(wildcards):
    """The files that a `path:` source names: other weights there are a reason to train anew."""
    source = SOURCES[wildcards.encoder]["source"]
    folder = expanded(source.removeprefix("path:"))
    if not source.startswith("path:") or not folder.is_dir():
        return []
    names = (file.name for file in folder.iterdir() if file.is_file())
    return [str(folder / name) for name in model_files(names)]


def image_source(wildcards):
    """What must be there before a data set's images can be read."""
    dataset = grid.images_of(config, wildcards.dataset)
    entry = config["datasets"][dataset]
    if "folder" in entry:
        return []  # see own_images
    if "files" in entry and "images" not in entry:
        return [f"{raw_folder(dataset)}/{name}" for name in entry["files"] if name.startswith("images/")]
    return [image_folder(dataset)]


def fit_of(wildcards):
    """How images of another shape than a square are made one."""
    return grid.fit_of(config, wildcards.dataset)


BROKEN = grid.broken_of(config)


def image_inputs(wildcards):
    """Image store, and features where the encoder is frozen, that a run reads; nothing without an image."""
    if wildcards.image == grid.NONE:
        return {}
    encoder = config["image_encoders"][wildcards.image]
    dataset = grid.images_of(config, wildcards.dataset)
    inputs = {"images": f"results/images/{dataset}/{encoder['size']}/images.npy"}
    if encoder.get("frozen"):
        inputs["features"] = f"results/features/{dataset}/{wildcards.image}.npy"
    return inputs


# Runs.
ENCODERS = "results/runs/{dataset}/{filter}/{text}+{image}"
RUN = f"{ENCODERS}/{{system}}/seed{{seed}}"
RUN_NAME = "{dataset}.{filter}.{text}+{image}.{system}.seed{seed}"
TUNING_RUN = "results/tuning/{dataset}/{filter}/{text}+{image}/{system}/{settings}/seed{seed}"


# Those whose weights were dropped, see mnerflow.kept_weights.
DROPPED = [run for run in {*RUNS, *STARTS} if was_dropped(Path("results/runs", run.path))]


def one_of_runs(runs):
    """Constraint for the wildcard `dataset`, with which a path of a run begins: only paths of these runs."""
    return rf"(?=(?:{one_of(run.path for run in runs)})/)(?:{one_of(config['datasets'])})"


def candidate_values(wildcards):
    candidate = tuning.Candidate(run_of(wildcards), wildcards.settings)
    return without_checkpoints(tuning.candidate_config(config, candidate))


RUNS_OF = {
    key: list(runs)
    for key, runs in groupby(
        RUNS, key=lambda run: (run.dataset, run.filter, run.text_encoder, run.image_encoder)
    )
}


def of_all_encoders(name):
    """A file of each pair of encoders on each data set and filter."""
    return [
        f"results/runs/{dataset}/{filter}/{text}+{image}/{name}" for dataset, filter, text, image in RUNS_OF
    ]


def threads_of(wildcards):
    """The processor threads of a run's training and prediction."""
    return run_values(wildcards)["training"]["threads"]


@cache
def config_of(run):
    """Asked for by a dozen functions of each run's jobs."""
    return grid.run_config(config, run)


def run_values(wildcards):
    """What a run's result hangs on: where a value changes, it is trained anew."""
    return without_checkpoints(config_of(run_of(wildcards)))


def without_checkpoints(values):
    training = {key: value for key, value in values["training"].items() if key != "checkpoint_seconds"}
    return values | {"training": training}


def checkpoint_seconds(wildcards):
    """As a resource, a change of which is no reason to train anew; Snakemake knows whole ones and text."""
    return str(config_of(run_of(wildcards))["training"]["checkpoint_seconds"])


def run_code(script):
    """The code that a run uses: its script, the library, and the modules that its configuration picks."""
    return lambda w: code_of(script, *grid.modules_of(run_values(w)))


def start_inputs(wildcards):
    """The model that a run starts from, and lists of the posts that it learnt there and is tested with here."""
    starts = grid.starting_runs(config, run_of(wildcards))
    return {
        "start": [f"results/runs/{start.path}/model.safetensors" for start in starts[:1]],
        "leaks": [
            f"results/reports/leaks/{start.dataset}.{wildcards.dataset}.{wildcards.system}.csv"
            for start in starts
        ],
    }


def published_files(wildcards):
    """The files of a published run."""
    return sorted(map(str, Path(config["published"], "runs", wildcards.run).iterdir()))


def predictions_of(run):
    """What a run predicts, by split and condition."""
    return f"results/runs/{run.path}/predictions.jsonl"


def filtered_data():
    """Data sets and filters of the grid, as folders below ``results/data``."""
    return sorted({f"{run.dataset}/{run.filter}" for run in RUNS})


def image_indexes():
    """By data set whose images some run sees, the index of an image store that holds them."""
    sizes = {
        run.dataset: config["image_encoders"][run.image_encoder]["size"]
        for run in RUNS
        if run.image_encoder != grid.NONE
    }
    return {
        dataset: f"results/images/{grid.images_of(config, dataset)}/{size}/index.csv"
        for dataset, size in sizes.items()
    }


IMAGE_INDEXES = image_indexes()


def data_report_inputs(wildcards):
    """What a data set's report is made of: posts; image index, filters and PONER's pages where there are any."""
    dataset = wildcards.dataset
    inputs = {
        "posts": [f"results/data/{dataset}/none/{split}.jsonl" for split in SPLITS],
        "report": f"results/data/{dataset}/none/report.json",
        "filters": [
            f"results/data/{dataset}/{name}/summary.json"
            for name in sorted({run.filter for run in RUNS if run.dataset == dataset})
            if name != grid.FILTERS_OFF
        ],
    }
    if dataset in IMAGE_INDEXES:
        inputs["index"] = IMAGE_INDEXES[dataset]
    if dataset in PONER:
        inputs["placement"] = f"resources/data/{dataset}/report.json"
        inputs["crops"] = f"results/reports/data/{dataset}.crops.png"
    return inputs


# Rivals: those that answered about the data of the grid.
BASELINES = grid.write_baselines(
    {run.combination: grid.baselines(config, run.combination) for run in RUNS} | llm.rival_baselines(RIVALS)
)
ASKED = [
    run
    for run in RIVALS
    if (run.dataset, run.filter) in {(other.dataset, other.filter) for other in RUNS}
    and llm.has_answered(Path("results/runs", run.path), config, run, PROMPTS[run.text_encoder])
]


def of_rivals(name):
    """A file of each rival that was asked.

    Named by its absolute path, so that it is no rule's output: it is shown when it is there, but only the
    target `rivals` asks, which may cost money.
    """
    return [str(Path("results/runs", run.path, name).absolute()) for run in ASKED]


def results_of_runs(name):
    """A file of every run of the grid, and of each rival that was asked."""
    return [*(f"results/runs/{run.path}/{name}" for run in RUNS), *of_rivals(name)]
