"""Messages: texts with shortcodes on one side, what a channel sends on the other.

`shortcodes` and `texts` are light, because the configuration is read on every tick; `render` is imported when there
is something to send.
"""
