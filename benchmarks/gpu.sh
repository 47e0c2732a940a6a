#!/usr/bin/env bash
# Measures the learners on one GPU, in at most 20 minutes, and writes one JSON record.
#
#   benchmarks/gpu.sh [OUT] [--data PATH]       OUT: benchmarks/results/gpu.json where left out
#   SHOPRL_GPU_SIZE=tiny benchmarks/gpu.sh OUT  a trial with tiny sizes, on a CPU too
#
# Runs with $PYTHON (python3 where unset) if that has ShopRL, else in a virtual environment of its own, .venv-gpu, made
# before the measurements start.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}
if ! "$python" -c "import shoprl.bench.learn" 2>/dev/null; then
    venv=$root/.venv-gpu
    if [[ ! -e $venv/.installed ]]; then
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip --disable-pip-version-check install --quiet \
            --constraint "$root/constraints.txt" --editable "$root[all]"
        touch "$venv/.installed"
    fi
    python=$venv/bin/python
fi
exec "$python" "$root/benchmarks/gpu.py" --size "${SHOPRL_GPU_SIZE:-full}" "$@"
