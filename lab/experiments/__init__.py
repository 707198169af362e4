"""Ask for something and get its result: `run` in this process, `submit` in the background.

Light: a page may import all of this. torch and the rest are imported by the workers, dask by a background thread.
"""

from lab.experiments.engine import find, run, submit
from lab.experiments.jobs import Job
from lab.experiments.progress import PlainReport, Progress, Report, Stopped
from lab.experiments.results import Run
from lab.specs import Experiment

__all__ = ["Experiment", "Job", "PlainReport", "Progress", "Report", "Run", "Stopped", "find", "run", "submit"]
