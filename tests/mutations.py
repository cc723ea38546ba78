"""Proof that the tests would notice: `python -m tests.mutations` takes away one safeguard at a time.

Each mutation is a change of one place in a copy of the package, and names the tests that are to fail with it. A
mutation that no test notices, or whose place is not found, ends the script with exit code 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Mutation(NamedTuple):
    """What is taken away: a text of one file, and what stands there instead.

    `also` are further files, texts and replacements: a safeguard that stands twice is taken away in both places.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    also: tuple[tuple[str, str, str], ...] = ()

    @property
    def changes(self) -> tuple[tuple[str, str, str], ...]:
        """File, text and replacement of each change."""
        return ((self.file, self.old, self.new), *self.also)


MUTATIONS = (
    Mutation(
        "the claim is not committed before anything is sent",
        "tick/send.py",
        """        with self._ledger.transaction():
            for result in self._results:
                self._settler.settle(result, run=self._run)
            for circuit in ready_circuits:
                claimed += self._claim(circuit)
        self._results = []
        return claimed
""",
        """        self._ledger.execute("SAVEPOINT mutation")
        for result in self._results:
            self._settler.settle(result, run=self._run)
        for circuit in ready_circuits:
            claimed += self._claim(circuit)
        self._results = []
        return claimed
""",
        ("tests/crash/test_killed_runs.py", "tests/crash/test_overlap.py"),
    ),
    Mutation(
        "nothing is checked again before the attempt",
        "tick/before_attempt.py",
        "current = recheck.still_owed(delivery, workflow, booking=booking, config=self._config)",
        "current = delivery",
        ("tests/end_to_end/test_isolation.py",),
    ),
    Mutation(
        "a run does not withdraw what is no longer owed",
        "tick/end_waiting.py",
        "            _cancel(each, ledger, now=now, config=config, report=report)\n        elif",
        "            pass\n        elif",
        ("tests/end_to_end/test_when_it_fires.py",),
    ),
    Mutation(
        "the key need not be unique",
        "ledger/first_schema.py",
        "key TEXT NOT NULL UNIQUE,",
        "key TEXT NOT NULL,",
        ("tests/end_to_end/test_when_it_fires.py",),
    ),
    Mutation(
        "the key is unique, but a repetition opens the delivery again",
        "ledger/planned.py",
        "WHERE excluded.state = 'pending' AND deliveries.settled_by IS NULL AND deliveries.uncertain_attempts = 0\n"
        "  AND (deliveries.state = 'canceled'\n",
        "WHERE excluded.state = 'pending' AND deliveries.settled_by IS NULL AND deliveries.uncertain_attempts = 0\n"
        "  AND (deliveries.state IN ('canceled', 'sent')\n",
        ("tests/end_to_end/test_when_it_fires.py",),
    ),
    Mutation(
        "what was called off does not come back when it is owed again",
        "ledger/planned.py",
        "AND (deliveries.state = 'canceled'\n",
        "AND (0\n",
        ("tests/end_to_end/test_foretelling.py",),
    ),
    Mutation(
        "a deadline stays as it was planned",
        "tick/end_waiting.py",
        "queue.update(ledger, each.current, now=now)",
        "pass",
        ("tests/end_to_end/test_found_by_the_model.py",),
    ),
    Mutation(
        "what a clock that was ahead has ended stays ended",
        "tick/plan.py",
        "(number := queue.wait_again(ledger, now))",
        "(number := 0)",
        ("tests/end_to_end/test_clocks.py",),
    ),
    Mutation(
        "an edit reaches those whose instant has passed",
        "tick/arming.py",
        "marks[key] = replace(mark, armed_at=max(mark.armed_at, begins_at))",
        "marks[key] = mark",
        ("tests/end_to_end/test_edits.py",),
    ),
    Mutation(
        "what waits for a clock that was ahead goes on waiting",
        "tick/plan.py",
        "        queue.reschedule_now(ledger, now)\n",
        "",
        ("tests/end_to_end/test_clocks.py", "tests/end_to_end/test_found_by_the_model.py"),
    ),
    Mutation(
        "a circuit that has failed is always probed with the same message",
        "ledger/claims.py",
        'order = "next_attempt_at, expires_at, id" if half_open else "expires_at, id"',
        'order = "expires_at, id"',
        ("tests/end_to_end/test_poison_and_outages.py",),
    ),
    Mutation(
        "a broken kind of message is not put behind the others of its circuit",
        "tick/settle.py",
        "            queue.defer_siblings(self._ledger, delivery, until=until)",
        "            pass",
        ("tests/end_to_end/test_poison_and_outages.py",),
    ),
    Mutation(
        "a run that slept for longer than its time begins what it had claimed",
        "tick/before_attempt.py",
        "if claimed and deadline.may_begin():",
        "if claimed:",
        ("tests/model/test_suspending.py",),
    ),
    Mutation(
        "a doubt is forgotten when the YAML names another provider",
        "tick/before_attempt.py",
        "if current.uncertain_attempts and policy.on_unknown is OnUnknown.HOLD:",
        "if False:",
        ("tests/end_to_end/test_poison_and_outages.py",),
    ),
    Mutation(
        "a success ends the wait that a provider asked for",
        "ledger/circuits.py",
        '_WAITS = "throttles > 0 AND paused_until > :now"',
        '_WAITS = "0"',
        ("tests/end_to_end/test_found_by_the_model.py",),
    ),
    Mutation(
        "what may have gone out is called failed when its repetition is refused",
        "core/retry.py",
        "        case Rejected() if delivery.uncertain_attempts:",
        "        case Rejected() if False:",
        ("tests/end_to_end/test_found_by_the_model.py",),
    ),
    Mutation(
        "a trigger seen for the first time looks back",
        "ledger/watermarks.py",
        "    return Window(max(since, watermark.armed_at), now)",
        "    return Window(since, now)",
        ("tests/end_to_end/test_when_it_fires.py",),
    ),
    Mutation(
        "nothing between the claim and the attempt looks at the deadline",
        "ledger/claims.py",
        "              AND expires_at >= :now AND workflow NOT IN",
        "              AND workflow NOT IN",
        ("tests/end_to_end/test_isolation.py",),
        also=(
            (
                "tick/before_attempt.py",
                "if not current.begins_at <= now <= current.expires_at:",
                "if not current.begins_at <= now:",
            ),
            (
                "tick/workers.py",
                "return now - self.checked_at > RECHECK_AFTER or now > self.delivery.expires_at",
                "return now - self.checked_at > RECHECK_AFTER",
            ),
            ("tick/attempt.py", "if self._clock() > delivery.expires_at:", "if False:"),
        ),
    ),
    Mutation(
        "a run does not end what is past its deadline",
        "ledger/queue.py",
        "WHERE state = 'pending' AND expires_at < :now\n        RETURNING",
        "WHERE state = 'pending' AND expires_at < :now AND 0\n        RETURNING",
        ("tests/end_to_end/test_when_it_fires.py",),
    ),
    Mutation(
        "every other run is taken for dead",
        "ledger/liveness.py",
        "            if not _lock(file, number, path=self.path):\n                return True\n",
        "",
        ("tests/crash/test_killed_runs.py", "tests/crash/test_overlap.py"),
    ),
    Mutation(
        "no run is ever taken for dead",
        "ledger/runs.py",
        "        dead = [number for (number,) in rows if not self.liveness.lives(number)]",
        "        dead = []",
        ("tests/crash/test_killed_runs.py", "tests/crash/test_overlap.py"),
    ),
    Mutation(
        "a run that lives is taken for dead when the lock file was made anew",
        "ledger/liveness.py",
        "        return note is None or (number < note.made_by",
        "        return note is None or (False and number < note.made_by",
        ("tests/end_to_end/test_lock_file.py",),
    ),
    Mutation(
        "what was claimed is begun although the ledger cannot be written",
        "tick/send.py",
        "self._workers.stop()  # at once",
        "pass  # at once",
        ("tests/end_to_end/test_storage_faults.py",),
    ),
    Mutation(
        "an interim answer is taken for the final one",
        "http_transport/final_response.py",
        "if status >= 200 or status == SWITCHING_PROTOCOLS:",
        "if status != 100:",
        ("tests/end_to_end/test_odd_answers.py",),
    ),
    Mutation(
        "what a failed attempt meant is recorded as sent",
        "core/retry.py",
        'return Outcome(name="rejected", state=State.FAILED, error=text)',
        'return Outcome(name="rejected", state=State.SENT, error=text)',
        ("tests/end_to_end/test_a_person_decides.py",),
    ),
    Mutation(
        "a restored ledger is not noticed",
        "ledger/runs.py",
        "    return None if _is_known(ledger, token) else at\n",
        "    return None\n",
        ("tests/end_to_end/test_when_it_fires.py",),
    ),
)


