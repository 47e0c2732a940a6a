"""The tests; where several workers run them, each keeps to one core, and so does what it starts."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch are imported
