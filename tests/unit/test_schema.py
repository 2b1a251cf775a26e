"""What the configuration schema and a run's own options refuse, in words."""

import math
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
import yaml

from mnerflow.config import ImageConfig, TrainingConfig, build
from mnerflow.errors import UserError
from mnerflow.plan.settings import image_config, merge
from mnerflow.schema import check, check_keys

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
DATASET = {"format": "umt", "types": ["PER"], "splits": {"train": "t.txt"}, "folder": "mine"}
CONFIG = {"datasets": {"own": DATASET}, "text_encoders": {"bilstm": {}}, "image_encoders": {}}
CONFIG |= {
    "fusions": {"linear": {}},
    "grid": [{"datasets": ["own"], "fusions": ["linear"], "seeds": [1]}],
}


def test_the_smallest_configuration_is_accepted() -> None:
    check(CONFIG, SCHEMA)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training": {"epochs": "ten"}}, "training.epochs: 'ten' is not of type 'integer'"),
        (
            {"variants": {"mine": {"contexts": ["a+b"]}}},
            "variants.mine.contexts.0: 'a+b' is not a name of letters",
        ),
        ({"datasets": {"own": {"files": {}}}}, "exactly one of files, folder, generator, poner"),
        ({"datasets": {"own": {"splits": {"tran": "x"}}}}, "unknown key 'tran' (did you mean 'train'?)"),
        ({"datasets": {"own": {"splits": {"train": [1]}}}}, "splits.train.0: 1 is not of type 'string'"),
        ({"image_encoders": {"cnn": {}}}, "image_encoders.cnn: 'size' is a required property"),
        (
            {"text_encoders": {"bilstm": {"source": "package:x/y"}}},
            "is not ORG/NAME or ORG/NAME/FILE.gguf on the model hub",
        ),
        (
            {"variants": {"mine": {"decoder": {"kind": "crf", "optoins": {}}}}},
            "variants.mine.decoder: unknown key 'optoins' (did you mean 'options'?)",
        ),
        ({"variants": {"mine": {"decoder": {"options": {}}}}}, "decoder: 'kind' is a required property"),
        ({"grid": [{"datasets": ["own"], "fusions": ["linear"], "seed": [1]}]}, "did you mean 'seeds'"),
        ({"training": {"learning_rate": 3e-5}}, "as in {text: 3.0e-05}; its keys are text, image, fusion"),
        ({"training": {"learning_rate": "3e-5"}}, "as in {text: 3.0e-05}; its keys are text, image, fusion"),
        (
            {"fusions": "linear"},
            "fusions: 'linear' stands alone where a key with a value is wanted, as in {lin",
        ),
        ({"fusions": None}, "fusions: empty; give keys with values, or {} for none"),
        ({"fusions": ["linear"]}, "fusions: a list where keys with values are wanted"),
        ({"grid": [{"seeds": 3}]}, "grid.0.seeds: 3 is no list; write a list, as in [3]"),
        ({"grid": [{"datasets": "own"}]}, "grid.0.datasets: 'own' is no list; write a list, as in [own]"),
        ({"grid": [{"seeds": None}]}, "grid.0.seeds: nothing is no list; write a list, as in […]"),
    ],
)
def test_it_says_where_and_what(change: dict, said: str) -> None:
    with pytest.raises(UserError) as error:
        check(merge(CONFIG, change), SCHEMA)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a {b: &b [*a]}",
        "\n".join(f"{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(40)),
    ],
)
def test_a_few_lines_cannot_stand_for_millions_of_values(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UserError, match=r"c\.yaml:\d+: its anchors"):
        check_keys(tmp_path / "c.yaml")


def test_anchors_and_merged_keys_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n")
    check_keys(tmp_path / "c.yaml")


def mappings(values: dict, schema: dict, *path: str) -> Iterator[tuple[str, ...]]:
    """Paths to all mappings of a configuration whose keys the schema knows."""
    schema = SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    if values and "properties" in schema:
        yield path
    for key, value in values.items():
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
        if isinstance(value, dict) and isinstance(inner, dict):
            yield from mappings(value, inner, *path, key)


