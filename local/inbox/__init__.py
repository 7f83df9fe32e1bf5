"""Shows the e-mails and pushes of the platform, as a local mailbox and phone."""
