"""Removal of secrets, such as keys and passwords, from text, however they are written there."""

import os
import re
from base64 import b64encode
from functools import cache
from html.entities import codepoint2name

HIDDEN = "…"
# Names of environment variables that contain a secret, such as HF_TOKEN.
_NAMED = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
# Name and password in an address, such as that of a proxy.
_WHO = re.compile(r"(?<=://)[^/\s@]*:[^/\s]*@")
# Shorter values are placeholders for servers that accept any key, such as `key`, and are parts of many words.
_LEAST = 8


def hide(text: str) -> str:
    """Remove the secrets of environment variables from ``text``, and names and passwords in addresses."""
    for name, value in os.environ.items():
        if _NAMED.search(name):
            text = without(without(text, value), value.strip())
    return _WHO.sub(f"{HIDDEN}@", text)


def without(text: str, secret: str) -> str:
    """Remove a secret from ``text``, however it is encoded there; one that is too short is a placeholder."""
    return _pattern(secret).sub(HIDDEN, text) if len(secret.strip()) >= _LEAST else text


@cache
def _pattern(secret: str) -> re.Pattern[str]:
    """A pattern for a secret: plain, escaped as in JSON, Python, HTML and addresses, in base64 and in hex."""
    data = secret.encode(errors="surrogateescape")
    forms = [secret, data.hex()]
    # Text before it, such as "Bearer ", shifts it by one or two bytes. The characters at both ends of its
    # base64 contain bits of its neighbours.
    for before in range(3):
        inner = b64encode(bytes(before) + data).decode().rstrip("=")
        inner = inner[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        forms += [inner, inner.replace("+", "-").replace("/", "_")]
    return re.compile("|".join("".join(map(_character, form)) for form in dict.fromkeys(forms)))


def _character(character: str) -> str:
    """A pattern for one character of a secret, escaped once or several times."""
    code = ord(character)
    forms = [
        rf"\\*{re.escape(character)}",
        rf"%(?:25)*(?i:{code:02x})" if code < 128 else "",
        rf"\\+(?:x|u00)(?i:{code:02x})" if code < 256 else "",
        rf"&(?:amp;)*#(?:0*{code}|[xX]0*(?i:{code:x}));",
        rf"&(?:amp;)*{codepoint2name[code]};" if code in codepoint2name else "",
        r"&(?:amp;)*apos;" if character == "'" else "",
    ]
    return f"(?:{'|'.join(filter(None, forms))})"
