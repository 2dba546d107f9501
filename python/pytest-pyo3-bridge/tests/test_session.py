"""Does a session tell what came of each check, and of nothing else?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest

from conftest import SOURCES

if TYPE_CHECKING:
    from conftest import RunKit

Outcomes = Callable[[], "dict[str, Any]"]
SWALLOWS = """
class Adapter(Clean):
    async def fail(self):
        return None
"""


def test_a_clean_adapter_has_no_finding(run_kit: RunKit, outcomes: Outcomes) -> None:
    ended = run_kit("-k", "answers or cancel or error or panic or waiting or quiet")
    assert ended.ret == 0, ended.outlines
    found = {entry["outcome"] for entry in outcomes().values()}
    assert found <= {"passed", "recorded", "not applicable"}


def test_a_finding_names_the_check_its_reason_and_how_to_see_it_again(run_kit: RunKit) -> None:
    ended = run_kit("-k", "error-arrives", "--bridge-seed", "7", fault=SWALLOWS)
    assert ended.ret == 1
    ended.stdout.fnmatch_lines(
        [
            "core/error-arrives (MUST): the call that fails returned None",
            "holds: a call that fails raises",
            "why: *",
            "source: *",
            "again: --bridge-seed 7 *",
        ]
    )


def test_a_check_that_needs_more_than_the_adapter_has_is_skipped_with_the_reason(
    run_kit: RunKit, outcomes: Outcomes
) -> None:
    ended = run_kit("-k", "panic", "-rs", fault="class Adapter(Clean):\n    panic = None")
    assert ended.ret == 0
    ended.stdout.fnmatch_lines(["*not applicable: the adapter has no panic*"])
    assert {entry["outcome"] for entry in outcomes().values()} == {"not applicable"}


def test_a_known_failure_is_no_finding_and_one_that_passes_is_stale(
    run_kit: RunKit, outcomes: Outcomes, pytester: pytest.Pytester
) -> None:
    pytester.path.joinpath("bridge-known.toml").write_text(
        '[[known]]\nid = "core/error-arrives"\nreason = "as in 1.0"\nlink = "https://example.org/1"\n'
    )
    ended = run_kit("-k", "error-arrives", "-rx", fault=SWALLOWS)
    assert ended.ret == 0
    ended.stdout.fnmatch_lines(["*known: as in 1.0 https://example.org/1*"])
    assert outcomes()["core/error-arrives"]["outcome"] == "known"
    ended = run_kit("-k", "error-arrives")
    assert ended.ret == 1
    assert outcomes()["core/error-arrives"]["outcome"] == "stale"
    ended.stdout.fnmatch_lines(["*it passes again, and is known to fail (as in 1.0)"])
    assert run_kit("-k", "error-arrives", "--bridge-known-flaky", "core/error-arrives").ret == 0


def test_known_failures_are_found_where_pytest_takes_a_result_file_for_a_place_of_tests(
    run_kit: RunKit, pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Pytest looks for its rootdir above each argument that exists, and a result file exists from the second run on."""
    pytester.path.joinpath("bridge-known.toml").write_text('[[known]]\nid = "core/error-arrives"\nreason = "old"\n')
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "incidents"
    elsewhere.mkdir()
    ended = run_kit("-k", "error-arrives", "--bridge-incidents", str(elsewhere), fault=SWALLOWS)
    assert ended.ret == 0, ended.outlines


