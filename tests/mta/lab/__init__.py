"""A private Postfix with Postern beside it on loopback ports, and SMTP dialogues with them."""
