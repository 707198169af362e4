import subprocess
import sys

HEAVY = (
    "torch",
    "dask",
    "distributed",
    "sklearn",
    "faiss",
    "numba",
    "openTSNE",
    "streamlit",
    "pandas",
    "mlflow",
    "sqlalchemy",
)


def test_importing_the_experiments_is_light():
    code = f"import sys, lab.experiments, lab.experiments.command, lab.experiments.store; print([m for m in {HEAVY} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
