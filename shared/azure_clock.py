"""The time as Azure has it: our own clock, set right by the `Date` of ARM's answers.

Deadlines are kept in records that instances share, and instances' clocks may differ by minutes:
judged by its own clock, one of them would call a window over that is not (docs/decisions/0002).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

# `Date` has whole seconds (RFC 9110, 5.6.7) and is a network's delay old.
_EXACT_ENOUGH = timedelta(seconds=5)


class AzureClock(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """A clock that gives aware UTC times, and the policy of the ARM clients that sets it."""

    def __init__(self, local: Callable[[], datetime]) -> None:
        super().__init__()
        self._local = local
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._local() + self._ahead

    def on_response(
        self,
        request: PipelineRequest,  # type: ignore[type-arg]  # noqa: ARG002
        response: PipelineResponse,  # type: ignore[type-arg]
    ) -> None:
        try:
            said = parsedate_to_datetime(response.http_response.headers["Date"])
            ahead = said - self._local()
        except (KeyError, TypeError, ValueError, OverflowError):
            return  # no date, or none that can be read: what was known stays
        self._ahead = ahead if abs(ahead) >= _EXACT_ENOUGH else timedelta(0)
