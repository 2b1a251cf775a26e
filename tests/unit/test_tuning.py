"""The search over training settings: what is tried, and what dev prefers."""

import csv
from pathlib import Path

import pytest
from records import write_record

from mnerflow.config import build
from mnerflow.config.configuration import Search
from mnerflow.errors import UserError
from mnerflow.plan.names import Run
from mnerflow.plan.tuning import Candidate, candidate_config, searches
from mnerflow.reporting.tuning import TABLE, tuning_rows

SEARCH = {"dataset": "x", "text_encoder": "bilstm", "fusion": "text_only", "seeds": [1, 2]}
CONFIG = {
    "datasets": {"x": {"types": ["PER"]}},
    "text_encoders": {"bilstm": {"training": {"epochs": 7, "learning_rate": {"text": 0.1, "fusion": 0.1}}}},
    "image_encoders": {},
    "fusions": {"text_only": {}},
}


def tuned(**search: list[float]) -> dict:
    return CONFIG | {"tuning": [SEARCH | {"search": {k.replace("__", "."): v for k, v in search.items()}}]}


def test_a_search_is_the_product_of_its_values_and_seeds() -> None:
    [found] = searches(tuned(learning_rate__text=[1e-5, 0.5], epochs=[3]))
    assert [candidate.path for candidate in found] == [
        f"x/none/bilstm+none/text_only/learning_rate.text={rate},epochs=3/seed{seed}"
        for rate in ("1e-05", "0.5")
        for seed in (1, 2)
    ]
    training = candidate_config(CONFIG, found[0])["training"]
    assert training["epochs"] == 3
    assert training["learning_rate"] == {"text": 1e-5, "fusion": 0.1, "image": 5e-4, "decoder": 2e-3}


@pytest.mark.parametrize("key", ["", "epochs,warmup", "epochs=3", "../epochs"])
def test_the_key_of_a_search_can_be_part_of_a_folder_s_name(key: str) -> None:
    with pytest.raises(UserError, match=r"search: .* is not a name of letters"):
        build(Search, SEARCH | {"search": {key: [3]}}, "search 1")


@pytest.mark.parametrize("change", [{"seeds": [1, 1]}, {"search": {"epochs": [3, 3.0]}}], ids=["seed", "v"])
def test_what_a_search_tries_is_listed_once(change: dict) -> None:
    with pytest.raises(UserError, match="is listed twice; remove one"):
        build(Search, SEARCH | {"search": {"epochs": [3]}} | change, "search 1")


@pytest.mark.parametrize("name", ["none", "stem+nonword"])
def test_a_search_takes_the_filters_that_a_block_of_the_grid_takes(name: str) -> None:
    search = SEARCH | {"search": {"epochs": [3]}, "filter": name}
    assert build(Search, search).filter == name
    [[candidate, _]] = searches(CONFIG | {"tuning": [search]})
    assert candidate.path.startswith(f"x/{name}/")


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"learning_rate__txt": [0.1]}, "unknown key 'txt' (did you mean 'text'?)"),
        ({"epochs": [2.5]}, "training.epochs: 2.5 is not a whole number"),
    ],
)
def test_a_setting_that_training_does_not_have(search: dict, said: str) -> None:
    with pytest.raises(UserError) as error:
        searches(tuned(**search))
    assert said in str(error.value)


def test_the_highest_mean_on_dev_is_picked(tmp_path: Path) -> None:
    scores = {("epochs=1", 1): 0.5, ("epochs=1", 2): 0.7, ("epochs=2", 1): 0.9, ("epochs=2", 2): 0.2}
    tried = [[], []]
    for (settings, seed), score in scores.items():
        run = Run("x", "none", "bilstm", "none", "text_only", seed)
        candidate = Candidate(run, settings)
        folder = tmp_path / candidate.path
        tried[0].append(folder)
        tried[1] += [folder] if seed == 2 else []
        write_record(folder, run, seconds=10 * seed, config={"training": {"select": "entity_f1"}})
        with (folder / "history.csv").open("w") as file:
            csv.writer(file).writerows([["epoch", "dev_entity_f1"], [1, 1.0], [2, score]])
    rows = tuning_rows(tried)
    assert [(row["search"], row["settings"], row["picked"]) for row in rows] == [
        (1, "epochs=1", True),
        (1, "epochs=2", False),
        (2, "epochs=1", True),
        (2, "epochs=2", False),
    ]
    assert rows[0]["dev_mean"] == pytest.approx(0.6) and rows[0]["seconds"] == 15
    assert "| **epochs=1** | 2       | entity_f1 | **60.00** |" in TABLE.render(rows).markdown()
