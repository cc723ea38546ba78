"""HTTP connections on which everything that is waited for has one deadline.

`transport` imports requests, so it is itself imported late.
"""
