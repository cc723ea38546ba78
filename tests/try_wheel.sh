#!/bin/sh
# Installs a built wheel into an environment of its own and takes one reminder through it.
set -eu
wheel=$(realpath "$1")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq --require-hashes --requirement requirements/runtime.txt
"$room/venv/bin/pip" install -qq --no-deps "$wheel"
"$room/venv/bin/pip" check
cd "$room"
PATH="$room/venv/bin:$PATH"
reminderctl --help > /dev/null
test -s "$room/venv/share/man/man1/reminderctl.1" || { echo "the wheel has no manual page" >&2; exit 1; }
reminderctl init clinic > /dev/null
cd clinic
reminderctl check
reminderctl run --now 2026-11-22T09:00:00Z
printf 'id,starts_at,customer_name,customer_email,customer_phone,ends_at\nb1,2026-11-23T10:00:00Z,Ana,ana@example.com,+34600111222,2026-11-23T11:00:00Z\n' |
    reminderctl bookings import - > /dev/null
reminderctl run --now 2026-11-22T10:00:00Z
test -n "$(ls outbox)" || { echo "the wheel sent nothing" >&2; exit 1; }
echo "the wheel works: $(ls outbox | wc -l) message(s) in the outbox"
