"""Errors of evals.

EvalError
├── UnknownEval     no such name in the catalogue
├── BadCatalogue    the catalogue, or a setting given for a run, makes no sense
├── NoData          a set's files are not there
├── BadData         a file does not hold what it should
├── BadRun          no such run, or two runs that cannot be compared
└── EngineDown      the chat engine did not start
"""

from app.cli.errors import CliError


class EvalError(CliError):
    """The message is for people."""


class UnknownEval(EvalError):
    pass


class BadCatalogue(EvalError):
    pass


class NoData(EvalError):
    pass


class BadData(EvalError):
    pass


class BadRun(EvalError):
    pass


class EngineDown(EvalError):
    pass
