"""Everything in which Postfix and Sendmail differ as the suite meets them. The table of docs/sendmail.md is this one.

A case has one dialogue and one list of decisions. An answer of the MTA's own is written there as {phrase}, and PHRASES has the words of each.
Where more differs, the case or scenario names the difference. One that is never met is a failure, and so is one that is not listed.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    matter: str
    postfix: str
    sendmail: str


DIFFERENCES = {
    "words": Difference("words and codes of its own", "`250 2.1.0 Ok`", "`250 2.1.0 <address>... Sender ok`"),
    "address in front": Difference(
        "our text at MAIL and RCPT", "as we give it", "with `<address>... ` in front at 450, 550 and 553, not at 451, 452 and 554"),
    "refused by the MTA": Difference(
        "a recipient that the MTA refuses itself (relaying)", "Postern is told: `refused-by-mta` in the decision", "Postern is not told"),
    "odd greeting": Difference(
        "a greeting with letters that no name has", "taken as it is", "EHLO is refused with 501, and mail is taken without a greeting: `helo` is empty"),
    "no recipients left": Difference("DATA when every recipient was refused", "554", "503"),
    "SMTPUTF8": Difference(
        "SMTPUTF8 (RFC 6531)", "offered; addresses reach Postern in UTF-8", "not offered by Debian's build; refused with 555"),
    "unqualified sender": Difference(
        "a sender without a domain", "taken; the rule `inbound/sender-address` refuses it", "refused with 553 before Postern is asked"),
    "long label": Difference(
        "a sender's domain with a label of over 63 letters", "refused with 501 before Postern is asked",
        "taken; the rule `inbound/sender-address` refuses it"),
    "NUL": Difference("NUL in a message", "refused with `message_reject_characters = \\0`", "taken"),
    "large header": Difference("a header of over 32 KB", "taken, up to 100 KB", "refused with 552"),
    "bare line feed": Difference(
        "a line feed without carriage return", "taken as text, and never ends a message, with `smtpd_forbid_bare_newline = normalize`",
        "421, and the connection is closed"),
    "deletion": Difference(
        "deleting several fields of one name", "later indexes shift with each deletion", "they do not; we delete from the highest down for both"),
    "quarantine": Difference("a message on hold", "`!` in `postqueue -p`; `postsuper -H ID` lets it go",
                             "`mailq -qQ` shows it, an `hf` file in the queue; `sendmail -qQ -Q -qIID` lets it go"),
    "local mail": Difference(
        "mail of sendmail(1) on this machine", "shown as local (`non_smtpd_milters`)",
        "handed in by SMTP from 127.0.0.1: direction `relay`, if that is in `site.networks`; `sendmail -bs` is local"),
    "local mail, refused": Difference(
        "one of its recipients is refused", "the whole message is bounced at its end", "that recipient is bounced, the others get it"),
    "restart": Difference(
        "Postern was restarted while a connection was open", "the rest of the connection is put off with 451 4.7.1", "likewise with 451 4.3.2"),
    "failing milter": Difference(
        "Postern dies between its edits, and failures are let pass (`milter_default_action = accept`, no `F=`)",
        "delivered half edited", "delivered half edited"),
}

# What an MTA says by itself: the difference it belongs to, then the words of Postfix and of Sendmail.
PHRASES = {
    "sender ok": ("words", "250 2.1.0 Ok", "250 2.1.0 *... Sender ok"),
    "recipient ok": ("words", "250 2.1.5 Ok", "250 2.1.5 *... Recipient ok"),
    "taken": ("words", "250 2.0.0 Ok: queued as *", "250 2.0.0 * Message accepted for delivery"),
    "reset": ("words", "250 2.0.0 Ok", "250 2.0.0 Reset state"),
    "relaying denied": ("words", "554 5.7.1 <*>: Relay access denied", "550 5.7.1 <*>... Relaying denied*"),
    "unknown command": ("words", "500 5.5.2 *", "500 5.5.1 *"),
    "out of order": ("words", "503 5.5.1 *", "503 5.*.0 *"),
    "no valid recipients": ("no recipients left", "554 5.5.1 Error: no valid recipients", "503 5.0.0 Need RCPT (recipient)"),
}
