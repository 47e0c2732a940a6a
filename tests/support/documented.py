"""What an application documents at /openapi.json, against what it does. Needs schemathesis, of the extra ``test``."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData

CHECKS = {  # that run on any of our applications
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
    "allow_header_conformance",
}


def whole_floats(value: Any) -> bool:
    """Whether there is a number such as 1.0 in it: an integer to JSON Schema, but none to the server."""
    if isinstance(value, dict):
        return any(map(whole_floats, value.values()))
    if isinstance(value, list):
        return any(map(whole_floats, value))
    return isinstance(value, float) and value.is_integer()


def anything(_: Any) -> bool:
    """Every body may be sent."""
    return True


def _whole(case: Any, sendable: Callable[[Any], bool]) -> bool:
    """Whether a case has a body as the filter wants it, which it is sometimes made without."""
    missing = case.method == "POST" and isinstance(case.body, NotSet)
    return sendable(case.body) and not whole_floats(case.body) and not missing


def compared(app: Any, examples: int, sendable: Callable[[Any], bool] = anything) -> tuple[str, Counter[str]]:
    """Send requests that are made up from the document.

    Args:
        app: an ASGI application, which takes requests for the host "testserver".
        examples: of each operation, about.
        sendable: whether a body breaks no rule that the document cannot state in JSON Schema.

    Returns:
        The faults as text, and how often each check ran.
    """
    generation = {"max-examples": examples, "deterministic": True, "database": "none"}
    checks = {"negative_data_rejection": {"expected-statuses": ["4xx"]}}  # a long list may be too long a body
    config = SchemathesisConfig.from_dict(
        {"generation": generation, "checks": checks, "phases": {"stateful": {"max-steps": 10}}, "warnings": False}
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    schema.hook("filter_body")(lambda context, body: not whole_floats(body) and sendable(body))
    ran: Counter[str] = Counter()
    faults: dict[str, str] = {}
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), vars(event)
        if isinstance(event, events.ScenarioFinished):
            recorded = event.recorder
            for case, check in ((case, each) for case, own in recorded.checks.items() for each in own):
                ran[check.name] += 1
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    if isinstance(failure, RejectedPositiveData) and not _whole(recorded.cases[case].value, sendable):
                        continue
                    text = f"{failure.title}: {failure.message}\n{check.failure_info.code_sample}"
                    faults.setdefault(f"{type(failure).__name__}, {failure.operation}", text)
    return "\n".join(f"{where}: {what}" for where, what in faults.items()), ran
