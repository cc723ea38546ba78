"""Messages: texts with shortcodes on one side, what a channel sends on the other.

`shortcodes` and `texts` are light, because every run that reads a changed configuration needs them; `render` is
imported when there is something to send.
"""
