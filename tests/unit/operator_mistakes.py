"""Mistakes that people make in the YAML: what is replaced by what, and how the answer begins."""

from __future__ import annotations

BASE = """\
timezone: Europe/Madrid
language: en
company:
  name: Clinica Sol
  phone: "+34911234567"
admin:
  email: admin@example.com
  phone: "+34600000000"
channels:
  email:
    host: smtp.example.com
    port: 587
    security: starttls
    username: citas
    password: "${SMTP_PASSWORD}"
    from: "Clinica Sol <citas@example.com>"
  sms:
    provider: twilio
    account_sid: AC0123456789abcdef0123456789abcdef
    auth_token: "${TWILIO_TOKEN}"
    from: "+15005550006"
workflows:
  - id: reminder-24h
    name: Customer reminder
    when: 1 day before start
    filters:
      status: approved
      service: [Haircut, Colour]
    actions:
      - send: email
        to: customer
        subject: "Your {service_name} appointment"
        body: |
          Hello {customer_first_name},

          see you on {appointment_date}.
      - send: sms
        to: customer
        body: "See you at {appointment_start_time}"
  - id: follow-up
    name: Follow-up
    when: 2 hours after end
    filters: {status: completed}
    actions:
      - send: email
        to: [customer, admin]
        subject: "Thank you, {customer_first_name}"
        body: "Was all well with your {service_name}?"
"""

