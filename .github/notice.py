"""Sends a text to a chat room: CHAT_WEBHOOK_URL=... python3 .github/notice.py TEXT

Slack, Mattermost and Teams accept the same `{"text": ...}`. If the room cannot be reached, the
workflow shows a warning and continues.
"""

import json
import os
import sys
import urllib.request

TIMEOUT = 10  # seconds


def send(url: str, text: str) -> None:
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=TIMEOUT).close()


def main() -> None:
    url, text = os.environ.get("CHAT_WEBHOOK_URL", ""), " ".join(sys.argv[1:])
    if not url:
        print("::notice::CHAT_WEBHOOK_URL is not set, so nobody was told")
        return
    try:
        send(url, text)
    except (OSError, ValueError) as error:
        # The address is a secret: everyone who has it can write to the room.
        print(f"::warning::the chat room could not be told: {type(error).__name__}")


if __name__ == "__main__":
    main()
