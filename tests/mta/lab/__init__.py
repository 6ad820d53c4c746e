"""A private Postfix and a private Sendmail with Postern beside them on loopback ports, and SMTP dialogues with them."""
