"""Google Chat's incoming webhooks (developers.google.com/workspace/chat: Build a Google Chat app as a webhook; Format
messages; Method: spaces.messages.create).

`<users/all>` mentions everybody and `<url|text>` is a link. No escape is documented, so that a value has other brackets
in their place. A space takes one message a second. The messages about a booking share a thread: `thread.threadKey`,
which needs `messageReplyOption` in the URL.
"""

from __future__ import annotations

from reminderctl.channels._chat.kinds import ChatService, Post, PostRequest, as_json, refuse_longer
from reminderctl.channels._http.responses import Response

_MOST = 32_000  # bytes of the text
_LONGEST_THREAD = 4_000  # characters
_BRACKETS = str.maketrans("<>", "\u2039\u203a")


def _compose(post: Post) -> PostRequest:
    refuse_longer(len(post.text.encode()), _MOST, title="Google Chat", unit="bytes")
    if not post.thread:
        return as_json({"text": post.text})
    return as_json(
        {"text": post.text, "thread": {"threadKey": post.thread[:_LONGEST_THREAD]}},
        query={"messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"},
    )


def _accepts(answer: Response) -> bool:
    said = answer.json
    return answer.status == 200 and isinstance(said, dict) and "error" not in said


def _is_down(answer: Response) -> bool:
    return answer.status == 400 and "api key" in answer.text.lower()


KIND = ChatService(
    title="Google Chat",
    hosts=("chat.googleapis.com",),
    escape=lambda value: value.translate(_BRACKETS),
    compose=_compose,
    accepts=_accepts,
    is_down=_is_down,
)
