"""What must stand in no file and on no screen: keys and passwords, however they are written there."""

import os
import re
from base64 import b64encode
from functools import cache
from html.entities import codepoint2name

HIDDEN = "…"
# Names of environment variables that hold one, as HF_TOKEN does.
_NAMED = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
# Name and password in an address, as of a proxy.
_WHO = re.compile(r"(?<=://)[^/\s@]*:[^/\s]*@")
# Shorter ones are no secrets, as `none` and `EMPTY` of servers that want any key, and stand in many words.
_LEAST = 8


def hide(text: str) -> str:
    """``text`` without the secrets of the environment's variables, and without names in addresses."""
    for name, value in os.environ.items():
        if _NAMED.search(name) and len(value.strip()) >= _LEAST:
            text = without(without(text, value), value.strip())
    return _WHO.sub(f"{HIDDEN}@", text)


def without(text: str, secret: str) -> str:
    """``text`` without a secret, however it is encoded there."""
    return _pattern(secret).sub(HIDDEN, text)


@cache
def _pattern(secret: str) -> re.Pattern[str]:
    """A secret as it is, escaped as in JSON, Python, HTML and addresses, within base64 and in hexadecimal."""
    forms = [secret]
    if len(secret) >= _LEAST:
        data = secret.encode(errors="surrogateescape")
        # What stands before it, as "Bearer ", moves it by one or two bytes; the characters at both ends of
        # its base64 hold bits of its neighbours.
        for before in range(3):
            inner = b64encode(bytes(before) + data).decode().rstrip("=")
            inner = inner[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
            forms += [inner, inner.replace("+", "-").replace("/", "_")]
        forms.append(data.hex())
    return re.compile("|".join("".join(map(_character, form)) for form in dict.fromkeys(forms)))


def _character(character: str) -> str:
    """One character of a secret, escaped once or more often."""
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
