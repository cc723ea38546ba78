"""Lint of webhooks that write to a chat room."""

from __future__ import annotations

from reminderctl.channels import chat
from reminderctl.config.lint.located import LocatedWorkflow
from reminderctl.config.message import node_at


def warn_of_rooms(workflows: list[LocatedWorkflow]) -> None:
    """Warn of webhooks to the address of a chat room, where a customer's name can mention everybody."""
    for located in workflows:
        for index, action, node in located.actions():
            url = action.message.get("url") if action.channel == "webhook" else None
            versions = list(url.values()) if isinstance(url, dict) else [url]
            services = [chat.service_of(each) for each in versions if isinstance(each, str)]
            if service := next(filter(None, services), None):
                kind, title = service
                what = (
                    f"url: this is a room of {title}: its address is a secret, and a customer's name can mention "
                    "people there; write `send: chat`, `to: team` and "
                    f'`channels: {{chat: {{team: {{kind: {kind}, url: "${{CHAT_URL}}"}}}}}}`'
                )
                located.warn(node_at(node, ("url",)), what, action=index)
