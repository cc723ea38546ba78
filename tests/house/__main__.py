"""Renew the list of what does not keep the rules: python -m tests.house."""

from __future__ import annotations

import sys

from tests.house import sins
from tests.house.rules import RULES


def main() -> None:
    """Drop what keeps its rule now, follow what was moved, and print what is new, which is never added."""
    found = [each for rule in RULES for each in sins.find(rule)]
    listed = sins.read()
    kept = sins.renewed(listed, found)
    sins.write(kept)
    new = sorted({*found} - kept)
    sys.stdout.write(
        f"{len(listed)} were listed, {len(kept)} are left\n" + "".join(f"not listed: {each}\n" for each in new)
    )
    sys.exit(1 if new else 0)


if __name__ == "__main__":
    main()