# A name; what stands in BASE; what is written instead; line, column and the first words of the answer, empty where
# nothing is wrong.
MISTAKES: dict[str, tuple[str, str, str]] = {
    "key one space further in": (
        "    when: 1 day",
        "     when: 1 day",
        "25:6: `when: 1 day before start` is indented by 5 spaces, `name` on line 24 by 4",
    ),
    "key one space further out": (
        "    when: 1 day",
        "   when: 1 day",
        "25:4: `when: 1 day before start` is indented by 3 spaces, `name` on line 24 by 4",
    ),
    "key two spaces out (under dash)": (
        "    when: 1 day",
        "  when: 1 day",
        "25:3: `when: 1 day before start` is indented by 2 spaces, `name` on line 24 by 4",
    ),
    "first key three spaces": (
        "  name: Clinica Sol",
        "   name: Clinica Sol",
        '5:3: `phone: "+34911234567"` is indented by 2 spaces, `name` on line 4 by 3',
    ),
    "second key three spaces": (
        '  phone: "+34911234567"',
        '   phone: "+34911234567"',
        '5:4: `phone: "+34911234567"` is indented by 3 spaces, `name` on line 4 by 2',
    ),
    "second key one space": (
        '  phone: "+34911234567"',
        ' phone: "+34911234567"',
        '5:2: `phone: "+34911234567"` is indented by 1 space, `name` on line 4 by 2',
    ),
    "channel key three": (
        "    port: 587",
        "     port: 587",
        "12:6: `port: ...` is indented by 5 spaces, `host` on line 11 by 4",
    ),
    "channel key out": (
        "    port: 587",
        "   port: 587",
        "12:4: `port: ...` is indented by 3 spaces, `host` on line 11 by 4",
    ),
    "channel at other level": (
        "  sms:\n",
        "   sms:\n",
        "17:4: `sms:` is indented by 3 spaces, `email` on line 10 by 2",
    ),
    "channel at 1 space": ("  sms:\n", " sms:\n", "17:2: `sms:` is indented by 1 space, `email` on line 10 by 2"),
    "action key in": (
        "        to: customer\n",
        "         to: customer\n",
        "31:10: `to: customer` is indented by 9 spaces, `send` on line 30 by 8",
    ),
    "action key out": (
        "        to: customer\n",
        "       to: customer\n",
        "31:8: `to: customer` is indented by 7 spaces, `send` on line 30 by 8",
    ),
    "action key far out": (
        "        to: customer\n",
        "      to: customer\n",
        "31:7: `to: customer` is indented by 6 spaces, `send` on line 30 by 8",
    ),
    "body key out": (
        '        body: "See you',
        '       body: "See you',
        '39:8: `body: "See you at {appointment_start_time}"` is indented by 7 spaces, `to` on line 38 by 8',
    ),
    "filters not indented": (
        "      status: approved\n",
        "    status: approved\n",
        "27:5: `status: approved` is indented as far as `filters:` above it, which is left empty so",
    ),
    "filter one more": (
        "      service: [",
        "       service: [",
        "28:8: `service: [Haircut, Colour]` is indented by 7 spaces, `status` on line 27 by 6",
    ),
    "settings indented": (
        "language: en",
        "  language: en",
        "2:3: `language: en` is indented by 2 spaces, `timezone` on line 1 by 0",
    ),
    "settings indented1": (
        "language: en",
        " language: en",
        "2:2: `language: en` is indented by 1 space, `timezone` on line 1 by 0",
    ),
    "first line indented": (
        "timezone: Europe",
        " timezone: Europe",
        "2:1: `language: en` is indented by 0 spaces, `timezone` on line 1 by 1",
    ),
    "workflow dash at another level": (
        "  - id: follow-up",
        "   - id: follow-up",
        "40:4: `- id: follow-up` has its dash after 3 spaces, `- id` on line 23 after 2",
    ),
    "workflow dash out": (
        "  - id: follow-up",
        " - id: follow-up",
        "40:2: `- id: follow-up` has its dash after 1 space, `- id` on line 23 after 2",
    ),
    "workflow dash at 0": (
        "  - id: follow-up",
        "- id: follow-up",
        "40:1: `- id: follow-up` begins with a dash, but `workflows` on line 22 next to it does not",
    ),
    "action dash in": (
        "      - send: sms",
        "       - send: sms",
        "37:8: `- send: sms` has its dash after 7 spaces, `- send` on line 30 after 6",
    ),
    "action dash out": (
        "      - send: sms",
        "     - send: sms",
        "37:6: `- send: sms` has its dash after 5 spaces, `- send` on line 30 after 6",
    ),
    "action dash missing": (
        "      - send: sms",
        "        send: sms",
        "37:9: workflows[0] reminder-24h: actions[0]: duplicate key `send`",
    ),
    "action first dash missing": ("      - send: email", "        send: email", "30:9: no dash before `send: email`"),
    "workflow dash missing": (
        "  - id: follow-up",
        "    id: follow-up",
        "40:5: workflows[0] follow-up: duplicate key `id`",
    ),
    "workflow first dash missing": ("  - id: reminder", "    id: reminder", "23:5: no dash before `id: reminder-24h`"),
    "dash without blank": ("      - send: sms", "      -send: sms", "37:7: a space is missing after the dash"),
    "dash without blank wf": ("  - id: follow", "  -id: follow", "40:3: a space is missing after the dash"),
    "workflows not indented, keys misaligned": (
        "  - id: follow-up\n    name",
        "  - id: follow-up\n  name",
        "41:3: `name: Follow-up` is indented by 2 spaces, `id` on line 40 by 4",
    ),
    "tab at start": ("    when: 1 day", "\twhen: 1 day", "25:1: a tab"),
    "tab after spaces": ("    when: 1 day", "  \twhen: 1 day", "25:3: a tab"),
    "tab before comment": ("language: en", "language: en\n\t# comment", "3:1: a tab"),
    "tab after dash": ("  - id: follow", "  -\tid: follow", "40:4: a tab"),
    "tab in block": ("          see you on", "\tsee you on", "36:1: a tab"),
    "tab indented blank line": ("language: en", "language: en\n\t", "3:1: a tab"),
    "tab nested": ("  email:\n    host", "\temail:\n\t\thost", "10:1: a tab"),
    "quote missing at end": (
        'appointment"\n',
        "appointment\n",
        '32:18: the closing " is missing: `subject: "Your {service_name} appointment`',
    ),
    "quote missing at start": (
        'subject: "Your',
        "subject: Your",
        '32:18: warning: workflows[0] reminder-24h: actions[0]: `Your {service_name} appointment"` ends with ',
    ),
    "quote missing at end last": (
        'your {service_name}?"',
        "your {service_name}?",
        '48:15: the closing " is missing: `body: "Was all well with your {service_name}?`',
    ),
    "quote missing at end sms": (
        '{appointment_start_time}"',
        "{appointment_start_time}",
        '39:15: the closing " is missing: `body: "See you at {appointment_start_time}`',
    ),
    "quote missing phone": (
        'phone: "+34911234567"',
        'phone: "+34911234567',
        '5:10: the closing " is missing: `phone: "+34911234567`',
    ),
    "quote missing password": (
        'password: "${SMTP_PASSWORD}"',
        'password: "${SMTP_PASSWORD}',
        '15:15: the closing " is missing: `password: ...`',
    ),
    "single quote missing end": (
        'subject: "Your {service_name} appointment"',
        "subject: 'Your {service_name} appointment",
        "32:18: the closing ' is missing: `subject: 'Your {service_name} appointment`",
    ),
    "apostrophe in single quotes": (
        'subject: "Your {service_name} appointment"',
        "subject: 'It's your {service_name}'",
        "32:21: the text ends at this ', and more follows: `subject: 'It's your {service_name}'`",
    ),
    "double in double": (
        'subject: "Your {service_name} appointment"',
        'subject: "Your "{service_name}" appointment"',
        '32:24: the text ends at this ", and more follows: `subject: "Your "{service_name}" appointment"`',
    ),
    "mixed quotes": (
        'subject: "Your {service_name} appointment"',
        "subject: \"Your {service_name} appointment'",
        '32:18: the closing " is missing: `subject: "Your {service_name} appointment\'`',
    ),
    "text after quote": (
        'subject: "Your {service_name} appointment"',
        'subject: "Your" {service_name} appointment',
        '32:23: the text ends at this ", and more follows: `subject: "Your" {service_name} appointment`',
    ),
    "windows quotes": (
        'subject: "Your {service_name} appointment"',
        "subject: \u201cYour {service_name} appointment\u201d",
        "32:18: warning: workflows[0] reminder-24h: actions[0]: `“Your {service_name} appointment”`: these qu",
    ),
    "windows quotes colon": (
        'subject: "Your {service_name} appointment"',
        "subject: \u201cYour: {service_name} appointment\u201d",
        '32:23: text that holds `: ` needs quotes: `subject: "“Your: {service_name} appointment”"`',
    ),
    "guillemets": (
        'phone: "+34911234567"',
        "phone: \xab+34911234567\xbb",
        "5:10: company: phone: '«+34911234567»' is not a valid phone number",
    ),
    "windows quotes email": (
        "email: admin@example.com",
        "email: \u201cadmin@example.com\u201d",
        "7:10: admin: email: '“admin@example.com”' is not a valid email address",
    ),
    "backslash in double": (
        'subject: "Your {service_name} appointment"',
        'subject: "C:\\Users \\d {service_name}"',
        '32:21: `\\U` means nothing inside "..."',
    ),
    "quote missing in flow": (
        "service: [Haircut, Colour]",
        'service: ["Haircut, Colour]',
        '28:17: the closing " is missing: `service: ["Haircut, Colour]`',
    ),
    "colon missing": ("language: en", "language en", "2:1: a colon is missing"),
    "colon missing first": ("timezone: Eur", "timezone Eur", "1:1: a colon is missing"),
    "colon missing in workflow": ("    when: 1 day", "    when 1 day", "25:5: a colon is missing"),
    "colon missing in wf first": ("  - id: follow-up", "  - id follow-up", "40:5: a colon is missing"),
    "colon missing in action": (
        "        to: customer\n        sub",
        "        to customer\n        sub",
        "31:9: a colon is missing",
    ),
    "colon missing after mapping key": ("company:", "company", "3:1: a colon is missing"),
    "colon missing after filters": ("    filters:", "    filters", "26:5: a colon is missing"),
    "colon missing after actions": ("    actions:", "    actions", "29:5: a colon is missing"),
    "colon missing after email": ("  email:\n", "  email\n", "10:3: a colon is missing"),
    "colon missing after workflows": ("workflows:", "workflows", "22:1: a colon is missing"),
    "colon missing after channels": ("channels:", "channels", "9:1: a colon is missing"),
    "colon missing body |": ("body: |", "body |", "33:9: a colon is missing"),
    "blank missing after colon": ("language: en", "language:en", "2:1: a space is missing after the colon"),
    "blank missing after colon in wf": (
        "    when: 1 day",
        "    when:1 day",
        "25:5: a space is missing after the colon",
    ),
    "blank missing in action": (
        "        to: customer\n        sub",
        "        to:customer\n        sub",
        "31:9: a space is missing after the colon",
    ),
    "blank missing in wf first": ("  - id: follow-up", "  - id:follow-up", "40:5: a space is missing after the colon"),
    "blank missing first": ("timezone: Eur", "timezone:Eur", "1:1: a space is missing after the colon"),
    "blank missing flow": (
        'company:\n  name: Clinica Sol\n  phone: "+34911234567"',
        'company: {name:Sol, phone:"+34911234567"}',
        "3:11: company: a space is missing after the colon of `name:`",
    ),
    "equals": ("language: en", "language = en", "2:1: a colon is missing"),
    "equals in wf": ("    when: 1 day before start", "    when = 1 day before start", "25:5: a colon is missing"),
    "colon in text": (
        "name: Customer reminder",
        "name: Reminder: one day",
        '24:19: text that holds `: ` needs quotes: `name: "Reminder: one day"`',
    ),
    "colon in subject": (
        '"Your {service_name} appointment"',
        "Reminder: {service_name}",
        '32:26: text that holds `: ` needs quotes: `subject: "Reminder: {service_name}"`',
    ),
    "colon in body": (
        '"See you at {appointment_start_time}"',
        "Time: {appointment_start_time}, place: {location_name}",
        '39:19: text that holds `: ` needs quotes: `body: "Time: {appointment_start_time}, place: {location_n',
    ),
    "colon in list": (
        "[Haircut, Colour]",
        "[Cut: short, Colour]",
        "28:17: workflows[0] reminder-24h: filters: service: expected text, got a mapping",
    ),
    "two colons": ("language: en", "language:: en", "2:1: unknown key `language:`; did you mean `language`?"),
    "fullwidth colon": ("language: en", "language\uff1a en", "2:1: a colon is missing"),
    "hash in subject": (
        '"Your {service_name} appointment"',
        "Booking #{appointment_id}",
        "32:18: warning: workflows[0] reminder-24h: actions[0]: `#{appointment_id}` is a comment and not part",
    ),
    "hash in sms": (
        '"See you at {appointment_start_time}"',
        "See you # {appointment_start_time}",
        "39:15: warning: workflows[0] reminder-24h: actions[1]: `# {appointment_start_time}` is a comment and",
    ),
    "hash at start": (
        '"Your {service_name} appointment"',
        "#{appointment_id} soon",
        "32:17: warning: workflows[0] reminder-24h: actions[0]: `#{appointment_id} soon` is a comment and not",
    ),
    "hash in location": (
        "service: [Haircut, Colour]",
        "location: Room #5",
        "28:17: warning: workflows[0] reminder-24h: `#5` is a comment and not part of the text",
    ),
    "hash comment in list": (
        "[Haircut, Colour]",
        "[Haircut, Colour #2]",
        "28:16: a ` #` begins a comment, so the [ is never closed: `service: [Haircut, Colour #2]`",
    ),
    "password with hash": (
        'password: "${SMTP_PASSWORD}"',
        "password: abc #def",
        "15:15: warning: channels.email: what follows ` #` is a comment, so it is not part of the value",
    ),
    "unquoted shortcode": (
        '"Your {service_name} appointment"',
        "{service_name} appointment",
        '32:18: text that begins with { needs quotes: `subject: "{service_name} appointment"`',
    ),
    "unquoted shortcode alone": (
        '"Your {service_name} appointment"',
        "{service_name}",
        "32:19: workflows[0] reminder-24h: actions[0]: subject: text that begins with a shortcode needs quote",
    ),
    "unquoted two shortcodes": (
        '"Your {service_name} appointment"',
        "{service_name} {location_name}",
        '32:18: text that begins with { needs quotes: `subject: "{service_name} {location_name}"`',
    ),
    "unquoted jinja": (
        '"Your {service_name} appointment"',
        "{{ service_name }} soon",
        '32:18: text that begins with { needs quotes: `subject: "{{ service_name }} soon"`',
    ),
    "unquoted jinja stmt": (
        '"Your {service_name} appointment"',
        "{% if zoom_url %}x{% endif %}",
        '32:18: text that begins with {% needs quotes: `subject: "{% if zoom_url %}x{% endif %}"`',
    ),
    "unquoted to": (
        "to: [customer, admin]",
        "to: {customer_email}",
        "46:13: workflows[1] follow-up: actions[0]: to: expected text, got a mapping",
    ),
    "unquoted in list": (
        "to: [customer, admin]",
        "to: [{customer_email}, admin]",
        "46:14: workflows[1] follow-up: actions[0]: to: expected text, got a mapping",
    ),
    "unquoted reference": (
        '"${SMTP_PASSWORD}"',
        "{SMTP_PASSWORD}",
        "15:15: channels.email: password: expected text, got a mapping",
    ),
    "shortcode with comma": (
        '"Your {service_name} appointment"',
        "{customer_first_name}, see you",
        '32:18: text that begins with { needs quotes: `subject: "{customer_first_name}, see you"`',
    ),
    "bracket at start": (
        '"Your {service_name} appointment"',
        "[Clinic] {service_name}",
        '32:18: text that begins with [ needs quotes: `subject: "[Clinic] {service_name}"`',
    ),
    "percent at start": (
        '"Your {service_name} appointment"',
        "%service_name%",
        '32:18: text that begins with % needs quotes: `subject: "%service_name%"`',
    ),
    "at at start": (
        '"Your {service_name} appointment"',
        "@{customer_first_name}",
        '32:18: text that begins with @ needs quotes: `subject: "@{customer_first_name}"`',
    ),
    "backtick at start": (
        '"Your {service_name} appointment"',
        "`{customer_first_name}`",
        '32:18: text that begins with ` needs quotes: `subject: "`{customer_first_name}`"`',
    ),
    "star at start": (
        '"Your {service_name} appointment"',
        "*Reminder* {service_name}",
        '32:18: text that begins with * needs quotes: `subject: "*Reminder* {service_name}"`',
    ),
    "amp at start": (
        '"Your {service_name} appointment"',
        "&Reminder {service_name}",
        "32:29: workflows[0] reminder-24h: actions[0]: subject: text that begins with a shortcode needs quote",
    ),
    "excl at start": (
        '"Your {service_name} appointment"',
        "!Reminder {service_name}",
        "32:18: workflows[0] reminder-24h: actions[0]: the tag `!Reminder` has no meaning here",
    ),
    "gt at start": (
        '"Your {service_name} appointment"',
        ">> {service_name}",
        '32:18: text that begins with > needs quotes: `subject: ">> {service_name}"`',
    ),
    "pipe text": (
        "body: |\n          Hello {customer_first_name},\n",
        "body: | Hello {customer_first_name},\n",
        "33:15: text after `|` goes into the lines below it, indented: `body: | Hello {customer_first_name},`",
    ),
    "question at start": (
        '"Your {service_name} appointment"',
        "? {service_name}",
        '32:18: text that begins with ? needs quotes: `subject: "? {service_name}"`',
    ),
    "dash at start": (
        '"Your {service_name} appointment"',
        "- {service_name}",
        '32:18: text that begins with - needs quotes: `subject: "- {service_name}"`',
    ),
    "comma at start": (
        '"Your {service_name} appointment"',
        ", {service_name}",
        '32:18: text that begins with , needs quotes: `subject: ", {service_name}"`',
    ),
    "bracket not closed": (
        "[Haircut, Colour]",
        "[Haircut, Colour",
        "28:16: the [ is never closed: `service: [Haircut, Colour`",
    ),
    "bracket not opened": (
        "[Haircut, Colour]",
        "Haircut, Colour]",
        "28:16: warning: workflows[0] reminder-24h: `Haircut, Colour]` ends with ] that nothing opens",
    ),
    "brace not closed": (
        'company:\n  name: Clinica Sol\n  phone: "+34911234567"',
        'company: {name: Sol, phone: "+34911234567"',
        '3:10: the { is never closed: `company: {name: Sol, phone: "+34911234567"`',
    ),
    "brace wrong closer": (
        "[Haircut, Colour]",
        "[Haircut, Colour}",
        "28:32: } closes nothing: the last open bracket is the [ on line 28: `service: [Haircut, Colour}`",
    ),
    "paren": ("[Haircut, Colour]", "(Haircut, Colour)", ""),
    "comma missing flow": (
        'company:\n  name: Clinica Sol\n  phone: "+34911234567"',
        'company: {name: Sol phone: "+34911234567"}',
        "3:26: a comma is missing before this key, or quotes round a text that holds `: `: `company: {name: S",
    ),
    "comma missing flow quoted": (
        'company:\n  name: Clinica Sol\n  phone: "+34911234567"',
        'company: {name: "Sol" phone: "+34911234567"}',
        '3:22: a comma is missing here: `company: {name: "Sol" phone: "+34911234567"}`',
    ),
    "bracket not closed last": (
        "to: [customer, admin]",
        "to: [customer, admin",
        "46:13: the [ is never closed: `to: [customer, admin`",
    ),
    "duplicate key": ("language: en", "language: en\nlanguage: es", "3:1: duplicate key `language`"),
    "duplicate workflow key": (
        "    name: Follow-up",
        "    name: Follow-up\n    name: Other",
        "42:5: workflows[1] follow-up: duplicate key `name`",
    ),
    "duplicate key other case": (
        "language: en",
        "language: en\nLanguage: es",
        "3:1: unknown key `Language`; did you mean `language`?",
    ),
    "duplicate workflows": ("  - id: follow-up", "workflows:\n  - id: follow-up", "40:1: duplicate key `workflows`"),
    "duplicate channels": (
        "workflows:",
        "channels:\n  telegram: {bot_token: x}\nworkflows:",
        "22:1: duplicate key `channels`",
    ),
    "duplicate actions": (
        "      - send: sms\n",
        "    actions:\n      - send: sms\n",
        "37:5: workflows[0] reminder-24h: duplicate key `actions`",
    ),
    "duplicate id": (
        "id: follow-up",
        "id: reminder-24h",
        "40:9: workflows[1] reminder-24h: the id `reminder-24h` is taken by x.yaml:23",
    ),
    "key twice with dash": (
        "    name: Follow-up",
        "    late_booking: send\n    late-booking: skip",
        "42:5: workflows[1] follow-up: unknown key `late-booking`; did you mean `late_booking`?",
    ),
    "NBSP indentation": (
        "    when: 1 day",
        "\xa0\xa0\xa0\xa0when: 1 day",
        "25:1: a character that looks like a space or like nothing (no-break space, U+00A0)",
    ),
    "NBSP one": (
        "    when: 1 day",
        "   \xa0when: 1 day",
        "25:4: a character that looks like a space or like nothing (no-break space, U+00A0)",
    ),
    "NBSP after colon": (
        "when: 1 day",
        "when:\xa01 day",
        "25:10: a character that looks like a space or like nothing (no-break space, U+00A0)",
    ),
    "NBSP in trigger": ("when: 1 day before", "when: 1\xa0day before", ""),
    "NBSP setting": (
        "  name: Clinica",
        "\xa0\xa0name: Clinica",
        "4:1: a character that looks like a space or like nothing (no-break space, U+00A0)",
    ),
    "zero width": (
        "language: en",
        "\u200blanguage: en",
        "2:1: unknown key '\\u200blanguage': take out the character U+200B, which nobody sees",
    ),
    "control char": ("Clinica Sol\n", "Clinica\x08 Sol\n", "4:16: not YAML: control characters are not allowed"),
    "LS character": ('subject: "Your', 'subject: "Your\u2028', ""),
    "git conflict": (
        "    when: 1 day before start\n",
        "<<<<<<< HEAD\n    when: 1 day before start\n=======\n    when: 2 days before start\n>>>>>>> branch\n",
        "25:1: git left two versions here, between <<<<<<< and >>>>>>>",
    ),
    "json comment": ("language: en", "// the language\nlanguage: en", "2:1: a comment begins with #, not with //"),
    "yes": ("    name: Follow-up", "    enabled: yes", ""),
    "on": ("    name: Follow-up", "    enabled: On", ""),
    "enabled 1": (
        "    name: Follow-up",
        "    enabled: 1",
        "41:14: workflows[1] follow-up: enabled: expected `true` or `false`, got '1'",
    ),
    "enabled si": (
        "    name: Follow-up",
        "    enabled: si",
        "41:14: workflows[1] follow-up: enabled: expected `true` or `false`, got 'si'",
    ),
    "number phone": ('phone: "+34600000000"', "phone: +34600000000", ""),
    "phone without plus": ('phone: "+34600000000"', "phone: 600000000", ""),
    "007 id": ("id: follow-up", "id: 007", ""),
    "id blank": (
        "id: follow-up",
        "id: follow up",
        "40:9: workflows[1] follow up: id: 'follow up' may hold letters, digits, `.`, `_` and `-` only, at mo",
    ),
    "id accents": (
        "id: follow-up",
        "id: recordatorio-ma\xf1ana",
        "40:9: workflows[1] recordatorio-mañana: id: 'recordatorio-mañana' may hold letters, digits, `.`, `_`",
    ),
    "port text": ("port: 587", "port: 587x", "12:11: channels.email: port: expected a whole number, got '587x'"),
    "port quoted": ("port: 587", 'port: "587"', ""),
    "security wrong": (
        "security: starttls",
        "security: ssl",
        "13:15: channels.email: security: expected `starttls`, `tls` or `none`, got 'ssl'; did you mean `tls`",
    ),
    "null": ("language: en", "language: null", "2:11: language: 'null' is not a language tag"),
    "tilde": ("language: en", "language: ~", "2:11: language: '~' is not a language tag"),
    "block ends early": (
        "          see you on {appointment_date}.",
        "        see you on {appointment_date}.",
        "36:9: no `:` in this line: `see you on ...`",
    ),
    "block less indented": (
        "          see you on {appointment_date}.",
        "         see you on {appointment_date}.",
        "36:10: `see you on ...` is indented by 9 spaces, the text of `body` (line 33) by 10",
    ),
    "block at zero": (
        "          see you on {appointment_date}.",
        "see you on {appointment_date}.",
        "36:1: no `:` in this line: `see you on ...`",
    ),
    "block first deeper": (
        "          Hello",
        "            Hello",
        "36:11: `see you on ...` is indented by 10 spaces, the text of `body` (line 33) by 12",
    ),
    "block comment": ("          Hello", "          # greeting\n          Hello", ""),
    "block comment out": (
        "          see you",
        "# greeting\n          see you",
        "37:11: the comment on line 36 ends the text of `body` (line 33): `see you on ...`",
    ),
    "block with no bar": (
        "body: |",
        "body:",
        "34:11: warning: workflows[0] reminder-24h: actions[0]: YAML joins the lines of this text",
    ),
    "block indicator typo": (
        "body: |",
        "body: |x",
        "33:15: text after `|` goes into the lines below it, indented: `body: |x`",
    ),
    "block empty": (
        "        body: |\n          Hello {customer_first_name},\n\n          see you on {appointment_date}.\n",
        "        body: |\n",
        "33:15: workflows[0] reminder-24h: actions[0]: body: is empty",
    ),
    "block lead blank": (
        "body: |\n",
        "body: |\n             \n",
        "34:1: this line holds only spaces, and more of them than the text below it is indented by",
    ),
    "body quoted over lines less": (
        'body: "Was all well with your {service_name}?"',
        'body: "Was all well\nwith your {service_name}?"',
        "",
    ),
    "body multi plain": (
        'body: "Was all well with your {service_name}?"',
        "body: Dear {customer_first_name},\n\n        was all well?",
        "50:9: no `:` in this line: `was all ...`",
    ),
    "body multi plain colon": (
        'body: "Was all well with your {service_name}?"',
        "body: Dear {customer_first_name},\n          your service: {service_name}",
        "49:11: `your service: ...` goes on with `body` (line 48), and text that holds `: ` needs quotes, or ",
    ),
    "second document": ("  - id: follow-up", "---\nworkflows:\n  - id: follow-up", "40:1: a second document begins"),
    "document end": ("workflows:", "...\nworkflows:", "22:1: a second document begins"),
    "anchor missing": ("    name: Follow-up", "    <<: *defaults", "41:9: no value above is marked so"),
    "merge list": (
        "    name: Follow-up",
        "    <<: defaults",
        "41:9: workflows[1] follow-up: `<<` takes an alias of a mapping, or a list of such aliases",
    ),
    "an hour without a side": (
        "2 hours after end",
        "2 hour",
        "42:11: workflows[1] follow-up: when: cannot read '2 hour'",
    ),
    "a number alone": ("1 day before start", "-24", "25:11: workflows[0] reminder-24h: when: cannot read '-24'"),
    "24hs": (
        "1 day before start",
        "24hs before start",
        "25:11: workflows[0] reminder-24h: when: cannot read '24hs before start'",
    ),
    "1 day before": (
        "1 day before start",
        "1 day before",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before'",
    ),
    "24h": ("1 day before start", "24h", "25:11: workflows[0] reminder-24h: when: cannot read '24h'"),
    "before 1 day": (
        "1 day before start",
        "before 1 day",
        "25:11: workflows[0] reminder-24h: when: cannot read 'before 1 day'",
    ),
    "one day": (
        "1 day before start",
        "one day before start",
        "25:11: workflows[0] reminder-24h: when: cannot read 'one day before start'",
    ),
    "1,5": (
        "1 day before start",
        "1.5 days before start",
        "25:11: workflows[0] reminder-24h: when: cannot read '1.5 days before start'",
    ),
    "a day": (
        "1 day before start",
        "a day before start",
        "25:11: workflows[0] reminder-24h: when: cannot read 'a day before start'",
    ),
    "1 dya": (
        "1 day before start",
        "1 dya before start",
        "25:11: workflows[0] reminder-24h: when: cannot read 'dya' in '1 dya before start'",
    ),
    "1 month": (
        "1 day before start",
        "1 month before start",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 month before start'",
    ),
    "months": (
        "1 day before start",
        "2 months after end",
        "25:11: workflows[0] reminder-24h: when: cannot read '2 months after end'",
    ),
    "befor": (
        "1 day before start",
        "1 day befor start",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day befor start'",
    ),
    "strat": (
        "1 day before start",
        "1 day before strat",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before strat'",
    ),
    "before appointment": (
        "1 day before start",
        "1 day before appointment",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before appointment'",
    ),
    "at 6pm": (
        "1 day before start",
        "1 day before start at 6pm",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before start at 6pm'",
    ),
    "at 18h": (
        "1 day before start",
        "1 day before start at 18h",
        (
            "25:11: workflows[0] reminder-24h: when: cannot read '1 day before start at 18h'; "
            "did you mean `1 day before start at 18:00`?"
        ),
    ),
    "at 25:00": (
        "1 day before start",
        "1 day before start at 25:00",
        "25:11: workflows[0] reminder-24h: when: cannot read '25:00' in '1 day before start at 25:00' as a ti",
    ),
    "at 18": (
        "1 day before start",
        "1 day before start at 18",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before start at 18'",
    ),
    "at 18.00": (
        "1 day before start",
        "1 day before start at 18.00",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before start at 18.00'",
    ),
    "hours at": (
        "1 day before start",
        "24 hours before start at 18:00",
        "25:11: workflows[0] reminder-24h: when: cannot read '24 hours before start at 18:00'",
    ),
    "combined": (
        "1 day before start",
        "1 day and 2 hours before start",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day and 2 hours before start'",
    ),
    "1d2h": (
        "1 day before start",
        "1d 2h before start",
        "25:11: workflows[0] reminder-24h: when: cannot read '1d 2h before start'",
    ),
    "spanish": (
        "1 day before start",
        "1 d\xeda antes",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 día antes'",
    ),
    "cron": ("1 day before start", "0 9 * * *", "25:11: workflows[0] reminder-24h: when: cannot read '0 9 * * *'"),
    "two in text": (
        "1 day before start",
        "1 day before start, 1 hour before start",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before start, 1 hour before start'",
    ),
    "when map": (
        "1 day before start",
        "{before: 1 day}",
        "25:11: workflows[0] reminder-24h: when: expected text, got a mapping",
    ),
    "when twice": (
        "when: 1 day before start",
        "when: [1 day before start, 1d before start]",
        "25:32: workflows[0] reminder-24h: when: duplicate trigger `1 day before start`",
    ),
    "before end missing the": (
        "1 day before start",
        "1 day before the start of the booking",
        "25:11: workflows[0] reminder-24h: when: cannot read '1 day before the start of the booking'",
    ),
    "when empty": ("when: 1 day before start", "when:", "25:5: workflows[0] reminder-24h: when: is empty"),
    "when empty list": (
        "when: 1 day before start",
        "when: []",
        "25:11: workflows[0] reminder-24h: when: the list is empty",
    ),
    "grace": (
        "    name: Follow-up",
        "    grace: 3 horas",
        "41:12: workflows[1] follow-up: grace: cannot read '3 horas' as a length of time; did you mean `3 hou",
    ),
    "grace plain": (
        "    name: Follow-up",
        "    grace: 3",
        "41:12: workflows[1] follow-up: grace: cannot read '3' as a duration",
    ),
    "grace neg": (
        "    name: Follow-up",
        "    grace: -3h",
        "41:12: workflows[1] follow-up: grace: cannot read '-3h' as a length of time; did you mean `3 hours`?",
    ),
    "late": (
        "    name: Follow-up",
        "    late_booking: sent",
        "41:19: workflows[1] follow-up: late_booking: expected `skip` or `send`, got 'sent'; did you mean `se",
    ),
    "channel mail": (
        "send: sms",
        "send: mail",
        "37:15: workflows[0] reminder-24h: actions[1]: unknown channel `mail`; did you mean `email`?",
    ),
    "channel SMS": (
        "send: sms",
        "send: SMS",
        "37:15: workflows[0] reminder-24h: actions[1]: unknown channel `SMS`; did you mean `sms`?",
    ),
    "channel smss": (
        "send: sms",
        "send: smss",
        "37:15: workflows[0] reminder-24h: actions[1]: unknown channel `smss`; did you mean `sms`?",
    ),
    "channel e-mail": (
        "send: sms",
        "send: e-mail",
        "37:15: workflows[0] reminder-24h: actions[1]: unknown channel `e-mail`; did you mean `email`?",
    ),
    "channel push": ("send: sms", "send: push", "37:15: workflows[0] reminder-24h: actions[1]: unknown channel `push`"),
    "channel settings": ("  sms:\n", "  smss:\n", "17:3: channels: unknown channel `smss`; did you mean `sms`?"),
    "provider": (
        "provider: twilio",
        "provider: twillio",
        "18:15: channels.sms: unknown provider `twillio`; did you mean `twilio`?",
    ),
    "no provider": ("    provider: twilio\n", "", "18:5: channels.sms: `provider` is missing"),
    "filter statuss": (
        "status: approved",
        "statuss: approved",
        "27:7: workflows[0] reminder-24h: filters: unknown key `statuss`; did you mean `status`?",
    ),
    "filter services": (
        "service: [",
        "services: [",
        "28:7: workflows[0] reminder-24h: filters: unknown key `services`; did you mean `service`?",
    ),
    "filter Service": (
        "service: [",
        "Service: [",
        "28:7: workflows[0] reminder-24h: filters: unknown key `Service`; did you mean `service`?",
    ),
    "status aproved": (
        "status: approved",
        "status: aproved",
        "27:15: warning: workflows[0] reminder-24h: filters: status: `aproved` is not a known status",
    ),
    "filter list of maps": (
        "      service: [Haircut, Colour]",
        "      - service: Haircut",
        "28:7: `- service: Haircut` begins with a dash, but `status` on line 27 next to it does not",
    ),
    "filters text": (
        "filters:\n      status: approved\n      service: [Haircut, Colour]",
        "filters: approved",
        "26:14: workflows[0] reminder-24h: filters: expected a mapping such as `{service: Haircut}`",
    ),
    "filters list": (
        "filters:\n      status: approved\n      service: [Haircut, Colour]",
        "filters: [approved]",
        "26:14: workflows[0] reminder-24h: filters: expected a mapping such as `{service: Haircut}`",
    ),
    "filters as list": (
        "filters:\n      status: approved\n      service: [Haircut, Colour]",
        "filters:\n      - status: approved\n      - service: [Haircut, Colour]",
        "27:7: workflows[0] reminder-24h: filters: expected a mapping such as `{service: Haircut}`",
    ),
    "key whne": (
        "when: 1 day",
        "whne: 1 day",
        "25:5: workflows[0] reminder-24h: unknown key `whne`; did you mean `when`?",
    ),
    "key action": (
        "    actions:",
        "    action:",
        "29:5: workflows[0] reminder-24h: unknown key `action`; did you mean `actions`?",
    ),
    "key timezon": ("timezone:", "time_zone:", "1:1: `timezone` is missing"),
    "key workflow": ("workflows:", "workflow:", "22:1: unknown key `workflow`; did you mean `workflows`?"),
    "key Workflows": ("workflows:", "Workflows:", "22:1: unknown key `Workflows`; did you mean `workflows`?"),
    "key trigger": (
        "    when: 1 day",
        "    trigger: 1 day",
        "25:5: workflows[0] reminder-24h: unknown key `trigger`; did you mean `when`?",
    ),
    "key message": (
        'body: "See you',
        'message: "See you',
        "39:9: workflows[0] reminder-24h: actions[1]: unknown key `message`; did you mean `body`?",
    ),
    "key text": (
        'body: "See you',
        'text: "See you',
        "39:9: workflows[0] reminder-24h: actions[1]: unknown key `text`; did you mean `body`?",
    ),
    "key title": (
        'subject: "Your',
        'title: "Your',
        "32:9: workflows[0] reminder-24h: actions[0]: unknown key `title`; did you mean `subject`?",
    ),
    "key subjet": (
        'subject: "Your',
        'subjet: "Your',
        "32:9: workflows[0] reminder-24h: actions[0]: unknown key `subjet`; did you mean `subject`?",
    ),
    "key bodyy": (
        "body: |",
        "bodyy: |",
        "33:9: workflows[0] reminder-24h: actions[0]: unknown key `bodyy`; did you mean `body`?",
    ),
    "key channel": ("- send: sms", "- channel: sms", "37:9: workflows[0] reminder-24h: actions[1]: `send` is missing"),
    "key tos": ("to: [customer", "too: [customer", "45:9: workflows[1] follow-up: actions[0]: `to` is missing"),
    "cc": (
        "to: [customer, admin]",
        "to: customer\n        cc: admin",
        "47:9: workflows[1] follow-up: actions[0]: unknown key `cc`",
    ),
    "subject on sms": (
        'body: "See you',
        'subject: x\n        body: "See you',
        "39:9: workflows[0] reminder-24h: actions[1]: unknown key `subject`",
    ),
    "user": ("username: citas", "user: citas", "14:5: channels.email: unknown key `user`; did you mean `username`?"),
    "pass": ('password: "${', 'pass: "${', "15:5: channels.email: unknown key `pass`; did you mean `password`?"),
    "action without send": (
        "      - send: sms\n        to",
        "      - to",
        "37:9: workflows[0] reminder-24h: actions[1]: `send` is missing",
    ),
    "to missing": ("        to: customer\n", "", "30:9: workflows[0] reminder-24h: actions[0]: `to` is missing"),
    "id missing": ("  - id: follow-up\n    name", "  - name", "40:5: workflows[1]: `id` is missing"),
    "when missing": ("    when: 2 hours after end\n", "", "40:5: workflows[1] follow-up: `when` is missing"),
    "subject list": (
        'subject: "Your {service_name} appointment"',
        "subject: [Your appointment]",
        "32:18: workflows[0] reminder-24h: actions[0]: subject: expected text, got a list",
    ),
    "to text with comma": (
        "to: [customer, admin]",
        "to: customer, admin",
        "46:13: workflows[1] follow-up: actions[0]: to: several recipients are a list: [customer, admin]",
    ),
    "to misspelled": (
        "to: [customer, admin]",
        "to: costumer",
        "46:13: workflows[1] follow-up: actions[0]: to: unknown recipient `costumer`; did you mean `customer`",
    ),
    "to plural": (
        "to: [customer, admin]",
        "to: customers",
        "46:13: workflows[1] follow-up: actions[0]: to: unknown recipient `customers`; did you mean `customer",
    ),
    "to address wrong": ("to: [customer, admin]", "to: ana@example", ""),
    "to phone on email": (
        "to: [customer, admin]",
        "to: '+34600111222'",
        "46:13: workflows[1] follow-up: actions[0]: to: '+34600111222' is not a valid email address",
    ),
    "to email on sms": (
        "send: sms\n        to: customer",
        "send: sms\n        to: ana@example.com",
        "38:13: workflows[0] reminder-24h: actions[1]: to: 'ana@example.com' is not a valid phone number",
    ),
    "actions mapping": (
        "    actions:\n      - send: email\n        to: [customer, admin]\n",
        "    actions:\n        send: email\n        to: [customer, admin]\n",
        "45:9: workflows[1] follow-up: actions: expected a list: each action begins with `- send: ...`",
    ),
    "workflows mapping": (
        "  - id: follow-up\n    name: Follow-up",
        "  follow-up:\n    name: Follow-up",
        "40:3: no dash before `follow-up:`, but `- id` on line 23 begins a list at this place",
    ),
    "name list": (
        "name: Follow-up",
        "name: [Follow-up]",
        "41:11: workflows[1] follow-up: name: expected text, got a list",
    ),
    "timezone list": (
        "timezone: Europe/Madrid",
        "timezone: [Europe/Madrid]",
        "1:11: timezone: expected text, got a list",
    ),
    "id list": ("id: follow-up", "id: [follow-up]", "40:9: workflows[1]: id: expected text, got a list"),
    "empty action": (
        "      - send: sms\n",
        "      -\n      - send: sms\n",
        "37:8: workflows[0] reminder-24h: actions[1]: there is nothing after this dash",
    ),
    "empty workflow": (
        "  - id: follow-up",
        "  -\n  - id: follow-up",
        "40:4: workflows[1]: there is nothing after this dash",
    ),
    "empty filters": (
        "filters:\n      status: approved\n      service: [Haircut, Colour]",
        "filters:",
        "26:5: workflows[0] reminder-24h: filters: is empty",
    ),
    "empty status": ("status: approved", "status:", "27:7: workflows[0] reminder-24h: filters: status: is empty"),
    "empty subject": (
        'subject: "Your {service_name} appointment"',
        "subject:",
        "32:9: workflows[0] reminder-24h: actions[0]: subject: is empty",
    ),
    "empty body": (
        'body: "See you at {appointment_start_time}"',
        "body:",
        "39:9: workflows[0] reminder-24h: actions[1]: body: is empty",
    ),
    "unknown shortcode": (
        "{service_name}",
        "{service_nme}",
        "32:24: workflows[0] reminder-24h: actions[0]: unknown shortcode {service_nme}",
    ),
    "unknown shortcode es": (
        "{service_name}",
        "{servicio}",
        "32:24: workflows[0] reminder-24h: actions[0]: unknown shortcode {servicio}; did you mean {service_na",
    ),
    "shortcode blank": (
        "{service_name}",
        "{service name}",
        "32:24: warning: workflows[0] reminder-24h: actions[0]: subject: {service name} is sent unchanged",
    ),
    "shortcode case": (
        "{service_name}",
        "{Service_Name}",
        "32:24: workflows[0] reminder-24h: actions[0]: unknown shortcode {Service_Name}",
    ),
    "percent shortcode": (
        "{service_name}",
        "%service_name%",
        "32:24: warning: workflows[0] reminder-24h: actions[0]: subject: %service_name% is sent unchanged",
    ),
    "bracket shortcode": (
        "{service_name}",
        "[service_name]",
        "32:24: warning: workflows[0] reminder-24h: actions[0]: subject: [service_name] is sent unchanged",
    ),
    "shortcode not closed": (
        "{service_name}",
        "{service_name",
        "32:24: workflows[0] reminder-24h: actions[0]: {service_name without a } after it is sent unchanged",
    ),
    "shortcode double closed": ("{service_name}", "{service_name}}", ""),
    "if not closed": (
        "{service_name}",
        "{% if zoom_url %}x",
        "32:24: workflows[0] reminder-24h: actions[0]: the template cannot be read: `{% if ... %}` is never c",
    ),
    "filter unknown": (
        "{service_name}",
        "{{ service_name | uppercase }}",
        "32:42: workflows[0] reminder-24h: actions[0]: unknown filter uppercase; did you mean upper?",
    ),
    "end without if": (
        "{service_name}",
        "x{% endif %}",
        "32:25: workflows[0] reminder-24h: actions[0]: the template cannot be read: `{% endif %}` closes noth",
    ),
    "date pattern": (
        "{service_name}",
        "{{ appointment_date | date('%d/%m') }}",
        '32:52: workflows[0] reminder-24h: actions[0]: date("%d/%m"): letters have no %: dd/MM/yyyy',
    ),
    "dollar in text": (
        "{service_name}",
        "${service_name}",
        "32:24: warning: workflows[0] reminder-24h: actions[0]: subject: ${service_name} keeps its $ before t",
    ),
    "python format": (
        "{service_name}",
        "{service_name:>10}",
        "32:24: warning: workflows[0] reminder-24h: actions[0]: subject: {service_name: is sent unchanged",
    ),
    "html body": ("{service_name}", "<b>{service_name}</b>", ""),
    "secret missing": ("${SMTP_PASSWORD}", "${SMTP_PASWORD}", "15:16: channels.email: `${SMTP_PASWORD}` is not set"),
    "secret lower": ("${SMTP_PASSWORD}", "${smtp_password}", "15:16: channels.email: `${smtp_password}` is not set"),
    "secret no braces": (
        "${SMTP_PASSWORD}",
        "$SMTP_PASSWORD",
        "15:15: warning: channels.email: a `$` begins this value, which is taken as it is",
    ),
    "secret in workflow": (
        "Thank you, {customer_first_name}",
        "${CLINIC_NAME}",
        "47:19: workflows[1] follow-up: actions[0]: `${CLINIC_NAME}` works under `channels` and `sources` only",
    ),
    "secret not closed": (
        "${SMTP_PASSWORD}",
        "${SMTP_PASSWORD",
        "15:15: warning: channels.email: a `$` begins this value, which is taken as it is",
    ),
    "zone": (
        "Europe/Madrid",
        "Europe/Madird",
        "1:11: timezone: there is no time zone 'Europe/Madird'; did you mean `Europe/Madrid`?",
    ),
    "zone city": (
        "Europe/Madrid",
        "Madrid",
        "1:11: timezone: there is no time zone 'Madrid'; did you mean `Europe/Madrid`?",
    ),
    "zone country": ("Europe/Madrid", "Spain", "1:11: timezone: there is no time zone 'Spain'"),
    "zone CET": ("Europe/Madrid", "GMT+1", "1:11: timezone: there is no time zone 'GMT+1'"),
    "zone windows": (
        "Europe/Madrid",
        "Romance Standard Time",
        "1:11: timezone: there is no time zone 'Romance Standard Time'",
    ),
    "zone blank": (
        "Europe/Madrid",
        "America/New York",
        "1:11: timezone: there is no time zone 'America/New York'; did you mean `America/New_York`?",
    ),
    "language": ("language: en", "language: english", "2:11: language: 'english' is not a language tag"),
    "language es": ("language: en", "language: espa\xf1ol", "2:11: language: 'español' is not a language tag"),
    "admin email": (
        "email: admin@example.com",
        "email: admin@@example.com",
        "7:10: admin: email: 'admin@@example.com' is not a valid email address",
    ),
    "from without": ('    from: "Clinica Sol <citas@example.com>"\n', "", "11:5: channels.email: `from` is missing"),
    "from not address": (
        '"Clinica Sol <citas@example.com>"',
        "Clinica Sol",
        "16:11: channels.email: from: 'Clinica Sol' has no @",
    ),
    "subject by lang wrong": (
        'subject: "Your {service_name} appointment"',
        'subject: {spanish: "Su cita", en: "Your"}',
        "32:19: workflows[0] reminder-24h: actions[0]: subject: 'spanish' is not a language",
    ),
}
