#!/usr/bin/env bash
# Fills .venv with what envs/requirements.lock pins, each file checked against its hash; `make` calls it.
# PYTHON is the interpreter. TORCH=cpu takes PyTorch without CUDA from PyTorch's own index, by version alone: the
# lock has the hashes of the package index's files.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=envs/requirements.lock

stop() { echo "$*" >&2; exit 1; }

# Those packages of the lock whose names match; a package is a line and what is indented below it.
named() { awk -v names="^($1)==" '/^[^ #]/ {found = $0 ~ names} found' "$lock"; }
but() { awk -v names="^($1)==" '/^[^ #]/ {found = $0 ~ names} !found' "$lock"; }

by_pip() { .venv/bin/python -m pip install --disable-pip-version-check -qq --no-deps "$@"; }

# uv takes a sixth of pip's processor time, but does not know where pip was told to look instead of the package index.
# It leaves compiling to the first start, which may have been told to keep nothing, as all that follow.
by_uv() {
    ! .venv/bin/python -m pip config list | grep -E '\.(index-url|no-index)=' > /dev/null &&
        named uv > "$scratch/uv.lock" && by_pip --require-hashes -r "$scratch/uv.lock" &&
        UV_CACHE_DIR="$scratch/cache" .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps \
            ${PYTHONDONTWRITEBYTECODE:+--compile-bytecode} "$@"
}

case "${TORCH-}" in
    "") leave_out="" size=6 ;;
    cpu) leave_out="torch|torchvision|triton|nvidia-.*|cuda-.*" size=2 ;;
    *) stop "TORCH=$TORCH: say TORCH=cpu for PyTorch without CUDA, and nothing for PyTorch with it." ;;
esac
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "mnerflow needs Python 3.11 or newer; name one with make PYTHON=python3.12"
"$PYTHON" -m venv .venv ||
    stop "Python cannot make an environment here; on Debian and Ubuntu: apt install python3-venv"
# In .venv, so that uv can link its files to where they belong.
scratch=$(mktemp -d .venv/install.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

echo "Installing the environment into .venv, about $size GB; this takes minutes."
if [ -n "$leave_out" ]; then
    pinned=$(named 'torch|torchvision' | grep -oE '^[a-z]+==[^ ]+')
    # shellcheck disable=SC2086  # two packages
    by_pip --index-url https://download.pytorch.org/whl/cpu $pinned ||
        stop "PyTorch's index gave no PyTorch without CUDA; without TORCH=cpu the package index gives the one with it."
fi
but "$leave_out" > "$scratch/requirements.lock"
by_uv --require-hashes -r "$scratch/requirements.lock" ||
    by_pip --require-hashes -r "$scratch/requirements.lock"
by_pip --no-build-isolation --editable .
