"""Templates that ask for too much, and some that ask for what is needed."""

# ruff: noqa: E501 - a template is easier to read on one line

from __future__ import annotations

BOMBS = {
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(9) %}{% endfor %}{% endfor %}{% endfor %}",
    "nested loops, with text": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "a loop into a variable": "{% set x %}{% for a in range(99999) %}" + "x" * 5_000 + "{% endfor %}{% endset %}",
    "a loop in a macro": "{% macro m() %}{% for a in range(99999) %}"
    + "x" * 5_000
    + "{% endfor %}{% endmacro %}{% set y = m() %}",
    "a loop that a name filters": "{% for a in range(99999) if a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a recursive loop": "{% for a in [1] recursive %}{{ loop([1, 2, 3]) }}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that grows": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% else %}xxxxxxxx{% endif %}{% endmacro %}{% set y = m(60) %}",
    "a block that calls itself": "{% block b %}{{ self.b() }}{{ self.b() }}{% endblock %}",
    "a caller": "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
    "a block of text that doubles": "{% set a %}xxxxxxxxxx{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40,
    "%d": '{{ "%1500000000d" % 1 }}',
    "%*d": '{{ "%*d" % (1500000000, 1) }}',
    "%.f": '{{ "%.1500000000f" % 1 }}',
    "%s, many": '{{ ("%(a)s" * 99999) % {"a": "x" * 99999} }}',
    "format filter": '{{ "%1500000000d" | format(1) }}',
    "format filter, named": '{{ ("%(a)s" * 99999) | format(a="x" * 99999) }}',
    "format": '{{ "{:1500000000}".format(1) }}',
    "format, computed": '{{ "{:{}}".format(1, 1500000000) }}',
    "format, many": '{{ ("{0}" * 99999).format("x" * 99999) }}',
    "format_map": '{{ "{a:1500000000}".format_map({"a": 1}) }}',
    "center": '{{ "x" | center(1500000000) }}',
    "center, named": '{{ "x" | center(width=1500000000) }}',
    "center, method": '{{ "x".center(1500000000) }}',
    "ljust": '{{ "x".ljust(1500000000) }}',
    "rjust": '{{ "x".rjust(1500000000) }}',
    "zfill": '{{ "x".zfill(1500000000) }}',
    "expandtabs": '{{ ("\t" * 999).expandtabs(1500000000) }}',
    "indent": '{{ "x\nx" | indent(1500000000) }}',
    "indent, by a text": '{{ ("x\n" * 99999) | indent("x" * 99999) }}',
    "replace": '{{ ("x" * 99999) | replace("x", "y" * 99999) }}',
    "replace, empty": '{{ ("x" * 99999) | replace("", "y" * 99999) }}',
    "replace, method": '{{ ("x" * 99999).replace("x", "y" * 99999) }}',
    "translate": '{{ ("x" * 99999).translate({120: "y" * 99999}) }}',
    "join": '{{ range(99999) | join("x" * 99999) }}',
    "join, method": '{{ ("x" * 99999).join(range(99999) | map("string")) }}',
    "join, many long": '{{ range(99999) | map("center", 99999) | join }}',
    "wordwrap": '{{ ("x" * 99999) | wordwrap(1, wrapstring="y" * 99999) }}',
    "batch": '{{ [1] | batch(1500000000, "x") | list }}',
    "slice": "{{ [1] | slice(1500000000) | list }}",
    "round": "{{ 5 | round(1500000000, 'floor') }}",
    "round, backwards": "{{ 5 | round(-1500000000) }}",
    "sum": "{{ range(9999) | map('batch', 1) | sum(start=[]) }}",
    "*": '{{ "x" * 1500000000 }}',
    "* of a list": "{{ ['x'] * 1500000000 }}",
    "* of long ones": '{{ ["x" * 999999] * 999999 }}',
    "* of numbers": "{% set a = 9 ** 999 %}" + "{% set a = a * a %}" * 40 + "{{ a > 1 }}",
    "**": "{{ 9 ** 999999999 }}",
    "+": '{% set a = "x" * 999 %}' + "{% set a = a + a %}" * 40,
    "+ of lists": "{% set a = [1] %}" + "{% set a = a + a %}" * 40,
    "~": '{% set a = "x" * 999 %}' + "{% set a = a ~ a %}" * 40,
    "~, wide": '{% set a = "x" * 999999 %}{% set b = ' + " ~ ".join("a" * 2_000) + " %}",
    "lists in lists": "{% set a = ['x', 'x'] %}"
    + "{% set a = [a, a] %}" * 60
    + "{{ a == [1] }}{{ a | length }}{% set b = a | string %}",
    "tuples that are compared": "{% set a = ('x',) %}{% set b = ('x',) %}"
    + "{% set a = (a, a) %}{% set b = (b, b) %}" * 60
    + "{{ a == b }}",
    "dicts": "{% set a = {'x': 1} %}" + "{% set a = {'x': a, 'y': a} %}" * 60 + "{% set b = a | string %}",
    "a namespace": "{% set n = namespace(a=1) %}"
    + "{% set n = namespace(a=n, b=n) %}" * 60
    + "{% set b = n | string %}",
    "a cycler": "{% set c = cycler('x', 'x') %}"
    + "{% set c = cycler(c.items, c.items) %}" * 60
    + "{% set b = c.items | string %}",
    "dict()": "{% set a = dict(x=1) %}" + "{% set a = dict(x=a, y=a) %}" * 60 + "{% set b = a | string %}",
    "range, summed": "{% for a in range(99999) %}{% set b = range(99999) | sum %}{% endfor %}",
    "range, sorted": "{% for a in range(99999) %}{% set b = range(99999) | sort(reverse=true) | list %}{% endfor %}",
    "tests": "{{ range(99999) | select('in', range(99999) | list) | list }}{% for a in range(99999) %}{% for b in range(99999) if b is odd %}{% endfor %}{% endfor %}",
    "map of map": "{{ range(99999) | map('center', 9999) | map('upper') | list | length }}",
    "bytes": "{{ (5).to_bytes(1500000000, 'big') }}",
    "a date": '{{ appointment_date | date("y" * 1500000000) }}',
    "a date, long": '{{ appointment_date | date("y" * 999999) }}',
    "strftime": '{{ appointment_date.at.strftime("%d" * 999999) }}',
    "zones": "{{ appointment_date.at.tzinfo.no_cache('Europe/Madrid') }}",
    "many values": "".join("{% set a" + str(n) + ' = "x" | center(999999) %}' for n in range(500)),
    "values from a booking": "{% for a in custom.words %}{% for b in custom.words %}{% for c in custom.words %}{{ a }}{% endfor %}{% endfor %}{% endfor %}",
    "deep": "{{ "
    + "(" * 500
    + "1"
    + ")" * 500
    + " }}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
}

