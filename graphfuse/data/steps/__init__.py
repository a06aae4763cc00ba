"""Steps that are fitted on the training part, one per file: imputation, scaling, projection."""

from graphfuse.data.steps.step import Step, create_step, step, steps

__all__ = ["Step", "create_step", "step", "steps"]
