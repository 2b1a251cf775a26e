# What all rules share: the plan of the checked configuration, the wildcard constraints, and hashes of code.
import atexit
import re
from base64 import urlsafe_b64encode
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
from mnerflow.plan.study import studies_showing, study_name
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


def has_note(file):
    """Whether Snakemake has a note on how a file was made; its ``FilePersistence`` says where notes lie."""
    name = urlsafe_b64encode(file.encode()).decode()
    *folders, last = (name[start : start + 254] for start in range(0, len(name), 254))
    return Path(".snakemake/metadata", *(f"@{folder}" for folder in folders), last).exists()


try:
    for file in GIVEN:
        check_keys(file)
    check(config)
    config["name"] = study_name(config.get("name"), GIVEN)
    resolve(config["datasets"])
    plan = Plan(config, ROOT / "config/prompt.md")
    # Without its notes, as on results that were copied, Snakemake does not see that settings differ.
    if workflow.is_main_process:
        unnoted = [
            run for run in {*plan.runs, *plan.starts} if not has_note(f"{layout.run_folder(run)}/run.yaml")
        ]
        check_records(plan.results, sorted(unnoted), config)
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
