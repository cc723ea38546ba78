"""Mattermost's incoming webhooks (developers.mattermost.com: Incoming webhooks; server/channels/app/slack.go).

The server looks for `@channel` and for Slack's `<!channel>`, `<@user>` and `<url|text>` in the bare text, whatever
backslashes are there: so a character without width follows each `@` and `<` of a value. The rest is Markdown.
The answer to a message that was taken is the text `ok`.
"""

from __future__ import annotations

from reminderctl.channels._chat.kinds import ChatService, Post, PostRequest, as_json, escape_markdown, refuse_longer
from reminderctl.channels._http.responses import Response

_MOST = 16_383  # characters
_SPECIAL = "\\`*_~[]()<>#!|&"
_APART = "\u200b"


def _escape(value: str) -> str:
    return escape_markdown(value, _SPECIAL).replace("@", f"@{_APART}").replace("<", f"<{_APART}")


def _compose(post: Post) -> PostRequest:
    refuse_longer(len(post.text), _MOST, title="Mattermost")
    return as_json({"text": post.text})


def _accepts(answer: Response) -> bool:
    return answer.status == 200 and answer.text.strip() == "ok"


def _is_down(answer: Response) -> bool:
    return answer.status == 400 and "incoming_webhook" in answer.text


KIND = ChatService(title="Mattermost", escape=_escape, compose=_compose, accepts=_accepts, is_down=_is_down)
