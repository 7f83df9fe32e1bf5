"""A local mailbox and phone: shows the e-mails and pushes that the platform sent."""
