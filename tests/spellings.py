"""A secret as servers repeat it: escaped for the place that they put it in."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus


def _everything_escaped(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, as PHP writes & and '": lambda text: text.replace("&", "\\u0026").replace("'", "\\u0027"),
    "JSON, every character": lambda text: "".join(f"\\u{ord(each):04X}" for each in text),
    "HTML": html.escape,
    "HTML by number": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML by hexadecimal number": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "a URL": lambda text: quote(text, safe=""),
    "a URL in lower case": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "a form": quote_plus,
    "percent, every character": _everything_escaped,
    "a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML in JSON": lambda text: json.dumps(html.escape(text)).replace("&", "\\u0026"),
    "a URL in HTML in JSON": lambda text: json.dumps(html.escape(quote(text, safe=""))).replace("%", "\\u0025"),
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "Base64 with a name": lambda text: base64.b64encode(f"me:{text}".encode()).decode(),
    "Base64 with a longer name": lambda text: base64.b64encode(f"user=ana:{text}\x01".encode()).decode(),
    "Base64 in a URL": lambda text: quote(base64.b64encode(f"ana:{text}".encode()).decode(), safe=""),
}
