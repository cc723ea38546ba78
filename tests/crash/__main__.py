"""Kills runs by the hundred, and prints what the judge found: `make crash KILLS=2000`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context

import click

from tests.crash import naive, points
from tests.crash.harness import SMS, Played, Season, naive_season, play_apart

A_SEASON = 60  # kills: a ledger of some hundred deliveries


@click.command()
@click.option(
    "--kills", type=click.IntRange(1), default=60, show_default=True, help="How many runs to kill, over all seeds."
)
@click.option("--seed", "seeds", multiple=True, type=int, default=(1, 2, 3), show_default=True, help="May be repeated.")
@click.option(
    "--jobs", type=click.IntRange(1), default=2, show_default=True, help="How many seasons are played at the same time."
)
@click.option(
    "--naive",
    "variant",
    type=click.Choice([naive.SEND_FIRST, naive.MARK_FIRST]),
    help="Play with a sender that a crash finds out; the judge must find it too.",
)
def main(kills: int, seeds: tuple[int, ...], jobs: int, variant: str | None) -> None:
    """Kill `reminderctl run` with SIGKILL at named points and at random times, and judge what became of each message.

    The counterparts (a mail server, and HTTP servers in the place of the providers) write down each acceptance before
    they answer: their evidence is compared with what was owed and with the ledger. Exit status: 0 nothing was lost or
    repeated against the rules, and runs were killed at every point; 1 otherwise. Folders with findings are kept.
    """
    played = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(play_apart, season) for season in _plan(kills, seeds, variant)]
        for ended in as_completed(waiting):
            played.append(ended.result())
            season, result, folder = played[-1]
            click.echo(
                f"seed {season.seed} ({season.sms}): {result.kills.total()} kills of {result.runs} runs, "
                f"{result.tally.deliveries} deliveries, {result.seconds:.0f} s"
            )
            for charge in result.finding.all():
                click.secho(f"  {charge}", fg="red")
            if result.finding.all():
                click.echo(f"  its files are in {folder}")
    if not _report(played, points.ALL if variant is None else points.NAIVE):
        raise SystemExit(1)


def _plan(kills: int, seeds: tuple[int, ...], variant: str | None) -> Iterator[Season]:
    """The seasons, each with a clinic of its own; the SMS providers take turns."""
    whole = Season(seed="", kills=0)
    if variant is not None:
        whole = naive_season(variant)
    for number, seed in enumerate(seeds):
        left = kills // len(seeds) + (number < kills % len(seeds))
        turn = 0
        while left > 0:
            share = min(left, A_SEASON)
            yield replace(whole, seed=f"{seed}.{turn}", kills=share, sms=SMS[(number + turn) % len(SMS)])
            left, turn = left - share, turn + 1


def _report(played: list[Played], wanted: tuple[str, ...]) -> bool:
    """Print the figures; whether all is well."""
    results = [each.result for each in played]
    kills = sum((result.kills for result in results), Counter[str]())
    click.echo(f"\n{'killed':42}{'times':>7}")
    for point in wanted:
        click.secho(f"  {point:40}{kills[point]:7,}", fg=None if kills[point] else "red")
    click.echo(f"  {'in all':40}{kills.total():7,}\n")
    tallies = [result.tally for result in results]
    _print("deliveries", sum(tally.deliveries for tally in tallies))
    _print("accepted", sum(tally.accepted for tally in tallies))
    _print("attempts recorded as unknown", sum(tally.unknown_attempts for tally in tallies))
    _print("repeated, by the rule of the channel", sum((tally.repeated for tally in tallies), Counter[str]()))
    _print("left unknown, for a person", sum((tally.unknown for tally in tallies), Counter[str]()))
    _print("... of which the counterpart had accepted", sum(tally.unknown_but_accepted for tally in tallies))
    never = [point for point in wanted if not kills[point]]
    if never:
        click.secho(f"  no run was killed here, so that nothing is proved: {'; '.join(never)}", fg="red")
    well = not never
    for name in ("lost", "duplicates", "unexplained", "untrue"):
        number = sum(len(getattr(result.finding, name)) for result in results)
        click.secho(f"  {name:40}{number:7,}", fg="red" if number else "green")
        well = well and not number
    return well


def _print(what: str, number: int | Counter[str]) -> None:
    if isinstance(number, int):
        click.echo(f"  {what:40}{number:7,}")
    else:
        detail = ", ".join(f"{channel} {count:,}" for channel, count in sorted(number.items()) if count)
        click.echo(f"  {what:40}{number.total():7,}  {detail}".rstrip())


if __name__ == "__main__":
    main()
