"""Whether signatures hold, and signatures of others, by dkimpy: no code of Postern's."""

import base64

try:
    import authres  # noqa: F401
    import dkim
    import nacl  # noqa: F401
except ImportError:
    dkim = None

MISSING = "python3-dkim, python3-nacl or python3-authres is not installed"


def available():
    return dkim is not None


def answers(keys):
    """dkimpy's way to DNS: nothing but the records of these keys."""
    records = {key.name.encode(): key.record.encode() for key in keys}
    return lambda name, **_: records.get(name.rstrip(b"."))


def signatures(message, keys):
    """Of each DKIM-Signature field from the top: its d=, its s=, and whether it holds."""
    seen, count = [], sum(name.lower() == b"dkim-signature" for name, _ in dkim.DKIM(message).headers)
    for index in range(count):
        verifier = dkim.DKIM(message)
        try:
            holds = verifier.verify(index, dnsfunc=answers(keys))
        except dkim.DKIMException:
            holds = False
        fields = verifier.signature_fields
        seen.append((fields.get(b"d", b"").decode(), fields.get(b"s", b"").decode(), holds))
    return seen


def chain(message, keys):
    """The state of the ARC chain, how many sets it has, and why."""
    state, results, why = dkim.arc_verify(message, dnsfunc=answers(keys))
    return (state or b"fail").decode(), len(results), why


def pem(key):
    """The private key as dkimpy takes it: of Ed25519 the last 32 bytes of PKCS #8 (RFC 8410 7)."""
    with open(key.file, "rb") as file:
        text = file.read()
    return base64.b64encode(base64.b64decode(b"".join(text.splitlines()[1:-1]))[-32:]) if "k=ed25519" in key.record else text


def signed(message, key, canonical=("relaxed", "relaxed")):
    algorithm = b"ed25519-sha256" if "k=ed25519" in key.record else b"rsa-sha256"
    return dkim.sign(message, key.selector.encode(), key.domain.encode(), pem(key), canonicalize=tuple(word.encode() for word in canonical),
                     signature_algorithm=algorithm) + message


def sealed(message, key, host):
    """With an ARC set on top, of the Authentication-Results of `host` in the message."""
    fields = dkim.arc_sign(message, key.selector.encode(), key.domain.encode(), pem(key), host.encode())
    return b"".join(field if field.endswith(b"\n") else field + b"\r\n" for field in fields) + message
