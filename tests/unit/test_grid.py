"""The grid: which runs a configuration asks for, and what each of them is told."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mnerflow.config import RunConfig, build
from mnerflow.config.configuration import check
from mnerflow.config.keys import check_keys
from mnerflow.errors import UserError
from mnerflow.plan.baselines import baselines, controls, lacking_baselines, read_baselines, write_baselines
from mnerflow.plan.checks import check_plan
from mnerflow.plan.grid import expand, starting_runs
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.settings import fit_of, merge, run_config, sources
from mnerflow.plan.variants import curve_of

ROOT = Path(__file__).parents[2]
STUDIES = sorted(path.name for path in (ROOT / "config").glob("*.yaml") if path.name != "datasets.yaml")

SEEDS = st.integers(0, 10**6)


def load(*names: str) -> dict[str, Any]:
    """Configuration files merged as Snakemake merges them."""
    merged: dict[str, Any] = {}
    for name in ("config/datasets.yaml", "config.yaml", *names):
        merged = merge(merged, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    return merged


BLOCK: dict[str, Any] = {
    "datasets": ["demo"],
    "text_encoders": ["minilm", "bilstm"],
    "image_encoders": ["cnn", "vit"],
    "fusions": ["text_only", "image_only", "linear"],
    "seeds": [1, 2],
}


@pytest.fixture
def config() -> dict[str, Any]:
    return load() | {"grid": [dict(BLOCK)]}


def test_unimodal_fusions_are_not_multiplied_by_the_encoder_that_they_do_not_use(config) -> None:
    runs = expand(config)
    assert len(runs) == len(set(runs)) == 2 * (2 + 2 + 4)
    assert Run("demo", "none", "bilstm", "none", "text_only", 1) in runs
    assert Run("demo", "none", "none", "vit", "image_only", 2) in runs


@pytest.fixture
def both(config) -> dict[str, Any]:
    """A grid with a vision-language encoder beside two towers."""
    entry = {"kind": "vision_language_model", "source": "org/name", "size": 96, "training": {"epochs": 7}}
    fusions = ["text_only", "linear", "joint"]
    config["grid"][0] |= {"vision_language_encoders": ["vlm"], "fusions": fusions, "seeds": [1]}
    return config | {"vision_language_encoders": {"vlm": entry}}


def test_a_vision_language_encoder_is_both_encoders_or_reads_the_text_alone(both) -> None:
    runs = expand(both)
    check_plan(both, runs)
    named = {(run.path, run.model) for run in runs if "vlm" in run.text_encoder}
    assert named == {
        ("demo/none/vlm+none/text_only/seed1", "vlm text_only"),
        ("demo/none/vlm+vlm/linear/seed1", "vlm linear"),
        ("demo/none/vlm+vlm/joint/seed1", "vlm joint"),
    }
    assert len(runs) == 3 + 2 + 4
    joint = Run("demo", "none", "vlm", "vlm", "joint", 1)
    [(source, alone)] = baselines(both, joint.combination).items()
    assert (source, alone.run(1)) == ("image", Run("demo", "none", "vlm", "none", "text_only", 1))
    shown, unshown = (build(RunConfig, run_config(both, run), "run") for run in (joint, alone.run(1)))
    assert (shown.image_size, unshown.image_size, shown.training.epochs) == (96, 0, 7)
    assert replace(unshown, vision_language_encoder=shown.vision_language_encoder) == replace(
        shown, fusion=unshown.fusion
    )
    assert sources(both, "vlm", "vlm") == {"vlm": "org/name"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fusions": ["joint"], "vision_language_encoders": []}, "'joint' needs vision_language_encoders"),
        (
            {"fusions": ["image_only"], "image_encoders": []},
            "a vision-language encoder reads no image without",
        ),
        ({"vision_language_encoders": ["vml"]}, "'vml' is not configured (did you mean 'vlm'?)"),
    ],
)
def test_what_a_vision_language_encoder_cannot_be_asked_for(both, change: dict, said: str) -> None:
    both["grid"] = [both["grid"][0] | change]
    with pytest.raises(UserError) as error:
        expand(both)
    assert said in str(error.value)


def test_blocks_that_ask_for_the_same_run_get_it_once(config) -> None:
    assert expand(config | {"grid": config["grid"] * 2}) == expand(config)


def test_a_path_names_its_run() -> None:
    run = Run("demo", "nonword", "bilstm", "cnn", "linear", 3)
    assert run.path == "demo/nonword/bilstm+cnn/linear/seed3"
    assert Run.from_folder(f"results/runs/{run.path}") == run
    with pytest.raises(UserError, match="ends in <dataset>"):
        Run.from_folder("results/runs/demo")
    row = {"dataset": "demo", "filter": "nonword", "text_encoder": "bilstm", "image_encoder": "cnn"}
    combination = Combination.of(row | {"fusion": "linear", "variant": "base", "seeds": "3"})
    assert combination == run.combination and combination.folder == "demo/nonword/bilstm+cnn/linear"
    assert (combination.data, combination.model) == ("demo (nonword)", "bilstm+cnn linear")
    variant = replace(combination, variant="crf")
    assert (variant.folder, variant.model) == ("demo/nonword/bilstm+cnn/linear+crf", "bilstm+cnn linear crf")
    assert Run.from_folder(variant.run(3).path) == replace(run, variant="crf")
    assert Combination.from_folder(variant.folder) == variant


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datasets": ["dmo"]}, "'dmo' is not configured (did you mean 'demo'?)"),
        (
            {"fusions": ["crossattention"]},
            "grid, block 1.fusions: 'crossattention' is not configured (did you mean 'cross_attention'?)",
        ),
        (
            {"variants": ["crf_captoin"]},
            "grid, block 1.variants: 'crf_captoin' is not configured (did you mean",
        ),
        ({"text_encoders": ["minilmm"]}, "grid, block 1.text_encoders: 'minilmm' is not configured (did you"),
        ({"image_encoders": []}, "the fusion 'image_only' needs image_encoders"),
    ],
)
def test_a_grid_that_names_what_is_not_there(change: dict, said: str, config) -> None:
    config["grid"] = [config["grid"][0] | change]
    with pytest.raises(UserError) as error:
        expand(config)
    assert said in str(error.value)


def test_later_training_settings_lie_over_earlier_ones(config) -> None:
    config["training"] = {"epochs": 1, "clip": 1.0, "learning_rate": {"text": 0.1, "fusion": 0.1}}
    config["datasets"]["demo"]["training"] = {"epochs": 2, "clip": 2.0}
    config["text_encoders"]["bilstm"]["training"] = {"epochs": 3, "learning_rate": {"text": 0.3}}
    config["image_encoders"]["cnn"]["training"] = {"epochs": 4}
    config["variants"] = {
        "mine": {"training": {"epochs": 5, "patience": 1}, "decoder": "crf"},
        "yours": {"based_on": "mine", "training": {"epochs": 6}},
    }
    named = Run("demo", "none", "bilstm", "cnn", "linear", 7, variant="yours")
    run = build(RunConfig, run_config(config, named), "run")
    assert (run.training.epochs, run.training.clip, run.seed, run.decoder.kind) == (6, 2.0, 7, "crf")
    assert run.training.patience == 1
    assert (run.training.learning_rate.text, run.training.learning_rate.fusion) == (0.3, 0.1)


def test_a_run_is_told_nothing_of_others(config) -> None:
    run = Run("demo", "none", "bilstm", "none", "text_only", 1)
    before = run_config(config, run)
    config["image_encoders"]["cnn"]["size"] = 96
    config["fusions"]["linear"] = {"training": {"learning_rate": {"fusion": 0.1}}}
    config["variants"]["crf"] = {"training": {"epochs": 98}}
    config["datasets"]["twitter2015"]["training"] = {"epochs": 99}
    assert run_config(config, run) == before


VARIANTS = {
    "crf": {"decoder": "crf"},
    "long": {"training": {"epochs": 12}},
    "crf_caption": {"based_on": "crf", "contexts": ["caption"]},
    "both": {"based_on": "crf_caption", "training": {"patience": 9}},
    "pretrained": {"based_on": "crf", "init_from": {"dataset": "demo_control", "variant": "long"}},
}


@pytest.mark.parametrize("variant", ["base", *VARIANTS])
@pytest.mark.parametrize("fusion", ["linear", "cross_attention", "prefix", "gated"])
def test_a_baseline_differs_in_nothing_but_the_source_that_it_lacks(
    config, variant: str, fusion: str
) -> None:
    config["variants"] = VARIANTS
    run = Run("demo", "none", "minilm", "cnn", fusion, 1, variant=variant)
    values = run_config(config, run)
    for source, baseline in baselines(config, run.combination).items():
        other = run_config(config, baseline.run(1))
        taken = {"contexts"} if source == "caption" else {"image_encoder", "fusion"}
        assert values["contexts"] == [*other["contexts"], *(["caption"] if source == "caption" else [])]
        assert ("image_encoder" in other) == (source == "caption")
        rates = {"learning_rate": None}  # each may have a search of its own
        assert values["training"] | rates == other["training"] | rates
        taken |= {"training", "init_from"}  # it starts from a run that lacks the source, too
        assert {k: v for k, v in values.items() if k not in taken} == {
            k: v for k, v in other.items() if k not in taken
        }


def test_the_baseline_of_what_a_variant_reads_besides_is_what_it_is_based_on(config) -> None:
    config["variants"] = VARIANTS
    text = Combination("demo", "none", "minilm", "none", "text_only")
    linear = replace(text, image_encoder="cnn", fusion="linear")
    captioned = replace(linear, variant="crf_caption")
    assert baselines(config, text) == {}
    assert baselines(config, replace(text, variant="crf")) == {}
    assert baselines(config, Combination("demo", "none", "none", "cnn", "image_only")) == {}
    assert baselines(config, linear) == {"image": text}
    assert baselines(config, captioned) == {
        "image": replace(text, variant="crf_caption"),
        "caption": replace(linear, variant="crf"),
    }
    found = {captioned: baselines(config, captioned)}
    assert read_baselines(write_baselines(found)) == found


def test_a_share_of_the_training_posts_is_a_point_on_the_curve_of_what_a_variant_is_based_on(config) -> None:
    config["variants"] |= {
        "half": {"based_on": "crf", "train_fraction": 0.5},
        "tenth": {"based_on": "half", "train_fraction": 0.1, "training": {"epochs": 20}},
        "tenth_caption": {"based_on": "tenth", "contexts": ["caption"]},
    }
    check(config)
    check_plan(config, expand(config))
    text = Run("demo", "none", "minilm", "none", "text_only", 1, variant="crf")
    fractions = {name: run_config(config, replace(text, variant=name)) for name in ("crf", "half", "tenth")}
    assert [values.get("train_fraction") for values in fractions.values()] == [None, 0.5, 0.1]
    assert fractions["tenth"]["decoder"] == fractions["crf"]["decoder"]
    curves = [curve_of(config, name) for name in ("base", "crf", "half", "tenth", "tenth_caption")]
    assert curves == ["base", "crf", "crf", "crf", "tenth_caption"]
    linear = replace(text, image_encoder="cnn", fusion="linear", variant="tenth").combination
    assert baselines(config, linear) == {"image": replace(text, variant="tenth").combination}
    for wrong in (0, 1.1, None):
        config["variants"]["half"]["train_fraction"] = wrong
        with pytest.raises(UserError, match=r"variants\.half\.train_fraction"):
            check(config)


def test_baselines_that_the_grid_lacks_are_named(config) -> None:
    config["grid"] = [config["grid"][0] | {"text_encoders": ["bilstm"], "fusions": ["linear"]}]
    lacking = lacking_baselines(config, expand(config))
    assert lacking == ["demo/none/bilstm+none/text_only"]
    config["grid"] += [config["grid"][0] | {"fusions": ["text_only"], "seeds": [1]}]  # it has one for all
    assert lacking_baselines(config, expand(config)) == []


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ({"mine": {"based_on": "crff"}}, "variants.mine.based_on: 'crff' is not configured (did you mean"),
        ({"a": {"based_on": "b"}, "b": {"based_on": "a"}}, "variants that rest on each other"),
        (
            {"a": {"based_on": "caption", "contexts": ["caption"]}},
            "based on reads caption already",
        ),
        ({"a": {"contexts": ["image"]}}, "variants.a.contexts: 'image' means a post's picture"),
        ({"a": {"context_length": 9}}, "variants.a.context_length: it reads no contexts"),
        (
            {"tenth": {"train_fraction": 0.1, "decoder": "crf"}},
            "variants.tenth: with `train_fraction` it is a point on the learning curve",
        ),
        (
            {"half": {"train_fraction": 0.5}, "long": {"train_fraction": 0.5, "training": {"epochs": 9}}},
            "variants.long: it is the same point on a learning curve as 'half'",
        ),
        (
            {"a": {"contexts": ["caption"], "decoder": "crf", "training": {"batch_tokens": 9, "clip": 2}}},
            "variants.a: it adds contexts to the variant that it is based on, to show what they are worth. "
            "Give decoder, training.batch_tokens, training.clip to a variant of its own",
        ),
        ({"base": {"decoder": "crf"}}, "variants.base: it is the variant that changes nothing"),
    ],
)
def test_variants_that_cannot_be(config, variants: dict, said: str) -> None:
    config["variants"] |= variants
    with pytest.raises(UserError) as error:
        check_plan(config, expand(config))
    assert said in str(error.value)


def test_contexts_need_the_text(config) -> None:
    config["grid"] = [config["grid"][0] | {"fusions": ["image_only"], "variants": ["caption"]}]
    with pytest.raises(UserError, match="reads contexts beside the text, which 'image_only' does not read"):
        expand(config)


def test_a_context_that_a_data_set_cannot_have_is_told_at_planning(config) -> None:
    config["variants"] = {"seen": {"contexts": ["captoin"]}}
    config["datasets"]["twitter2015"]["contexts"]["ocr"] = "ocr.jsonl"
    config["grid"] = [{"datasets": ["twitter2015"], "text_encoders": ["bilstm"], "seeds": [1]}]
    config["grid"][0] |= {"fusions": ["text_only"], "variants": ["seen"]}
    with pytest.raises(UserError) as error:
        check_plan(config, expand(config))
    assert str(error.value).startswith(
        "variants.seen reads the context 'captoin', which twitter2015 does not have (did you mean "
        "'caption'?). Known: caption, ocr."
    )
    config["datasets"]["twitter2015"]["format"] = "jsonl"  # whose posts may bring it
    check_plan(config, expand(config))
    config["datasets"]["twitter2015"]["contexts"]["ocr"] = "ocr.json"
    with pytest.raises(UserError, match=r"ocr: 'json' is not known \(did you mean 'jsonl'"):
        check_plan(config, expand(config))


def test_the_length_of_contexts_is_a_variants(config) -> None:
    config["variants"] = VARIANTS | {
        "short": {"based_on": "crf", "contexts": ["caption"], "context_length": 9}
    }
    run = Run("demo", "none", "minilm", "none", "text_only", 1, variant="short")
    assert run_config(config, run)["context_length"] == 9
    assert run_config(config, replace(run, variant="crf_caption"))["context_length"] == 0


def test_a_run_starts_from_what_another_fusion_reads_of_its_encoders(config) -> None:
    start = {"dataset": "demo_control", "fusion": "text_only", "variant": "base"}
    config["variants"] = {"tuned": {"init_from": start}}
    run = Run("demo", "none", "bilstm", "cnn", "linear", 1, variant="tuned")
    assert [start.path for start in starting_runs(config, run)] == [
        "demo_control/none/bilstm+none/text_only/seed1"
    ]
    start["fusion"] = "linear"
    said = r"variants\.tuned\.init_from: the fusion 'linear' needs image_encoders"
    with pytest.raises(UserError, match=said):
        starting_runs(config, replace(run, image_encoder="none", fusion="text_only"))


def test_a_run_starts_from_the_same_encoders_and_fusion(config) -> None:
    config["variants"] = VARIANTS | {"long": {"init_from": {"dataset": "twitter2015", "variant": "crf"}}}
    run = Run("demo", "none", "minilm", "cnn", "linear", 3, variant="pretrained")
    first, second = starting_runs(config, run)
    assert first == replace(run, dataset="demo_control", variant="long")
    assert second == replace(run, dataset="twitter2015", variant="crf")
    config["variants"]["crf"] = {"init_from": {"dataset": "demo", "variant": "pretrained"}}
    with pytest.raises(UserError, match="runs that start from each other"):
        starting_runs(config, run)


def test_an_encoder_without_settings_is_one(config) -> None:
    config["text_encoders"]["bare"] = {}
    values = run_config(config, Run("demo", "none", "bare", "none", "text_only", 1))
    assert values["text_encoder"]["kind"] == "bare"


@given(names=st.lists(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), min_size=5, max_size=5), seed=SEEDS)
@settings(max_examples=30)
def test_every_run_is_read_off_its_own_path(names: list[str], seed: int) -> None:
    for text, image in ((names[2], names[3]), ("none", names[3]), (names[2], "none")):
        run = Run(names[0], names[1], text, image, names[4], seed)
        assert Run.from_folder(run.path) == Run.from_folder(Path("/a+b/runs") / run.path) == run


def test_a_filter_that_is_not_there_is_answered_with_the_nearest(config) -> None:
    config["grid"][0]["filters"] = ["none", "nonword+stm"]
    with pytest.raises(UserError, match=r"'stm' is not known \(did you mean 'stem'\?\)"):
        check_plan(config, expand(config))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_type": 2}, "filter 'low_variability': the option 'min_type' is not known"),
        ({"min_types": "2"}, "filters.low_variability.min_types: '2' is not of the type int"),
        ({"min_entropy": None}, "filters.low_variability.min_entropy: None is not of the type float"),
        ({"min_types": True}, "filters.low_variability.min_types: True is not of the type int"),
    ],
)
def test_an_option_of_a_filter_is_checked_before_anything_runs(config, options: dict, said: str) -> None:
    config["filters"] = {"low_variability": {"min_entropy": 1} | options}
    with pytest.raises(UserError, match=said):
        check_plan(config, expand(config))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"options": {"droput": 0.5}},
            "fusions.linear.options: unknown key 'droput' (did you mean 'dropout'?)",
        ),
        ({"options": {"dropout": "0.5"}}, "fusions.linear.options.dropout: '0.5' is not a number such as"),
        (
            {"kind": "image_only", "options": {"positions": 0}},
            "fusions.linear.options.positions: 0 is not a whole number, from 1 to 10000",
        ),
        ({"decoder": "crff"}, "variants.mine.decoder: 'crff' is not known (did you mean 'crf'?)"),
        ({"decoder": {"kind": "sofmax"}}, "'sofmax' is not known (did you mean 'softmax'?)"),
        (
            {"decoder": {"kind": "crf", "options": {"focal": 2.0}}},
            "variants.mine.decoder.options: unknown key 'focal'",
        ),
        (
            {"decoder": {"kind": "softmax", "options": {"class_weights": 2}}},
            "variants.mine.decoder.options.class_weights: 2 is not a number such as 1.0e-3, from 0 to 1",
        ),
        (
            {"decoder": {"kind": "span", "options": {"max_length": 2.5}}},
            "variants.mine.decoder.options.max_length: 2.5 is not a whole number, from 1 to 64",
        ),
    ],
)
def test_an_option_of_a_fusion_or_decoder_is_checked_before_anything_runs(
    config, entry: dict, said: str
) -> None:
    part, name = ("variants", "mine") if "decoder" in entry else ("fusions", "linear")
    config[part][name] = entry  # which no run uses, if it is the variant
    with pytest.raises(UserError) as error:
        check_plan(config, expand(config))
    assert said in str(error.value)


def test_an_option_of_an_encoder_is_checked_before_anything_runs(config) -> None:
    config["text_encoders"]["mine"] = {"kind": "bilstm", "options": {"hiden": 64}}
    with pytest.raises(UserError) as error:
        check_plan(config, expand(config))
    said = "text_encoders.mine.options: unknown key 'hiden' (did you mean 'hidden'?)"
    assert str(error.value).startswith(said)
    config["text_encoders"]["mine"] = {"kind": "lstm"}
    with pytest.raises(
        UserError, match=r"text_encoders\.mine\.kind: 'lstm' is not known \(did you mean 'bilstm'"
    ):
        check_plan(config, expand(config))
    config["text_encoders"]["mine"] = {"kind": "bilstm", "options": {"hidden": 0}}
    with pytest.raises(UserError, match=r"text_encoders\.mine\.options\.hidden: 0 is not a whole number, 1"):
        check_plan(config, expand(config))


@pytest.mark.parametrize(
    ("language", "fit", "read"),
    [
        ("he", "wrap", "wrap_rtl"),
        ("ar-EG", "wrap", "wrap_rtl"),
        ("fa", "letterbox", "letterbox"),
        ("cs", "wrap", "wrap"),
        ("cs", "wrap_rtl", "wrap_rtl"),
    ],
)
def test_strips_of_a_language_that_is_written_leftwards_begin_at_the_right(language, fit, read) -> None:
    datasets = {"scans": {"language": language, "fit": fit}, "anew": {"images_of": "scans"}}
    assert [fit_of({"datasets": datasets}, name) for name in datasets] == [read, read]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"filters": {"low_variabilty": {}}}, "filters: 'low_variabilty' is not configured (did you mean"),
        ({"core_hours": {"minlm": 3}}, "core_hours: 'minlm' is not configured (did you mean 'minilm'?)"),
        ({"datasets": {"demo": {"without": ["dem"]}}}, "datasets.demo.without: 'dem' is not configured"),
        ({"datasets": {"demo": {"without": ["demo"]}}}, "datasets.demo.without: 'demo' is not configured"),
        (
            {"datasets": {"demo": {"contexts": {"caption": "a.txt"}, "contexts_from_text": ["captoin"]}}},
            "datasets.demo.contexts_from_text: 'captoin' is no context (did you mean 'caption'?)",
        ),
        ({"datasets": {"demo": {"images_of": "dem"}}}, "datasets.demo.images_of: 'dem' is not configured"),
        ({"datasets": {"poner_scans": {"poner": {"url": "https://other.example"}}}}, "PONER has one archive"),
        ({"image_encoders": {"minilm": {"size": 32}}}, "'minilm' stands in text_encoders and image_encoders"),
        ({"text_encoders": {"bert": {"kind": "transformer"}}}, "text_encoders.bert: it needs pretrained"),
        (
            {"datasets": {"demo": {"images_of": "demo_control", "fit": "wrap"}}},
            "datasets.demo.images_of: its images are decoded as demo_control's own",
        ),
        (
            {"datasets": {"demo": {"images_of": "twitter10000_thesis"}}},
            "and name a data set that reads its own",
        ),
    ],
)
def test_names_that_nothing_else_would_look_up_are_checked(config, change: dict, said: str) -> None:
    config = merge(config, change)
    with pytest.raises(UserError) as error:
        check_plan(config, expand(config))
    assert said in str(error.value)


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_is_sound(study: str) -> None:
    config = load(f"config/{study}")
    check(config)
    check_plan(config, expand(config))


def test_studies_whose_runs_share_a_folder_give_them_the_same_settings() -> None:
    configs = {study: load(f"config/{study}") for study in STUDIES} | {"default": load()}
    first: dict[Run, tuple[str, dict]] = {}
    for study, config in configs.items():
        for run in expand(config):
            settings = run_config(config, run) | sources(config, run.text_encoder, run.image_encoder)
            other, of_first = first.setdefault(run, (study, settings))
            assert settings == of_first, f"{run.path} in {study} and {other}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trainning": {}}, "unknown key 'trainning' (did you mean 'training'?)"),
        (
            {"training": {"learning_rate": {"txt": 1.0}}},
            "training.learning_rate: unknown key 'txt' (did you mean 'text'?)",
        ),
        ({"datasets": {"demo": {"generator": {"imags": 1}}}}, "datasets.demo.generator: unknown key 'imags'"),
        ({"text_encoders": {"minilm": {"source": "minilm"}}}, "text_encoders.minilm.source: 'minilm' is not"),
        (
            {"image_encoders": {"cnn": {"training": {"epochs": 9}}}},
            "image_encoders.cnn.training: unknown key 'epochs'",
        ),
        (
            {"fusions": {"linear": {"training": {"epochs": 9}}}},
            "fusions.linear.training: unknown key 'epochs'",
        ),
        (
            {"training": {"weight_decay": "1e-2"}},
            "training.weight_decay: '1e-2' is not a number such as 1.0e-3, 0 or more (YAML reads 1.0e-3, but",
        ),
        ({"training": {"epochs": 5.0}}, "training.epochs: 5.0 is not a whole number"),
        ({"datasets": {2015: {}}}, "datasets: 2015 is not text (write it in quotes)"),
        ({"fusions": {"a+b": {}}}, "fusions: 'a+b' is not a name of letters, digits"),
        ({"text_encoders": {"none": {}}}, "text_encoders: 'none' is not a name of letters, digits"),
        ({"training": {"epochs": 0}}, "training.epochs: 0 is not a whole number, 1 or more"),
        ({"images": {"broken": "blnk"}}, "'blnk' is not one of fail, blank, drop (did you mean 'blank'?)"),
    ],
)
def test_the_schema_refuses_in_words(change: dict, said: str) -> None:
    with pytest.raises(UserError) as error:
        check(merge(load(), change))
    assert said in str(error.value)


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("datasets:\n  a: {types: [PER]}\n  b: {types: [PER]}\n  a: {types: [LOC]}\n")
    with pytest.raises(UserError, match=r"mine\.yaml:4: 'a' is already in line 2"):
        check_keys(file)
    file.write_text("grid: [{seeds: [1], seeds: [2]}]\n")
    with pytest.raises(UserError, match=r"mine\.yaml:1: 'seeds' is already in line 1"):
        check_keys(file)
    for study in (ROOT / "config").glob("*.yaml"):
        check_keys(study)


def test_profiles_name_rules_that_are_there() -> None:
    rules = "".join(
        file.read_text()
        for file in [*ROOT.glob("*.smk"), ROOT / "Snakefile", *(ROOT / "workflow").glob("*/*.smk")]
    )
    for profile in (ROOT / "profiles").glob("*/config.yaml"):
        content = yaml.safe_load(profile.read_text(encoding="utf-8"))
        for name in (*content.get("groups", {}), *content.get("set-resources", {})):
            assert f"rule {name}:" in rules or f" as {name} with:" in rules, f"{profile}: {name}"
    slurm = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    heavy = {"train", "predict", *re.findall(r"use rule (?:train|predict) as (\w+) with:", rules)}
    assert slurm["set-resources"].keys() == heavy | {"image_features"}


CONTROLS = {
    "image_shuffled": {"train_with": ["image.shuffled"]},
    "caption_blank": {"based_on": "crf_caption", "train_with": ["caption.blank"]},
    "all_shuffled": {"based_on": "crf_caption", "train_with": ["caption.shuffled", "image.shuffled"]},
}


def controlled(**variants: dict) -> dict:
    config = load()
    config["variants"] |= CONTROLS | variants
    block = {"datasets": ["demo"], "text_encoders": ["bilstm"], "image_encoders": ["cnn"], "seeds": [1]}
    names = ["base", "crf_caption", *CONTROLS, *variants]
    return config | {"grid": [block | {"fusions": ["text_only", "linear"], "variants": names}]}


def test_a_control_runs_where_its_sources_are_read_and_is_told_that_they_are_wrong() -> None:
    config = controlled()
    check(config)
    found = {run.system: run_config(config, run).get("train_with") for run in expand(config)}
    assert found == dict.fromkeys(["text_only", "text_only+crf_caption", "linear", "linear+crf_caption"]) | {
        "text_only+caption_blank": ["caption.blank"],
        "linear+caption_blank": ["caption.blank"],
        "linear+image_shuffled": ["image.shuffled"],
        "linear+all_shuffled": ["caption.shuffled", "image.shuffled"],
    }


def test_a_control_is_the_same_but_for_its_training_and_held_against_nothing_itself() -> None:
    config = controlled()
    linear = Combination("demo", "none", "bilstm", "cnn", "linear")
    wrong = replace(linear, variant="image_shuffled")
    assert controls(config, linear) == {"image.shuffled": wrong}
    assert baselines(config, linear) and baselines(config, wrong) == controls(config, wrong) == {}
    values = run_config(config, wrong.run(1))
    assert values.pop("train_with") and values == run_config(config, linear.run(1))
    captioned = replace(linear, variant="crf_caption")
    assert controls(config, captioned) == {
        "caption.blank": replace(linear, variant="caption_blank"),
        "image+caption.shuffled": replace(linear, variant="all_shuffled"),
    }
    text = replace(captioned, image_encoder="none", fusion="text_only")
    assert controls(config, text) == {"caption.blank": replace(text, variant="caption_blank")}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"train_with": ["imag.blank"]}, "altered sources, imag, which no run here reads (did you mean 'im"),
        ({"train_with": ["ocr.blank", "image.blank"]}, "altered sources, ocr, which no run here reads."),
        ({"train_with": ["image.shufled"]}, "'image.shufled' is not a source, a dot and shuffled or blank"),
        ({"train_with": ["image.blank"], "decoder": "crf"}, "Put decoder into a variant of its own"),
        ({"based_on": "image_shuffled"}, "'image_shuffled' is a control, trained with altered sources"),
        ({"train_with": ["image.shuffled"]}, "variants.image_shuffled: it trains the same as variants.mine"),
        (
            {"based_on": "caption", "train_with": ["caption.blank", "image.shuffled"]},
            "sources are all shuffled, or all blank",
        ),
    ],
)
def test_controls_that_control_nothing_are_refused(entry: dict, said: str) -> None:
    config = controlled(mine=entry)
    with pytest.raises(UserError) as error:
        check(config)
        check_plan(config, expand(config))
    assert "mine" in str(error.value) and said in str(error.value)
