"""What to train: configuration models, their forms, and the experiments stored in a project."""

from rl_studio.experiments.form import form_fields
from rl_studio.experiments.overrides import complete, differing, parse_assignments, resolve
from rl_studio.experiments.store import DEFAULT_EXPERIMENT, Experiment, ExperimentStore

__all__ = [
    "DEFAULT_EXPERIMENT",
    "Experiment",
    "ExperimentStore",
    "complete",
    "differing",
    "form_fields",
    "parse_assignments",
    "resolve",
]
