"""What the configuration and a run's own options refuse, in words."""

import math
import re
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
import yaml

from mnerflow.config import ImageConfig, TrainingConfig, build
from mnerflow.config.configuration import as_in_a_file, check
from mnerflow.config.keys import check_keys
from mnerflow.config.reference import files, json_schema
from mnerflow.config.refusals import resolve, values_of
from mnerflow.errors import UserError
from mnerflow.plan.settings import image_config, merge

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema()
DATASET = {"format": "umt", "types": ["PER"], "splits": {"train": "t.txt"}, "folder": "mine"}
CONFIG = {"datasets": {"own": DATASET}, "text_encoders": {"bilstm": {}}, "image_encoders": {}}
CONFIG |= {
    "fusions": {"linear": {}},
    "grid": [{"datasets": ["own"], "fusions": ["linear"], "seeds": [1]}],
}


def test_the_smallest_configuration_is_accepted() -> None:
    check(CONFIG)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training": {"epochs": "ten"}}, "training.epochs: 'ten' is not a whole number, 1 or more"),
        (
            {"variants": {"mine": {"contexts": ["a+b"]}}},
            "variants.mine.contexts.0: 'a+b' is not a name of letters",
        ),
        (
            {"datasets": {"own": {"type_names": {"PRE": "person"}}}},
            "type_names: 'PRE' is none of the types",
        ),
        (
            {"datasets": {"own": {"types": ["a person"]}}},
            "datasets.own.types.0: 'a person' is not an entity type without spaces, such as PER.",
        ),
        (
            {"datasets": {"own": {"types": ["p", "g"], "type_names": {"p": "g"}}}},
            "type_names: two types are called 'g'",
        ),
        ({"datasets": {"own": {"files": {}}}}, "exactly one of files, folder, generator, poner"),
        ({"datasets": {"own": {"images": {"url": "https://a.b/c.zip"}}}}, "an archive goes with files"),
        (
            {"datasets": {"own": {"splits": {"tran": "x"}}}},
            "'tran' is not one of train, dev, test (did you mean",
        ),
        ({"datasets": {"own": {"splits": {"train": [1]}}}}, "splits.train.0: 1 is not text"),
        ({"image_encoders": {"cnn": {}}}, "image_encoders.cnn: 'size' is missing"),
        (
            {"text_encoders": {"bilstm": {"source": "package:x/y"}}},
            "is not ORG/NAME or ORG/NAME/FILE.gguf on the model hub",
        ),
        (
            {"variants": {"mine": {"decoder": {"kind": "crf", "optoins": {}}}}},
            "variants.mine.decoder: unknown key 'optoins' (did you mean 'options'?)",
        ),
        ({"variants": {"mine": {"decoder": {"options": {}}}}}, "decoder: 'kind' is missing"),
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
        check(merge(CONFIG, change))
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


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("training:\n  epochs: 3\n\tpatience: 2\n")
    with pytest.raises(UserError, match=r"c\.yaml:3: not YAML"):
        check_keys(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("title: žába\nmirror: \a\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"c\.yaml:2: not YAML \(control characters"):
        check_keys(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("datasets:\n  mine:\n    folder: {{data}}\n")
    with pytest.raises(UserError, match=r"c\.yaml:3: a list or keys with values where a key should be"):
        check_keys(tmp_path / "c.yaml")
    (tmp_path / "c.json").write_text('{\n\t"training": {"epochs": 3}\n}\n')
    check_keys(tmp_path / "c.json")


def test_anchors_and_merged_keys_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n")
    check_keys(tmp_path / "c.yaml")


def mappings(values: dict, node: dict, *path: str) -> Iterator[tuple[str, ...]]:
    """Paths to all mappings of a configuration whose keys are known."""
    node = resolve(SCHEMA, node)
    if values and "properties" in node:
        yield path
    for key, value in values.items():
        inner = node.get("properties", {}).get(key, values_of(node))
        if isinstance(value, dict):
            yield from mappings(value, inner, *path, key)


def test_an_unknown_key_names_the_nearest_at_any_depth() -> None:
    config = {}
    for name in ("config/datasets.yaml", "config.yaml", "config/thesis.yaml"):
        config = merge(config, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    paths = set(mappings(config, SCHEMA))
    assert {(), ("training",), ("text_encoders", "minilm", "training", "learning_rate")} <= paths
    assert ("datasets", "demo", "generator") in paths
    known = {path: max(reduce(getitem, path, config), key=len) for path in paths}
    for path, key in known.items():
        config = merge(config, reduce(lambda inner, outer: {outer: inner}, reversed(path), {f"{key}x": 1}))
    with pytest.raises(UserError) as error:
        check(config)
    for path, key in known.items():
        place = f"{'.'.join(path)}: " if path else ""
        assert f"{place}unknown key '{key}x' (did you mean '{key}'?)" in str(error.value)


def numbers(node: dict, *path: str) -> Iterator[tuple[str, ...]]:
    """Paths to every value that may be a number or may be anything; x is a name of one's own."""
    node = resolve(SCHEMA, node)
    if node.get("type") in ("number", "integer", None):
        yield path
    for key, inner in node.get("properties", {}).items():
        yield from numbers(inner, *path, key)
    if node.get("type") == "object" and "properties" not in node:
        yield from numbers(
            values_of(node), *path, "train" if "enum" in node.get("propertyNames", {}) else "x"
        )
    if "items" in node:
        yield from numbers(node["items"], *path, "0")


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
            check(merge(CONFIG, change))
        assert f"{'.'.join(path)}: NaN, infinite or too large; give a finite number" in str(error.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(UserError) as error:
        check(merge(CONFIG, {"training": {"epochs": 0}, "trainin": {}}))
    assert "training.epochs" in str(error.value) and "'trainin'" in str(error.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rate": {"txt": 1.0}}, "run.learning_rate: unknown key 'txt' (did you mean 'text'?)"),
        ({"clip": "1e-1"}, "run.clip: '1e-1' is not a number such as 1.0e-3"),
        ({"min_gain": math.nan}, "run.min_gain: NaN, infinite or too large; give a finite number"),
        ({"epochs": True}, "run.epochs: True is not a whole number"),
        ({"epochs": 1.5}, "run.epochs: 1.5 is not a whole number"),
        (
            {"learning_rate": 0.1},
            "run.learning_rate: 0.1 stands alone where a key with a value is wanted, as in {text: 0.1}",
        ),
    ],
)
def test_a_run_s_own_values(values: dict, said: str) -> None:
    with pytest.raises(UserError) as error:
        build(TrainingConfig, values, "run")
    assert said in str(error.value)


def test_a_whole_number_will_do_where_any_number_will() -> None:
    assert build(TrainingConfig, {"clip": 1}, "run").clip == 1


def test_values_on_the_command_line_are_those_of_a_file() -> None:
    said = {"training": {"epochs": "3", "learning_rate": {"text": "1.0e-3"}}, "grid": [{"seeds": ["1", "2"]}]}
    left = {"mirror": "/data: here", "name": "x", "max_cost": 5, "published": None, "split": "2015-13-45"}
    read = {"training": {"epochs": 3, "learning_rate": {"text": 1.0e-3}}, "grid": [{"seeds": [1, 2]}]}
    given = said | left | {"allow_cpu": "true"}
    in_files = {"training": {"clip": "1"}, "datasets": {"my": {"language": "no", "types": ["1"]}}}
    expected = read | left | {"allow_cpu": True, "datasets": in_files["datasets"]}
    expected["training"] = expected["training"] | in_files["training"]
    assert as_in_a_file(merge(in_files, given), given) == expected


def test_a_missing_value_is_named() -> None:
    with pytest.raises(UserError, match="image: 'kind' is missing"):
        build(ImageConfig, {}, "image")


def test_a_frozen_encoder_cannot_see_augmented_images() -> None:
    with pytest.raises(UserError, match=r"image_encoders\.cnn: a frozen encoder"):
        image_config("cnn", {"size": 48, "frozen": True, "augment": True})


def test_the_page_and_the_schema_say_what_the_description_says() -> None:
    for file, text in files().items():
        assert file.read_text(encoding="utf-8") == text, f"{file} is stale: `make reference`"


def test_no_key_is_accepted_that_nothing_reads() -> None:
    described = ROOT / "src/mnerflow/config"
    code = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("src/mnerflow", "workflow")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".smk") and (described not in file.parents or file.name == "run.py")
    )
    read = set(re.findall(r"""\.([a-z_0-9]+)\b|["']([a-z_0-9]+)["']""", code))
    known = {key for node in [SCHEMA, *SCHEMA["$defs"].values()] for key in node["properties"]}
    assert known - {name for found in read for name in found} == set()
