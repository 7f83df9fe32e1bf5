"""What operators read about the services is what the services measure."""

import re
from pathlib import Path
from types import ModuleType

import event_service.metrics
import notification_scheduler.metrics
import notification_service.metrics
import service_runtime.metrics
from prometheus_client.metrics import Counter, MetricWrapperBase

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
MODULES = (
    service_runtime.metrics,
    event_service.metrics,
    notification_scheduler.metrics,
    notification_service.metrics,
)
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<labels>[\w, ]*)\|", re.MULTILINE)


def measured(module: ModuleType) -> dict[str, tuple[str, ...]]:
    """Names as they are served, with their labels."""
    return {
        f"{one._name}_total" if isinstance(one, Counter) else one._name: tuple(one._labelnames)
        for one in vars(module).values()
        if isinstance(one, MetricWrapperBase)
    }


def test_every_metric_is_documented_with_labels() -> None:
    documented = {
        row["name"]: tuple(label.strip() for label in row["labels"].split(",") if label.strip())
        for row in ROW.finditer(DOCUMENT.read_text())
    }
    assert documented == {
        name: labels for module in MODULES for name, labels in measured(module).items()
    }
