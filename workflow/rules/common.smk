# What all rules share: the plan of the checked configuration, the wildcard constraints, and hashes of code.
import atexit
import re
from hashlib import sha256

from mnerflow.config.configuration import as_in_a_file, check, value_of
from mnerflow.config.keys import check_keys
from mnerflow.data.post import SPLITS
from mnerflow.data.sources import identity_of
from mnerflow.code.kept_fingerprints import KeptFingerprints
from mnerflow.llm import asked_contexts
from mnerflow.llm import runs as llm
from mnerflow.plan import layout
from mnerflow.plan.baselines import lacking_baselines, write_baselines
from mnerflow.plan.checks import check_clock
from mnerflow.plan.encoders import encoder_facts, names_of
from mnerflow.plan.finished import check_records
from mnerflow.plan.names import FILTERS_OFF, NONE, Run
from mnerflow.plan.own_data import resolve
from mnerflow.plan.patterns import one_of
from mnerflow.plan.plan import Plan
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.plan.settings import broken_of, fit_of, image_config, modules_of
from mnerflow.plan.study import study_name
from mnerflow.plan.tuning import Candidate
from mnerflow.plan.variants import (
    contexts_of,
    control_variants,
    curve_of,
    starts_from,
    systems,
    variants,
)
from mnerflow.registry import kind_of, module_of

ENVIRONMENT = str(ROOT / "envs/environment.yaml")
config.update(as_in_a_file(config, workflow.config_settings.config))

# If another Snakefile uses this one as a module, the files on the command line are for that Snakefile.
GIVEN = [] if IS_MODULE else [*map(Path, workflow.overwrite_configfiles)]
try:
    for file in GIVEN:
        check_keys(file)
    check(config)
    config["name"] = study_name(config.get("name"), GIVEN)
    resolve(config["datasets"])
    plan = Plan(config, ROOT / "config/prompt.md")
    # Without its notes, as where results were copied, Snakemake does not see that settings differ.
    if workflow.is_main_process and not any(Path(".snakemake/metadata").glob("*")):
        check_records(plan.results, sorted({*plan.runs, *plan.starts}), config)
    PROMPTS = ROOT / "config/prompts"  # prompts for contexts
    if workflow.is_main_process:  # everything that a training run reads
        check_clock(["resources/weights", "results/data", "results/images", "results/features"])
except UserError as error:
    stop(error)


def one_of_runs(runs):
    """A constraint for the wildcard `dataset`, with which the path of a run begins, to paths of these runs."""
    return rf"(?=(?:{one_of(run.path for run in runs)})/)(?:{one_of(config['datasets'])})"


wildcard_constraints:
    dataset=one_of(config["datasets"]),
    filter=r"[A-Za-z0-9_.+-]+",
    text=one_of([*names_of(config, "text_encoders", "vision_language_encoders"), NONE]),
    image=one_of([*names_of(config, "image_encoders", "vision_language_encoders"), NONE]),
    system=one_of(systems(config)),
    seed=r"\d+",
    split=one_of(SPLITS),


fingerprints = KeptFingerprints(ROOT / "workflow/scripts")
code_of = fingerprints.of  # hash of what a rule's script and the library code that it uses do
atexit.register(fingerprints.keep)


def look_of(package):
    """Hash of the templates, styles and scripts of a package of mnerflow.reporting."""
    folder = ROOT / "src/mnerflow/reporting" / package
    files = sorted(file for ending in ("j2", "css", "js") for file in folder.glob(f"*.{ending}"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
