"""The plan: what a configuration asks for, and what each part of it reads and depends on."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from mnerflow.config.configuration import value_of
from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError
from mnerflow.files.paths import expanded
from mnerflow.llm import runs as llm
from mnerflow.models.weights import model_files
from mnerflow.plan import layout
from mnerflow.plan.baselines import Baselines, baselines, controls
from mnerflow.plan.checks import check_plan
from mnerflow.plan.datasets import Datasets
from mnerflow.plan.encoders import encoders
from mnerflow.plan.finished import is_finished, is_published, is_trained, trained_with_other_versions
from mnerflow.plan.grid import expand, starting_runs
from mnerflow.plan.kept_weights import was_dropped
from mnerflow.plan.names import FILTERS_OFF, NONE, Run
from mnerflow.plan.settings import images_of, modules_of, run_config
from mnerflow.plan.tuning import Candidate, candidate_config, searches
from mnerflow.plan.variants import fraction_of
from mnerflow.record import RECORD

Scored = tuple[str, str, str]  # data set, filter, text encoder


class Plan:
    """What a configuration asks for.

    Attributes:
        study: the folder of its scores, tables, plots and pages.
        publication: the folder of published runs, if there is one.
        data: its data sets.
        encoders: entries of all encoders, by name.
        pretrained: entries of the pretrained encoders, by name.
        runs: runs of the grid; with ``finished_only``, only those that are finished.
        datasets: names of their data sets, sorted.
        searches: the candidates of each of its searches over training settings.
        tried: the runs of these candidates.
        starts: runs that any of these start from.
        rivals: runs of the language models that are asked.
        prompts: files of the rivals' prompts, by the name of the rival.
        kinds: what kind of data set each is.
        published: the runs of the grid that are taken over instead of trained.
        dropped: runs whose weights were dropped.
        answered: the rivals that have answered about the data of the grid.
    """

    def __init__(self, config: dict[str, Any], prompt: Path) -> None:
        """Plan ``config``; rivals that do not name a prompt of their own are asked with ``prompt``.

        Raises:
            UserError: if it asks for something impossible, or for something that the library does not have.
        """
        self.config, self.results = config, Path(layout.RESULTS)
        self.study = layout.study(config["name"])
        published = config.get("published")
        self.publication = expanded(published) if published else None
        self.data = Datasets(config)
        self.encoders = encoders(config)
        self.pretrained = {name: entry for name, entry in self.encoders.items() if "source" in entry}
        self._values: dict[Run, dict[str, Any]] = {}

        self.runs = expand(config)
        if config.get("finished_only"):
            self.runs = [run for run in self.runs if self._is_finished(run) or self._is_published(run)]
            if not self.runs:
                raise UserError("finished_only: no run of the grid is finished yet. Train one first.")
        self.datasets = sorted({run.dataset for run in self.runs})
        self.searches = searches(config)
        self.tried = {candidate.run for search in self.searches for candidate in search}
        self.starts = self._starts_of({*self.runs, *self.tried})
        self.rivals = llm.rival_runs(config)
        self.prompts = {name: llm.prompt_of(config, name, prompt) for name in config.get("rivals", {})}
        check_plan(config, sorted({*self.runs, *self.tried, *self.starts}), self.rivals)
        self.kinds = {name: self.data.kind(name) for name in sorted(config["datasets"])}

        # What is there already.
        self.published = self._published()
        self.dropped = [
            run for run in {*self.runs, *self.starts} if was_dropped(Path(layout.run_folder(run)))
        ]
        self.answered = self._answered()

    def _is_published(self, run: Run) -> bool:
        return self.publication is not None and is_published(self.publication, run, self.config)

    def _is_finished(self, run: Run) -> bool:
        return is_finished(self.results, run, self.config)

    def _published(self) -> set[Run]:
        """The runs that were published with the same settings, which are taken over instead of trained.

        A run that was trained here is not taken over, because its weights belong to its own predictions. A
        run from which a run still to be trained or tuned starts is also trained, because weights are not
        published. With ``finished_only``, nothing is trained.
        """
        published = {*filter(self._is_published, self.runs)}
        if self.config.get("finished_only"):
            return {run for run in published if not self._is_finished(run)}
        published -= {run for run in published if is_trained(self.results, run, self.config)}
        return published - self._starts_of({*self.runs} - published | self.tried)

    def _starts_of(self, runs: Iterable[Run]) -> set[Run]:
        return {start for run in runs for start in starting_runs(self.config, run)}

    @property
    def trained(self) -> set[Run]:
        """The runs that are trained here: those not taken over, those tuned, and all that they start from."""
        runs = {*self.runs} - self.published | self.tried
        return runs | self._starts_of(runs)

    @property
    def prepared(self) -> list[str]:
        """The data sets whose posts are prepared for these runs, sorted."""
        return self.data.with_left_out({run.dataset for run in {*self.runs, *self.trained}})

    def _answered(self) -> list[Run]:
        data = {(run.dataset, run.filter) for run in self.runs}
        return [
            run
            for run in self.rivals
            if (run.dataset, run.filter) in data
            and llm.has_answered(Path(layout.run_folder(run)), self.data, run, self.prompts[run.text_encoder])
        ]

    @property
    def outdated_rivals(self) -> list[Run]:
        """The rivals that were asked about data of the grid, but with other settings, posts or images."""
        data = {(run.dataset, run.filter) for run in self.runs}
        asked = [run for run in self.rivals if Path(layout.run_folder(run), RECORD).exists()]
        return [run for run in asked if (run.dataset, run.filter) in data and run not in self.answered]

    def trained_with_other_versions(self) -> list[Run]:
        """Published runs that are taken over, but were made by other code or package versions than these."""
        if not self.publication:
            return []
        return trained_with_other_versions(self.publication, sorted(self.published), self.config)

    # What a run depends on.

    def settings(self, run: Run) -> dict[str, Any]:
        """The plain values of a run's ``RunConfig``, cached for a dozen functions of its jobs."""
        if run not in self._values:
            self._values[run] = run_config(self.config, run)
        return self._values[run]

    def values(self, run: Run) -> dict[str, Any]:
        """The values that a run's result depends on: if one changes, the run is trained again."""
        return _without_checkpoints(self.settings(run))

    def candidate_values(self, candidate: Candidate) -> dict[str, Any]:
        """The same for a candidate."""
        return _without_checkpoints(candidate_config(self.config, candidate))

    def modules(self, run: Run) -> list[str]:
        """The modules of the library that a run's configuration picks."""
        return [*modules_of(self.settings(run))]

    # What it reads.

    def reads(self, run: Run) -> dict[str, Any]:
        """What a run reads besides posts: weights, image store, and features of a frozen image encoder."""
        weights = self.weights(run.text_encoder, run.image_encoder)
        return {"weights": weights} | self.images(run.dataset, run.image_encoder)

    def weights(self, *encoders: str) -> list[str]:
        """The weight folders of those encoders that are pretrained."""
        return [layout.weights(name) for name in dict.fromkeys(encoders) if name in self.pretrained]

    def linked_weights(self, encoder: str) -> list[str]:
        """The files that a `path:` source names; if these weights change, runs are trained again."""
        source = self.pretrained[encoder]["source"]
        folder = expanded(source.removeprefix("path:"))
        if not source.startswith("path:") or not folder.is_dir():
            return []
        names = (file.name for file in folder.iterdir() if file.is_file())
        return [str(folder / name) for name in model_files(names)]

    def images(self, dataset: str, encoder: str) -> dict[str, str]:
        """The image store that runs read, and the features if the encoder is frozen."""
        if encoder == NONE:
            return {}
        entry, owner = self.encoders[encoder], images_of(self.config, dataset)
        read = {"images": f"{layout.images(owner, entry['size'])}/images.npy"}
        return read | ({"features": layout.features(owner, encoder)} if entry.get("frozen") else {})

    def start(self, run: Run) -> dict[str, list[str]]:
        """The model that a run starts from, and lists of posts that it learnt there and is tested with."""
        starts = starting_runs(self.config, run)
        return {
            "start": [layout.model(start) for start in starts[:1]],
            "leaks": [layout.leaks(start.dataset, run.dataset, run.system) for start in starts],
        }

    def published_files(self, run: str) -> list[str]:
        """The files of a published run."""
        return sorted(map(str, Path(self.publication or "", "runs", run).iterdir()))

    # What is made of runs.

    @property
    def runs_by_text_encoder(self) -> dict[Scored, list[Run]]:
        """The runs of each text encoder on each data set and filter, which are scored together."""
        grouped = groupby(self.runs, key=lambda run: (run.dataset, run.filter, run.text_encoder))
        return {key: list(runs) for key, runs in grouped}

    @property
    def baselines(self) -> Baselines:
        """The baselines of each combination and of each rival."""
        trained = {run.combination: baselines(self.config, run.combination) for run in self.runs}
        return trained | llm.rival_baselines(self.rivals)

    @property
    def controls(self) -> Baselines:
        """The matched controls of each combination that has some."""
        found = {run.combination: controls(self.config, run.combination) for run in self.runs}
        return {one: its for one, its in found.items() if its}

    @property
    def margin(self) -> float:
        """The difference in entity F1, as a fraction, below which a change counts as none."""
        return float(value_of(self.config, "margin")) / 100

    @property
    def has_learning_curve(self) -> bool:
        """Whether any run learns from only a share of the training posts."""
        return any(fraction_of(self.config, run.variant) < 1 for run in self.runs)

    @property
    def filtered_data(self) -> list[str]:
        """Data sets and filters of the grid, as folders below ``results/data``."""
        return sorted({f"{run.dataset}/{run.filter}" for run in self.runs})

    @property
    def image_indexes(self) -> dict[str, str]:
        """For each data set whose images some run reads, the index of an image store that contains them."""
        sizes = {
            run.dataset: self.encoders[run.image_encoder]["size"]
            for run in self.runs
            if run.image_encoder != NONE
        }
        return {
            dataset: f"{layout.images(images_of(self.config, dataset), size)}/index.csv"
            for dataset, size in sizes.items()
        }

    def data_report(self, dataset: str) -> dict[str, Any]:
        """The inputs of a data set's report, with image index, filters and PONER's pages if there are any."""
        filters = sorted({run.filter for run in self.runs if run.dataset == dataset} - {FILTERS_OFF})
        posts = layout.data(dataset, FILTERS_OFF)
        inputs = {
            "posts": [f"{posts}/{split}.jsonl" for split in SPLITS],
            "report": f"{posts}/report.json",
            "filters": [f"{layout.data(dataset, name)}/summary.json" for name in filters],
        }
        if index := self.image_indexes.get(dataset):
            inputs["index"] = index
        if dataset in self.data.poner:
            inputs["placement"] = f"{layout.raw(dataset)}/report.json"
        if dataset in self.data.with_crops:
            inputs["crops"] = f"{self.study}/reports/data/{dataset}.crops.png"
        return inputs


def _without_checkpoints(values: dict[str, Any]) -> dict[str, Any]:
    training = {key: value for key, value in values["training"].items() if key != "checkpoint_seconds"}
    return values | {"training": training}
