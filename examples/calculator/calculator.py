"""A small calculator: the system under test of examples/suites/calculator.json."""

import math


class ExpressionError(ValueError):
    """An expression that the calculator cannot read."""


def _number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("a number is wanted")
    return value


def add(a, b):
    return _number(a) + _number(b)


def subtract(a, b):
    return _number(a) - _number(b)


def multiply(a, b):
    return _number(a) * _number(b)


def divide(a, b):
    if _number(b) == 0:
        raise ZeroDivisionError("division by zero")
    return _number(a) / b


def power(base, exponent):
    return _number(base) ** _number(exponent)


def square_root(value):
    if _number(value) < 0:
        raise ValueError("square root of a negative number")
    return math.sqrt(value)


def percent(part, whole):
    """How many percent of the whole the part is."""
    if _number(whole) == 0:
        raise ZeroDivisionError("percent of zero")
    return _number(part) / whole * 100


def average(values):
    if not values:
        raise ValueError("average of no values")
    return sum(_number(value) for value in values) / len(values)


def evaluate(expression):
    """The value of `number operator number`, such as "2 + 3"."""
    words = expression.split()
    operations = {"+": add, "-": subtract, "*": multiply, "/": divide}
    if len(words) != 3 or words[1] not in operations:
        raise ExpressionError(f"cannot read: {expression}")
    return operations[words[1]](float(words[0]), float(words[2]))


class Calculator:
    """Remembers what it was asked."""

    def __init__(self, limit=100):
        self._limit = limit
        self._entries = []

    def add(self, a, b):
        return self._remember("add", [a, b], add(a, b))

    def multiply(self, a, b):
        return self._remember("multiply", [a, b], multiply(a, b))

    def history(self):
        """Entries, oldest first; at most as many as the limit."""
        return list(self._entries)

    def clear(self):
        self._entries.clear()
        return len(self._entries)

    def _remember(self, operation, operands, result):
        self._entries.append({"operation": operation, "operands": operands, "result": result})
        del self._entries[: -self._limit]
        return result
