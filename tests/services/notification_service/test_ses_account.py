"""What the service reads from SES about its account."""

import logging

import pytest
from botocore.exceptions import ClientError
from notification_service.metrics import SANDBOXED
from notification_service.ses_account import ASSUMED_RATE, SesAccount


class Client:
    """SES's client, with an answer or an error for each call."""

    def __init__(self, *answers: dict | Exception) -> None:
        self._answers = list(answers)

    def get_account(self) -> dict:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def account(rate: float, *, has_access: bool = True) -> dict:
    quota = {"Max24HourSend": 50000.0, "MaxSendRate": rate}
    return {"SendQuota": quota, "ProductionAccessEnabled": has_access}


def denied() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccount")


def sandboxed() -> float:
    [metric] = SANDBOXED.collect()
    return metric.samples[0].value


@pytest.mark.parametrize("answer", [denied(), {}])
def test_rate_stays_known_without_answers(answer):
    ses = SesAccount(Client(answer, account(90), answer))
    rates = []
    for _ in range(3):
        ses.work()
        rates.append(ses.rate)
    assert rates == [ASSUMED_RATE, 90, 90]


def test_sandbox_is_logged_once(caplog):
    sandbox = account(1, has_access=False)
    ses = SesAccount(Client(sandbox, sandbox, denied(), account(14)))
    ses.work()
    ses.work()
    ses.work()
    assert (ses.rate, sandboxed()) == (1, 1)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert ["sandbox" in record.message for record in errors] == [True]
    ses.work()
    assert (ses.rate, sandboxed()) == (14, 0)
