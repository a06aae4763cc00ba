"""Steps that are fitted on the training part, one a file: imputation, scaling, projection."""

from graphfuse.data.spec import StepSpec
from graphfuse.data.steps.sequence import Steps
from graphfuse.data.steps.step import Step, create_step, step, steps

__all__ = ["Step", "StepSpec", "Steps", "create_step", "step", "steps"]
