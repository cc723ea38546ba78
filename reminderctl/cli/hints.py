"""Hints for commands and options that people guess, but that have other names here."""

from __future__ import annotations

import re

from reminderctl.cli.command_table import COMMANDS

# What is typed: what to type, and what that does.
_INSTEAD = {
    ("doctor", "health", "healthcheck", "ping", "monitor", "metrics"): "`status` says whether all is well",
    ("stats", "report", "summary", "info"): "`status` counts what was sent, and says whether all is well",
    ("validate", "lint", "verify", "config", "configtest", "configcheck"): "`check` finds the problems in the YAML",
    ("preview", "render", "show", "try", "sample", "samples"): "`test` shows every message as it would be sent",
    ("send",): "`run` sends what is due; `test WORKFLOW --send --to ADDRESS` sends one on trial",
    ("logs", "log", "history", "events", "audit", "sent"): "`deliveries list` shows what was sent, when, and why not",
    ("list", "ls"): "`deliveries list`, `bookings list` and `upcoming` list what there is",
    ("next", "schedule", "queue", "due", "plan", "pending", "simulate"): "`upcoming` shows what will be sent",
    ("dry-run", "dryrun", "noop"): "`run --dry-run` says what would be sent now",
    ("retry", "resend", "requeue"): "`deliveries retry ID` lets the next run try again",
    ("cancel", "stop", "skip"): "`deliveries cancel ID` stops one; `enabled: false` in the YAML stops a workflow",
    ("pause", "disable", "enable", "resume", "unpause"): "`enabled: false` in the YAML switches a workflow off",
    (
        "resolve",
        "ack",
        "acknowledge",
        "export",
    ): "`deliveries resolve ID` and `deliveries export`",
    ("why", "debug", "trace", "inspect", "diagnose"): "`explain BOOKING` gives the reason for each message",
    (
        "install",
        "enable-cron",
        "crontab",
        "schedule-cron",
        "setup",
    ): "`cron install` writes the crontab line, `init` the files",
    ("uninstall", "remove"): "`cron remove` takes the crontab line out",
    ("import", "load", "sync"): "`bookings import FILE` brings the bookings in",
    (
        "start",
        "serve",
        "daemon",
        "tick",
        "execute",
        "go",
        "work",
        "worker",
    ): "`run` does what is due; cron calls it every minute",
    ("completion", "completions", "autocomplete"): (
        'bash: `eval "$(_REMINDERCTL_COMPLETE=bash_source reminderctl)"`; zsh: `zsh_source`, fish: `fish_source`'
    ),
    ("version", "about"): "`reminderctl --version`, or `status` for all versions",
    ("man", "manual", "docs", "usage", "?"): "`help COMMAND` shows how a command is used",
    ("templates", "variables", "placeholders", "tags", "fields"): "`shortcodes` lists what texts may use",
    ("delete", "forget", "gdpr", "anonymize"): "`erase CUSTOMER` erases a person, `purge` old deliveries",
    ("clean", "cleanup", "prune", "vacuum", "gc"): "`purge --older-than 90d` deletes old deliveries",
    ("new", "create", "bootstrap", "quickstart"): "`init` writes a first set of files",
    ("catchup", "catch-up", "replay"): "`backfill WORKFLOW --since T` sends what was never sent",
    ("workflows", "workflow"): "`check` counts the workflows, `test` shows their messages",
    ("backup", "restore", "migrate", "move"): "see docs/how-to/backup.md and move.md",
}
_BY_WORD = {word: hint for words, hint in _INSTEAD.items() for word in words}
_OPTIONS = {
    "-q": "nothing is printed but what was asked for; `run` is silent while all is well",
    "-v": "only `run` has it; `explain BOOKING` gives every reason",
    "-d": "`explain BOOKING` gives every reason",
    "-n": "only `run` has it: it is --dry-run",
    "-f": "the configuration is named by -c, --config",
    "--dry-run": "`run` and `bookings import` have it; `test` and `upcoming` never send by themselves",
}
_ALSO = {"--quiet": "-q", "--silent": "-q", "--verbose": "-v", "--debug": "-d", "--file": "-f", "--dryrun": "--dry-run"}


def of_command(name: str) -> str:
    """Return what to call instead of a command that there is not."""
    from difflib import get_close_matches

    if hint := _BY_WORD.get(name.lower().lstrip("-")):
        return hint
    words = name.lower()
    near = get_close_matches(words, COMMANDS, n=1) or get_close_matches(words, _BY_WORD, n=1, cutoff=0.8)
    if near and near[0] in _BY_WORD:
        return _BY_WORD[near[0]]
    return f"did you mean `{near[0]}`?" if near else "`reminderctl help` lists the commands"


def of_option(option: str) -> str:
    """Return what to give instead of an option that there is not; an empty text where nobody knows."""
    plain = re.split("=", option)[0]
    return _OPTIONS.get(_ALSO.get(plain, plain), "")
