"""The import rule of the house, read from the source: imports point down, never sideways or up."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAB_FILES = sorted((ROOT / "lab").rglob("*.py"))
PAGE_FILES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]

DATA = {"core", "noise", "specs", "data"}
TOOLS = DATA | {"nets", "neighbors", "train"}
MAY_IMPORT = {
    "core": set(),
    "figures": {"core"},
    "noise": {"core"},
    "specs": {"core", "noise"},
    "data": {"core", "noise", "specs"},
    "nets": DATA,
    "neighbors": DATA,
    "train": DATA,
    "methods": TOOLS,
    "analysis": TOOLS,
    "experiments": {"core", "noise", "specs"},
    "worker": TOOLS | {"methods", "analysis", "figures", "experiments"},
    "ui": {"core", "noise", "specs", "experiments", "figures"},
    "pages": {"core", "noise", "specs", "experiments", "figures", "ui"},
}
EVERYTHING = set(MAY_IMPORT) | {"bench"}  # for the command line and the benchmarks


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(path: Path) -> str:
    """Which row of the table a file of lab/ belongs to."""
    part = path.relative_to(ROOT / "lab").parts[0].removesuffix(".py")
    return "worker" if part == "experiments" and path.name.startswith("worker") else part


def heavy_worker(name: str) -> bool:
    return name.startswith("lab.experiments.worker")


@pytest.mark.parametrize("path", LAB_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    own = layer(path)
    allowed = MAY_IMPORT.get(own, EVERYTHING) | {own}
    for name in imports(path):
        if name.startswith("lab."):
            assert name.split(".")[1].removesuffix(".py") in allowed | {"__version__"}, f"{path} imports {name}"


@pytest.mark.parametrize("path", PAGE_FILES, ids=lambda p: p.name)
def test_pages_stand_on_the_light_parts(path: Path) -> None:
    for name in imports(path):
        if name.startswith("lab."):
            assert name.split(".")[1] in MAY_IMPORT["pages"], f"{path} imports {name}"
            assert not heavy_worker(name)


def test_streamlit_is_imported_by_pages_and_ui_alone() -> None:
    for path in LAB_FILES:
        if layer(path) != "ui":
            assert not any(name.split(".")[0] == "streamlit" for name in imports(path)), path


def test_plotly_is_imported_by_figures_alone() -> None:
    for path in [*LAB_FILES, *PAGE_FILES]:
        if path in PAGE_FILES or layer(path) != "figures":
            assert not any(name.split(".")[0] == "plotly" for name in imports(path)), path


def test_only_the_training_step_takes_gradients() -> None:
    """`backward()` and `autograd.grad()` appear in lab/train, and in the plain loop that it is measured against."""
    for path in LAB_FILES:
        if layer(path) == "train" or path == ROOT / "lab/bench/plain_loop.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr != "backward", path
                assert not (node.attr == "grad" and ast.unparse(node).endswith("autograd.grad")), path


def test_only_the_training_step_moves_an_optimiser() -> None:
    """`make_optimiser`, the optimisers and `Step` are named in lab/train alone: a method says what it minimises."""
    makers = {
        f"lab.train.{name}" for name in ("optimiser.make_optimiser", "optimiser.Adam", "optimiser.SGD", "loop.Step")
    }
    for path in LAB_FILES:
        if layer(path) not in ("train", "bench"):
            named = set(imports(path))
            assert not named & makers, path
            assert not any(name.startswith("torch.optim") for name in named), path


def modules_after(code: str) -> set[str]:
    """Top-level modules loaded in a fresh process after running `code`."""
    script = f"import sys\n{code}\nprint('MODULES', *sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split("MODULES")[-1].split())


HEAVY = {"torch", "torchvision", "faiss", "sklearn", "openTSNE", "numba"}


def test_importing_lab_is_light() -> None:
    loaded = modules_after("import lab, lab.noise, lab.specs, lab.experiments")
    assert not loaded & (HEAVY | {"streamlit", "distributed"})


def test_the_server_process_imports_nothing_heavy() -> None:
    """app.py, every page, and all of lab/ui, run as the server runs them."""
    code = """
from pathlib import Path
import streamlit
from streamlit.testing.v1 import AppTest
import importlib
streamlit.page_link = lambda page, **look: None  # run by itself, a page knows no other
for path in Path("lab/ui").glob("*.py"):
    importlib.import_module(f"lab.ui.{path.stem}")
for path in [Path("app.py"), *Path("pages").glob("*.py")]:
    test = AppTest.from_file(str(path.resolve()), default_timeout=60).run()
    assert not test.exception, (path, test.exception)
"""
    assert not modules_after(code) & HEAVY
