"""Errors of evals.

EvalError
├── UnknownEval     no such name in the catalogue
├── BadCatalogue    the catalogue or a setting of a run is invalid
├── NoData          files of a set are missing
├── BadData         a file has invalid content
├── BadRun          unknown run, or two runs that cannot be compared
└── EngineDown      the chat engine did not start
"""

from app.cli.errors import CliError


class EvalError(CliError):
    """Base of all errors of this package."""


class UnknownEval(EvalError):
    pass


class BadCatalogue(EvalError):
    pass


class NoData(EvalError):
    code = "no_questions"


class BadData(EvalError):
    pass


class BadRun(EvalError):
    pass


class EngineDown(EvalError):
    code = "engine_unavailable"
