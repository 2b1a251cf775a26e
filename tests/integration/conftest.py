"""The real Snakemake on tiny data. The project is copied first, so that no test can change it."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from chat_server import ChatServer, chat_server
from checkout import ROOT, make_checkout
from llama_packages import MODEL, fetch_packages
from snakemake_process import Workflow
from tiny_study import Finished, tiny_config


@pytest.fixture(scope="session")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The workflow in a checkout of one commit."""
    folder = tmp_path_factory.mktemp("repository")
    make_checkout(folder)
    return Workflow(folder)


@pytest.fixture
def config() -> dict[str, Any]:
    """The tiny configuration, which a test may change."""
    return tiny_config()


@pytest.fixture(scope="session")
def finished(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The tiny configuration, run once per session."""
    folder = tmp_path_factory.mktemp("finished")
    result = workflow.run(folder, tiny_config())
    assert result.status == 0, result.output
    return Finished(folder, result)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A chat API that answers well, unless it is told otherwise."""
    with chat_server() as running:
        yield running


@pytest.fixture(scope="session")
def llama(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of llama.cpp's server, whose packages are fetched once and kept in pytest's cache."""
    kept = request.config.cache.mkdir("llama-packages")
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel tests share the cache
        fetch_packages(kept)
    command = [sys.executable, str(ROOT / "tests/llama_server.py"), str(kept), str(kept / MODEL)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            if not address:
                pytest.skip("llama.cpp's server does not start on this machine")
            yield f"{address}/v1"
        finally:
            process.terminate()
