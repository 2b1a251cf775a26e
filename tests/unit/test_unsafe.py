"""No code of the workflow reads what others wrote in a way that could run it, or trust it with too much."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    file
    for folder in ("src", "workflow", "benchmarks")
    for file in sorted((ROOT / folder).rglob("*"))
    if file.suffix == ".py"
]
# What runs code that stands in data, or resolves names in it.
NEVER = {
    *("eval", "exec", "compile", "__import__", "pickle", "cPickle", "dill", "joblib", "shelve", "marshal"),
    *("os.system", "os.popen", "tempfile.mktemp", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all"),
    *("yaml.Loader", "yaml.UnsafeLoader", "yaml.FullLoader", "yaml.unsafe_load_all", "pandas.read_pickle"),
    *("torch.hub", "string.Template", "xml.sax", "xml.dom", "lxml", "code.interact"),
}
# A call, and what it must be given.
ONLY_WITH = {
    "torch.load": ("weights_only", True),
    "yaml.load": (1, ("yaml.CSafeLoader", "yaml.SafeLoader")),
    "yaml.compose": (1, ("yaml.CSafeLoader", "yaml.SafeLoader")),
    "yaml.parse": (1, ("yaml.CSafeLoader", "yaml.SafeLoader")),
}
# A keyword that no call may be given.
NOT_WITH = {"allow_pickle": True, "trust_remote_code": True, "shell": True, "verify": False}
# Templates that are not our own are rendered in the sandbox of mnerflow.llm.template alone.
OURS = {"src/mnerflow/reporting/report/__init__.py"}


def unsafe(source: str, name: str = "") -> Iterator[str]:
    """What stands in some code that must not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [f"{module}.{alias.name}" if module else alias.name for alias in node.names]
            yield from (
                f"import of {found}" for found in names if found in NEVER or found.split(".")[0] in NEVER
            )
            if "jinja2.Environment" in names and name not in OURS:
                yield "a template without a sandbox"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in NEVER:
            yield ast.unparse(node)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if called in NEVER:
                yield called
            if called in ("jinja2.Environment", "jinja2.Template"):
                yield "a template without a sandbox"
            yield from (f"{key}={value}" for key, value in NOT_WITH.items() if given.get(key) == str(value))
            if called in ONLY_WITH:
                place, allowed = ONLY_WITH[called]
                if isinstance(place, str):
                    safe = given.get(place) == str(allowed)
                else:
                    rest = [ast.unparse(each) for each in node.args[place:]] + [given.get("Loader")]
                    safe = any(each in allowed for each in rest)
                if not safe:
                    yield f"{called} without {allowed}"


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "import yaml\nyaml.load(text)",
        "yaml.load(text, yaml.Loader)",
        "yaml.load(text, Loader=yaml.UnsafeLoader)",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "np.load(file, allow_pickle=True)",
        "subprocess.run(command, shell=True)",
        "from jinja2 import Environment",
        "AutoModel.from_pretrained(x, trust_remote_code=True)",
        "os.system('id')",
        "requests.get(url, verify=False)",
    ],
)
def test_what_must_not_stand_there_is_found(source: str) -> None:
    assert list(unsafe(source))


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])
def test_nothing_that_others_wrote_is_run(file: Path) -> None:
    assert list(unsafe(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())) == []
