"""Where everything lies, relative to the folder that the workflow runs in.

Each function returns the path for the names that it is given. Without names, it returns a pattern with the
names in braces.
"""

from mnerflow.plan.names import Run

RESULTS = "results"
RUNS = f"{RESULTS}/runs"
RESOURCES = "resources"
MODEL = "model.safetensors"  # in the folder of a run


def run_folder(run: Run) -> str:
    """The folder with the weights, record, history and predictions of a run."""
    return f"{RUNS}/{run.path}"


def scores(dataset: str = "{dataset}", filter_name: str = "{filter}", text: str = "{text}") -> str:
    """The folder in a study with the scores of all runs of a text encoder on a data set and filter."""
    return f"scores/{dataset}/{filter_name}/{text}"


def study(name: str) -> str:
    """The folder with the scores, tables, plots and pages of a study, and its configuration."""
    return f"{RESULTS}/{name}"


def model(run: Run) -> str:
    """The trained weights of a run."""
    return f"{run_folder(run)}/{MODEL}"


def raw(dataset: str = "{dataset}") -> str:
    """The folder with what was downloaded or made for a data set."""
    return f"{RESOURCES}/data/{dataset}"


def asked_context(dataset: str = "{dataset}", context: str = "{context}") -> str:
    """The texts that a language model wrote as a context of a data set's posts."""
    return f"{raw(dataset)}/contexts/{context}.jsonl"


def asked_record(dataset: str = "{dataset}", context: str = "{context}") -> str:
    """The record of how these texts were made."""
    return f"{raw(dataset)}/contexts/{context}.yaml"


def archive(name: str = "{archive}") -> str:
    """A downloaded archive of photos."""
    return f"{RESOURCES}/archives/{name}"


def weights(encoder: str = "{encoder}") -> str:
    """The folder with an encoder's pretrained weights."""
    return f"{RESOURCES}/weights/{encoder}"


def data(dataset: str = "{dataset}", filter_name: str = "{filter}") -> str:
    """The folder with a data set's prepared or filtered posts."""
    return f"{RESULTS}/data/{dataset}/{filter_name}"


def to_ask(dataset: str = "{dataset}") -> str:
    """The folder with a data set's posts for which language models are asked to write contexts."""
    return f"{RESULTS}/asked/{dataset}"


def images(dataset: str = "{dataset}", size: int | str = "{size}") -> str:
    """The folder with a data set's decoded images."""
    return f"{RESULTS}/images/{dataset}/{size}"


def features(dataset: str = "{dataset}", image: str = "{image}") -> str:
    """The patch vectors that a frozen image encoder computes from a data set's images."""
    return f"{RESULTS}/features/{dataset}/{image}.npy"


def leaks(start: str = "{start}", dataset: str = "{dataset}", system: str = "{system}") -> str:
    """The list of posts that a run is tested with and that the run it starts from was trained on."""
    return f"{RESULTS}/reports/leaks/{start}/{dataset}/{system}.csv"