def main() -> int:
    """How many mutations nobody noticed."""
    unchanged = Mutation("nothing is changed", "__init__.py", "__version__", "__version__", _all_tests())
    if failed := _tests_that_fail(unchanged):
        message = f"{failed} fails as it is: mend that first"
        raise SystemExit(message)
    unnoticed = 0
    for mutation in MUTATIONS:
        began = time.monotonic()
        failed = _tests_that_fail(mutation)
        unnoticed += not failed
        verdict = f"noticed by {failed}" if failed else "NOBODY NOTICED"
        print(f"{mutation.name}: {verdict} ({time.monotonic() - began:.0f} s)", flush=True)  # noqa: T201 - its output
    return unnoticed


def _all_tests() -> tuple[str, ...]:
    return tuple(sorted({test for mutation in MUTATIONS for test in mutation.tests}))


def _tests_that_fail(mutation: Mutation) -> str:
    """The first test that fails under a mutation, or nothing."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        for name in ("reminderctl", "tests", "docs", "pyproject.toml", "workflows.example.yaml"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        for file, old, new in mutation.changes:
            path = copy / "reminderctl" / file
            text = path.read_text(encoding="utf-8")
            if text.count(old) != 1:
                message = f"{mutation.name}: the text is not once in {file}; correct tests/mutations.py"
                raise SystemExit(message)
            path.write_text(text.replace(old, new), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "--no-header", "-p", "no:cacheprovider"]
        environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(
            [*command, *mutation.tests], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        failed = [line.split()[1] for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        if ran.returncode not in (0, 1, 2) or (ran.returncode and not failed):
            raise SystemExit(f"{mutation.name}: the tests did not run:\n{ran.stdout}{ran.stderr}")
        return failed[0].partition("::")[2] or failed[0] if failed else ""


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
