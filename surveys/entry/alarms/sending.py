"""Alarms out of the house: to an address that takes JSON, and by mail."""

import json
import smtplib
from email.message import EmailMessage
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from surveys.settings import Settings

SECONDS = 10
SUBJECT = "测评网站报警"


def send(settings: Settings, words: str) -> str | None:
    """Why it did not go out where it should, in Chinese; None where it did, or nothing was set."""
    faults = []
    if settings.alarm_webhook:
        faults.append(_post(settings.alarm_webhook, settings.public_url, words))
    if settings.alarm_mail:
        faults.append(_mail(settings.alarm_mail, settings.public_url, words))
    return "；".join(fault for fault in faults if fault) or None


def _post(address: str, site: str, words: str) -> str | None:
    """`text` is what most chat robots read; what else they want, a relay adds."""
    data = json.dumps({"msgtype": "text", "text": {"content": f"{SUBJECT}：{words}"}, "site": site, "words": words})
    request = Request(address, data.encode(), {"Content-Type": "application/json"})  # noqa: S310  # http(s) by settings
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return None if answer.status < 300 else f"ALARM_WEBHOOK 答复 {answer.status}"
    except (URLError, OSError) as error:
        return f"ALARM_WEBHOOK 没有送到：{error}"


def _mail(address: str, site: str, words: str) -> str | None:
    parts = urlsplit(address)
    fields = parse_qs(parts.query)
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = SUBJECT, fields["from"][0], ", ".join(fields["to"])
    message.set_content(f"{words}\n\n{site}/alarms\n")
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(parts.hostname or "", parts.port or 0, timeout=SECONDS) as server:
            if parts.username:
                server.login(parts.username, parts.password or "")
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        return f"ALARM_MAIL 没有送到：{error}"
    return None