def test_an_unknown_key_names_the_nearest_at_any_depth() -> None:
    config = {}
    for name in ("config/datasets.yaml", "config.yaml", "config/thesis.yaml"):
        config = merge(config, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    paths = set(mappings(config, SCHEMA))
    assert {(), ("training",), ("text_encoders", "minilm", "training", "learning_rate")} <= paths
    assert ("datasets", "demo", "generator", "posts") in paths
    for path in paths:
        known = max(reduce(getitem, path, config), key=len)
        change = reduce(lambda inner, key: {key: inner}, reversed(path), {f"{known}x": 1})
        with pytest.raises(UserError) as error:
            check(merge(config, change), SCHEMA)
        assert f"unknown key '{known}x' (did you mean '{known}'?)" in str(error.value), path
        assert ".".join(path) in str(error.value)


def numbers(schema: dict, *path: str) -> Iterator[tuple[str, ...]]:
    """Paths to every value that the schema lets be a number or lets be anything; x is a name of one's own."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].split("/")[-1]]
    kinds = schema.get("type", [])
    if {"number", "integer"} & {*([kinds] if isinstance(kinds, str) else kinds)}:
        yield path
    for key, inner in schema.get("properties", {}).items():
        yield from numbers(inner, *path, key)
    if kinds == "object" and "properties" not in schema:
        names = schema.get("additionalProperties", {"type": "number"})
        yield from numbers(names, *path, "x")
    if "items" in schema:
        yield from numbers(schema["items"], *path, "0")


NUMBERS = sorted({".".join(path): path for path in numbers(SCHEMA)}.values())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_no_number_is_infinite_or_none(value: float) -> None:
    assert len(NUMBERS) > 80 and {("max_cost",), ("training", "min_gain")} <= set(NUMBERS)
    assert {("core_hours", "x"), ("filters", "x", "x"), ("text_encoders", "x", "options", "x")} <= set(
        NUMBERS
    )
    assert {("rivals", "x", "price", "input"), ("tuning", "0", "search", "x", "0")} <= set(NUMBERS)
    for path in NUMBERS:
        change = reduce(lambda inner, key: [inner] if key == "0" else {key: inner}, reversed(path), value)
        with pytest.raises(UserError) as error:
            check(merge(CONFIG, change), SCHEMA)
        assert f"{'.'.join(path)}: NaN, infinite or too large; give a finite number" in str(error.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(UserError) as error:
        check(merge(CONFIG, {"training": {"epochs": 0}, "trainin": {}}), SCHEMA)
    assert "training.epochs" in str(error.value) and "'trainin'" in str(error.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rate": {"txt": 1.0}}, "run.learning_rate: unknown key 'txt' (did you mean 'text'?)"),
        ({"clip": "1e-1"}, "run.clip: '1e-1' is not a number such as 1.0e-3"),
        ({"min_gain": math.nan}, "run.min_gain: nan is not a number such as 1.0e-3"),
        ({"epochs": True}, "run.epochs: True is not a whole number"),
        ({"epochs": 1.5}, "run.epochs: 1.5 is not a whole number"),
        (
            {"learning_rate": 0.1},
            "run.learning_rate: 0.1 are no settings. Known: text, image, fusion, decoder",
        ),
    ],
)
def test_a_run_s_own_values(values: dict, said: str) -> None:
    with pytest.raises(UserError) as error:
        build(TrainingConfig, values, "run")
    assert said in str(error.value)


def test_a_whole_number_will_do_where_any_number_will() -> None:
    assert build(TrainingConfig, {"clip": 1}, "run").clip == 1


def test_a_missing_value_is_named() -> None:
    with pytest.raises(UserError, match="required positional argument: 'kind'"):
        build(ImageConfig, {}, "image")


def test_a_frozen_encoder_cannot_see_augmented_images() -> None:
    with pytest.raises(UserError, match=r"image_encoders\.cnn: a frozen encoder"):
        image_config("cnn", {"size": 48, "frozen": True, "augment": True})
