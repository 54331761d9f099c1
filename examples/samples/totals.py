"""What the samples test. One branch stays uncovered on purpose."""


def total(values, start=0):
    if start < 0:
        raise ValueError("start is negative")
    for value in values:
        start += value
    return start
