"""Reports a problem of a check, with its remedy."""

LOCAL = "for the local stack, run `make up` and `make shell`"


class NotWell(Exception):
    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.text, self.remedy = text, remedy