def test_a_known_failure_of_another_python_or_driver_does_not_count(run_kit: RunKit, pytester: pytest.Pytester) -> None:
    for where in ('python = ["2.7"]', 'driver = ["plain 2"]'):
        known = f'[[known]]\nid = "core/error-arrives"\nreason = "elsewhere"\n{where}\n'
        pytester.path.joinpath("bridge-known.toml").write_text(known)
        assert run_kit("-k", "error-arrives", fault=SWALLOWS).ret == 1
    here = known.replace("plain 2", "plain 1")
    pytester.path.joinpath("bridge-known.toml").write_text(here)
    assert run_kit("-k", "error-arrives", fault=SWALLOWS).ret == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[known]]\nid = "core/nothing"\nreason = "x"', "*entry 1: there is no check core/nothing*"),
        ('[[known]]\nid = "core/quiet"', "*entry 1: an entry needs an id and a reason*"),
        ('[[known]]\nid = "core/quiet"\nreason = "x"\nuntil = "2"', "*entry 1: unknown key until*"),
        ("[known", "*bridge-known.toml: *"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(
    run_kit: RunKit, pytester: pytest.Pytester, text: str, said: str
) -> None:
    pytester.path.joinpath("bridge-known.toml").write_text(text)
    ended = run_kit("-k", "error-arrives")
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([said])


def test_an_adapter_that_lacks_a_method_is_told_which(run_kit: RunKit) -> None:
    ended = run_kit(fault="class Adapter:\n    def quick(self): ...")
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines(
        ["*subject:Adapter is no core adapter; it lacks", "*slow(self, seconds): *", "*fail(self): *"]
    )


def test_without_an_adapter_the_message_says_what_to_give(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    ended = pytester.runpytest_subprocess("-p", "pytest_pyo3_bridge.plugin", "--pyargs", "pytest_pyo3_bridge")
    assert ended.ret == pytest.ExitCode.INTERRUPTED
    ended.stdout.fnmatch_lines(["*the checks need an adapter", "hint: --bridge-adapter MODULE:NAME*"])


def test_a_session_of_other_tests_is_left_alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    pytester.makepyfile("def test_one(): pass")
    # The plugins of this session may warn of their own settings.
    others = ("-p", "no:asyncio", "-p", "no:benchmark")
    ended = pytester.runpytest_subprocess(*others, "-p", "pytest_pyo3_bridge.plugin", "-W", "error")
    ended.assert_outcomes(passed=1)
    assert not [line for line in ended.outlines if line.startswith("bridge")]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("raise ConnectionError('no server')", "the adapter's slow(0.3) raised ConnectionError: no server"),
        ("pass", "the adapter's slow(0.3) ended after 0.000 s"),
    ],
)
def test_an_adapter_that_does_not_work_is_told_once(run_kit: RunKit, outcomes: Outcomes, fault: str, said: str) -> None:
    ended = run_kit(fault=f"class Adapter(Clean):\n    async def slow(self, seconds):\n        {fault}")
    assert ended.ret == 1
    found = outcomes()
    assert found.pop("core/adapter-works")["message"].startswith(said)
    assert {entry["outcome"] for entry in found.values()} == {"not applicable"}
    assert found["core/cancel-during"]["message"] == "the adapter itself does not work, see core/adapter-works"


def test_what_judges_times_is_left_out_beside_others(run_kit: RunKit, outcomes: Outcomes) -> None:
    assert run_kit("-k", "leak or every-answer", "--bridge-beside-others").ret == 0
    found = outcomes()
    assert found["core/no-leak-on-success"]["outcome"] == "not applicable"
    assert found["core/every-answer-comes"]["outcome"] == "passed"


def test_what_judges_times_is_made_by_itself(run_kit: RunKit, outcomes: Outcomes) -> None:
    assert run_kit("-k", "success or busy-threads or every-answer", "--bridge-only-measures").ret == 0
    found = outcomes()
    passed = {"core/no-leak-on-success": "passed", "core/answers-come-beside-busy-threads": "passed"}
    assert {name: entry["outcome"] for name, entry in found.items()} == passed


def test_a_part_without_a_check_is_refused(run_kit: RunKit) -> None:
    ended = run_kit("--bridge-only-measures", "--bridge-beside-others")
    assert ended.ret == 4
    assert "leave no check" in ended.stderr.str()


def test_an_error_that_no_caller_got_is_a_finding_of_its_own(run_kit: RunKit, outcomes: Outcomes) -> None:
    fault = """
    import threading

    class Adapter(Clean):
        async def fail(self):
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
            raise ValueError("refused")
    """
    assert run_kit("-k", "error-arrives or quiet", fault=fault).ret == 1
    found = outcomes()
    assert found["core/error-arrives"]["outcome"] == "passed"
    assert "ZeroDivisionError" in found["core/quiet"]["message"]
