"""Slack's incoming webhooks (docs.slack.dev: Sending messages using incoming webhooks; Formatting text; Rate limits).

`&`, `<` and `>` are the only characters with a meaning that a text can lose: `<!channel>`, `<@U123>` and `<url|text>`
begin with one of them. The answer to a message that was taken is the text `ok`.
"""

from __future__ import annotations

from reminderctl.channels._chat.kinds import ChatService, Post, PostRequest, as_json, refuse_longer
from reminderctl.channels._http.responses import Response

_MOST = 40_000  # characters; Slack cuts what is longer


def _escape(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _compose(post: Post) -> PostRequest:
    refuse_longer(len(post.text), _MOST, title="Slack")
    return as_json({"text": post.text})


def _accepts(answer: Response) -> bool:
    return answer.status == 200 and answer.text.strip() == "ok"


def _is_down(answer: Response) -> bool:
    return answer.status == 400 and any(
        word in answer.text for word in ("invalid_token", "no_team", "no_active_hooks", "user_not_found")
    )


KIND = ChatService(
    title="Slack",
    hosts=("hooks.slack.com", "hooks.slack-gov.com"),
    escape=_escape,
    compose=_compose,
    accepts=_accepts,
    is_down=_is_down,
)
