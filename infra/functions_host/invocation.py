"""Runs one invocation from start to end: log lines, the worker, the output bindings."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from .console import log
from .function_checks import HostFunction
from .queue_output import OutputError, QueueOutputs
from .wire import Datum, Invoke, Outcome
from .worker_supervisor import WorkerSupervisor


@dataclass(frozen=True)
class Call:
    """What a trigger asks for: which function, with what, and why (for the log)."""

    function: HostFunction
    input: Datum
    reason: str
    metadata: Mapping[str, Datum] = field(default_factory=dict)
    details: str = ""


class Invoker:
    """Runs calls, and knows which are running."""

    def __init__(self, supervisor: WorkerSupervisor, outputs: QueueOutputs) -> None:
        self._supervisor = supervisor
        self._outputs = outputs
        self._running: set[str] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def running(self) -> int:
        """How many invocations run."""
        return len(self._running)

    async def idle(self) -> None:
        """Wait until none runs."""
        await self._idle.wait()

    async def invoke(self, call: Call) -> Outcome:
        """Run `call` to its end. A failure is in the outcome, never raised."""
        name, invocation_id = call.function.name, str(uuid.uuid4())
        log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", name, call.reason, invocation_id)
        if call.details:
            log.info("Trigger Details: %s", call.details)
        began = time.monotonic()
        self._running.add(invocation_id)
        self._idle.clear()
        try:
            outcome = await self._run(call, invocation_id)
        finally:
            self._running.discard(invocation_id)
            if not self._running:
                self._idle.set()
        log.info(
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)",
            name,
            "Succeeded" if outcome.succeeded else "Failed",
            invocation_id,
            (time.monotonic() - began) * 1000,
        )
        if outcome.error is not None:
            log.error("Result: Failure\nException: %s\nStack: %s", outcome.error, outcome.stack)
        return outcome

    async def _run(self, call: Call, invocation_id: str) -> Outcome:
        if call.function.errors:
            return Outcome(invocation_id, error=call.function.errors[0])
        outcome = await self._supervisor.invoke(
            Invoke(
                invocation_id,
                call.function.name,
                call.input,
                dict(call.metadata),
                f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00",
            )
        )
        if not outcome.succeeded:
            return outcome
        try:
            await self._outputs.write(call.function, outcome.outputs)
        except OutputError as error:
            return Outcome(invocation_id, error=str(error))
        return outcome
