"""Requests to the back ends of applications: events that go out, questions about starts.

Signed as Standard Webhooks specifies, sent to public addresses only unless the operator allows others.
"""

from ringproof_server.webhooks.sender import HttpWebhooks

__all__ = ["HttpWebhooks"]
