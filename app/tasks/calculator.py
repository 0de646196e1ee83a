"""A calculator tool: numbers, + - * / // % ** and a few functions.

simpleeval walks the syntax tree; here it accepts only arithmetic nodes, no names, attributes or
strings. Powers are bounded, so that no expression takes long.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from simpleeval import InvalidExpression, SimpleEval

MAX_CHARS = 200
_MAX_EXPONENT = 64
_MAX_DIGITS = 1000
_NODES = (ast.Expr, ast.Constant, ast.UnaryOp, ast.BinOp, ast.Call)


class CalculationError(Exception):
    """The expression is invalid. The message is for the model."""


def calculate(expression: str) -> str:
    """The value; fractions with 12 significant digits. Raises CalculationError."""
    if len(expression) > MAX_CHARS:
        raise CalculationError(f"The expression is longer than {MAX_CHARS} characters.")
    evaluator = SimpleEval(operators=_OPERATORS, functions=_FUNCTIONS)
    evaluator.nodes = {kind: evaluator.nodes[kind] for kind in _NODES}
    try:
        value = evaluator.eval(expression.replace("×", "*").replace("÷", "/").replace("^", "**"))
    except (InvalidExpression, ArithmeticError, ValueError, TypeError, SyntaxError) as error:
        raise CalculationError(f"{expression!r} cannot be calculated: {error}") from error
    _number(value)
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _number(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CalculationError("Only numbers are supported.")
    if isinstance(value, int) and value.bit_length() > _MAX_DIGITS * 3:
        raise CalculationError(f"A number has more than about {_MAX_DIGITS} digits.")


def _checked(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps an operation with size checks."""

    def run(*values: Any) -> Any:
        for value in values:
            _number(value)
        return operation(*values)

    return run


def _power(base: float, exponent: float) -> Any:
    if abs(exponent) > _MAX_EXPONENT:
        raise CalculationError(f"Exponents go up to {_MAX_EXPONENT}.")
    return base**exponent


_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_NAMED: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
}
_OPERATORS = {kind: _checked(operation) for kind, operation in _ARITHMETIC.items()}
_FUNCTIONS = {name: _checked(function) for name, function in _NAMED.items()}
