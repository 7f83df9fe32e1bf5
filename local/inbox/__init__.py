"""Shows the e-mails and push notifications of the platform, as a local mailbox and phone."""
