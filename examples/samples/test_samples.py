"""One test for each way a test can end, so that every path of a run can be seen."""

import pathlib
import time

import pytest

from totals import total


def test_passes():
    assert total([1, 2, 3]) == 6


def test_fails():
    assert total([1, 2, 3]) == 7


@pytest.mark.skip(reason="shows a skipped test")
def test_is_skipped():
    raise AssertionError("never reached")


def test_is_slow():
    time.sleep(0.3)
    assert total(range(1000)) == 499500


@pytest.fixture
def broken():
    raise RuntimeError("the fixture breaks before the test begins")


def test_breaks_in_setup(broken):
    assert broken is None


def test_raises():
    raise ValueError("raised in the middle of a test")


def test_is_flaky():
    """Fails the first time and passes from then on: a file in the working folder remembers."""
    marker = pathlib.Path("flaky-pytest.marker")
    if not marker.exists():
        marker.write_text("tried once\n")
        pytest.fail("the first attempt fails")


def test_takes_too_long():
    """Longer than the test timeout of examples/exec_request.json."""
    time.sleep(30)


@pytest.mark.xfail(reason="a known defect", strict=True)
def test_is_expected_to_fail():
    assert total([]) == 1


def test_leaves_output():
    print("this line belongs to test_leaves_output")


@pytest.mark.parametrize(("values", "expected"), [([], 0), ([5], 5), ([2, 2], 4)])
def test_takes_parameters(values, expected):
    assert total(values) == expected


def test_is_measured(benchmark):
    assert benchmark(total, range(100)) == 4950
