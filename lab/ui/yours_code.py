"""What is asked about one's own data, as a script that runs without the browser."""

from __future__ import annotations

from lab.specs import UploadBudget, UploadForecast, UploadInjection, UploadRetrain, UploadStudy, to_json
from lab.specs.codec import Asked
from lab.ui.take_home import code_popover

TELLING: dict[type, str] = {
    UploadStudy: """for detector in result.metrics["detectors"]:
    print(detector["name"], detector["n_flagged"])
""",
    UploadInjection: """print("made wrong", result.metrics["injected"])
for detector in result.metrics["detectors"]:
    print(detector["name"], "found", detector["found"], "AUC", detector["auroc"])
""",
    UploadForecast: """print("wrong labels", result.arrays["rates"])
for k, low, high in zip(result.metrics["ks"], result.arrays["low"], result.arrays["high"]):
    print("k =", k, "right at least", low, "at most", high)
""",
    UploadBudget: """print(result.metrics["sentence"])
print("labels checked", result.arrays["checked"])
for world in ("cautious", "hopeful"):
    print("found,", world, result.arrays[f"found_{world}"].mean(axis=1))
""",
    UploadRetrain: """print(result.metrics["sentence"])
for arm in result.metrics["arms"]:
    print(arm["title"], "right on held-out rows", arm["accuracy"])
""",
}  # what a script prints of its result


def code_of(request: Asked, name: str) -> str:
    """A script that gives the same numbers from the same file, which is called so."""
    return f"""from pathlib import Path

from lab.experiments import run, uploads
from lab.specs import from_json

file = Path({name!r})
uploads.keep(file.read_bytes(), file.name)  # put away again when the script ends
asked = from_json({to_json(request)!r})
result = run(asked)
print(asked.digest)
{TELLING[type(request)]}"""


def as_code(request: Asked, name: str) -> None:
    """The script, in a window."""
    words = "Runs without the browser, with the file beside it, and prints the same numbers."
    code_popover(code_of(request, name), words, key=f"code-{type(request).__name__}")
