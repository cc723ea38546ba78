"""Microsoft Teams through a Workflow (learn.microsoft.com: Create incoming webhooks with Workflows).

The Workflow "When a Teams webhook request is received" takes a message with one Adaptive Card. A 202 says that the flow
has begun, not that the card was posted. A message has at most 28 KB, and a webhook takes four a second. In a TextBlock
Markdown works in part (adaptivecards.io: Text features), and `{{DATE(...)}}` is a function. The connectors of Office
365 with addresses at webhook.office.com were retired.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from reminderctl.channels._chat.kinds import ChatService, Post, PostRequest, as_json, escape_markdown, refuse_longer
from reminderctl.channels._http.responses import Response

_MOST = 28 * 1024  # bytes of the message
_SPECIAL = "\\`*_~[]()<>#!|{}&@"
_FLOW_IS_OFF = ("WorkflowTriggerIsNotEnabled", "WorkflowNotFound", "DirectApiAuthorizationRequired")


def _compose(post: Post) -> PostRequest:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": post.text, "wrap": True}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    request = as_json({"type": "message", "attachments": [attachment]})
    refuse_longer(len(request.body), _MOST, title="Teams", unit="bytes with its card")
    return request


def _accepts(answer: Response) -> bool:
    return answer.status in (200, 202) and not answer.is_html


def _is_down(answer: Response) -> bool:
    return answer.status == 400 and any(word in answer.text for word in _FLOW_IS_OFF)


def _url_mistake(url: str) -> str:
    host = urlsplit(url).hostname or ""
    if host == "webhook.office.com" or host.endswith(".webhook.office.com") or host == "outlook.office.com":
        return 'webhook.office.com connectors were retired; make a Workflow "When a Teams webhook request is received"'
    return ""


KIND = ChatService(
    title="Teams",
    hosts=("webhook.office.com", "outlook.office.com", "logic.azure.com", "environment.api.powerplatform.com"),
    escape=lambda value: escape_markdown(value, _SPECIAL),
    compose=_compose,
    accepts=_accepts,
    is_down=_is_down,
    url_mistake=_url_mistake,
)
