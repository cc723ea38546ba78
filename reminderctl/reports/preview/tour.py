"""All workflows tried with all samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from reminderctl.config.lint.filters import KnownValues, lint_filters
from reminderctl.model import Config, Workflow
from reminderctl.reports.preview.adapt import adapt
from reminderctl.reports.preview.models import Sample, Trial
from reminderctl.reports.preview.run import try_workflow

ADAPTABLE = "single"
NOTHING_MATCHES = "no booking can match: what `filters` want, `except` excludes, or they want what never fires"


def travel(
    workflows: Sequence[Workflow],
    samples: Mapping[str, Sample],
    *,
    config: Config,
    now: datetime,
    known: KnownValues,
    adaptable: Sample | None,
) -> Iterator[Trial]:
    """Each workflow with each sample, in their order.

    With an `adaptable` sample, what no sample matches is tried with that one, adapted to the filters, and what samples
    lack on purpose is no problem. What is wrong with a workflow itself is told once, with its first trial.
    """
    for workflow in workflows:
        trials = [
            try_workflow(workflow, sample, config=config, now=now, tour=adaptable is not None)
            for sample in samples.values()
        ]
        findings = [*lint_filters(workflow, known)]
        problems = [str(finding) for finding in findings if finding.is_error]
        notes = [str(finding) for finding in findings if not finding.is_error]
        if adaptable and not any(trial.matches for trial in trials):
            adapted = adapt(adaptable, workflow, config=config)
            if adapted:
                trials.append(_try_adapted(workflow, adapted, config=config, now=now))
            else:
                problems.append(NOTHING_MATCHES)
        first, *others = trials
        yield structs.replace(first, problems=(*problems, *first.problems), notes=(*notes, *first.notes))
        yield from others


def _try_adapted(workflow: Workflow, sample: Sample, *, config: Config, now: datetime) -> Trial:
    trial = try_workflow(workflow, sample, config=config, now=now, tour=True)
    note = f"no sample matches this workflow, so `{ADAPTABLE}` was {sample.about}"
    return structs.replace(trial, notes=(note, *trial.notes))
