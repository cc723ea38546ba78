"""Discord's webhooks (docs.discord.com: Execute Webhook; Allowed Mentions Object; Rate Limits).

With an empty `parse` nothing in a text notifies anybody; the backslashes keep a value from looking as if it did. A 204
says that the message was taken. A 429 says in its JSON after how many seconds the next one may come.
"""

from __future__ import annotations

from reminderctl.channels._chat.kinds import ChatService, Post, PostRequest, as_json, escape_markdown, refuse_longer
from reminderctl.channels._http.responses import Response

_MOST = 2_000  # characters
_SPECIAL = "\\`*_~|[]()<>#@"


def _compose(post: Post) -> PostRequest:
    refuse_longer(len(post.text), _MOST, title="Discord")
    return as_json({"content": post.text, "allowed_mentions": {"parse": []}})


def _accepts(answer: Response) -> bool:
    said = answer.json
    return answer.status == 204 or (answer.status == 200 and isinstance(said, dict) and "id" in said)


KIND = ChatService(
    title="Discord",
    hosts=("discord.com", "discordapp.com"),
    escape=lambda value: escape_markdown(value, _SPECIAL),
    compose=_compose,
    accepts=_accepts,
)