ORDINARY = {
    "{% for each in custom.list %}{{ loop.index }}/{{ loop.length }} {{ each }}{% if not loop.last %}, {% endif %}{% endfor %}": "1/2 a, 2/2 b",
    "{{ custom.list | join(' + ') | upper }}": "A + B",
    "{{ '%05.1f' % 3.14159 }} {{ '%s of %s' | format('a', 'b') }}": "003.1 a of b",
    "{{ '{:>6.2f}|{x}'.format(2, x='y') }}": "  2.00|y",
    "{{ 'x' | center(5) }}|{{ 'a b' | replace(' ', '-') }}|{{ 'ab' * 2 }}": "  x  |a-b|abab",
    "{% macro greet(name) %}Hi {{ name }}{% endmacro %}{{ greet('Ana') }}, {{ greet(custom.list[0]) }}": "Hi Ana, Hi a",
    "{{ [1, 2, 3] | sum + 2 * 3 - 1 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ 2 ** 8 }} {{ 7 % 4 }}": "11 3 3.5 256 3",
    "{{ 3.14159 | round(2) }} {{ '7' | int + 1 }}": "3.14 8",
    "{% set ns = namespace(n=0) %}{% for a in range(5) if a is odd %}{% set ns.n = ns.n + a %}{% endfor %}{{ ns.n }}": "4",
    "{{ custom.list | map('upper') | list | length }} {{ 'a,b'.split(',') | last }} {{ ('b', 'a') | sort | first }}": "2 b a",
    "{{ 'one two three' | wordwrap(7) }}|{{ 'a\nb' | indent(2) }}|{{ 'long text' | truncate(6, leeway=0) }}": "one two\nthree|a\n  b|lon...",
    "{% for pair in {'a': 1}.items() %}{{ pair[0] ~ '=' ~ pair[1] }}{% endfor %}": "a=1",
    "{% for row in custom.list | batch(2, '-') %}{{ row | join }}{% endfor %}": "ab",
    "{{ appointment_date.at.strftime('%d/%m') }} {{ 'ana maria' | title }}": "23/11 Ana Maria",
    "{% for a in custom.list %}{{ loop.cycle(1, 2) }}{{ loop.changed(a) }}{% endfor %}{% set c = cycler('x', 'y') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}": "1true2truexyx",
}
