"""ntfy's topics (docs.ntfy.sh/publish: title, priority, tags, limits).

The body is the text, which ntfy shows as it is. Title and tags are headers, in UTF-8 or in the words of RFC 2047: so
`=?` in a value is taken apart, or it could hold a line break. A comma divides the tags. What is longer than 4,096 bytes
would become an attachment.
"""

from __future__ import annotations

import re

from reminderctl.channels._chat.kinds import ChatService, Post, PostRequest, refuse_longer
from reminderctl.channels._http.responses import Response

_MOST = 4_096  # bytes
_LONGEST_HEADER = 1_000  # bytes of a title


def _one_line(text: str) -> str:
    line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())
    return line.replace("=?", "= ?")


def _compose(post: Post) -> PostRequest:
    refuse_longer(len(post.body.encode()), _MOST, title="ntfy", unit="bytes")
    title = _one_line(post.title)
    refuse_longer(len(title.encode()), _LONGEST_HEADER, title="ntfy's title", unit="bytes")
    tags = ",".join(filter(None, (_one_line(tag.replace(",", " ")) for tag in post.tags)))
    refuse_longer(len(tags.encode()), _LONGEST_HEADER, title="ntfy's tags", unit="bytes")
    given = {"Title": title, "Priority": post.priority, "Tags": tags}
    headers = {"Content-Type": "text/plain; charset=utf-8", **{name: text for name, text in given.items() if text}}
    return PostRequest(body=post.body.encode(), headers=headers)


def _accepts(answer: Response) -> bool:
    said = answer.json
    return answer.status == 200 and isinstance(said, dict) and "id" in said


KIND = ChatService(
    title="ntfy",
    hosts=("ntfy.sh",),
    has_title=True,
    escape=str,
    compose=_compose,
    accepts=_accepts,
)
