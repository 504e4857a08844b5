"""Training of prompt programs: examples from the log, a metric that knows right from wrong, four optimisers."""

from models.programs.budget import Cancelled
from models.programs.configuration import OptimizerName, ProgramConfiguration
from models.programs.evaluate import score_program
from models.programs.example import ProgramExample
from models.programs.examples import ExampleSet, examples_from_rows, examples_of
from models.programs.metric import Judgement, judge
from models.programs.result import Attempt, OptimisedProgram, Progress
from models.programs.selection import get_optimization_info
from models.programs.train import optimise
from models.programs.validation import InvalidExamples, validate

__all__ = [
    "Attempt",
    "Cancelled",
    "ExampleSet",
    "InvalidExamples",
    "Judgement",
    "OptimisedProgram",
    "OptimizerName",
    "ProgramConfiguration",
    "ProgramExample",
    "Progress",
    "examples_from_rows",
    "examples_of",
    "get_optimization_info",
    "judge",
    "optimise",
    "score_program",
    "validate",
]
