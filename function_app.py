"""The doors: thin triggers, no decisions. Each says what it was told, and hands over.

Queue names are fixed; connections and the schedule are settings. `docs/operations.md` has them all.
Queue messages come as bytes: the members of a JSON text would overwrite what the host knows of the
message, its dequeue count among them, and then no run would reach the door
(azure-functions-python-worker#1373).
"""

from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Application

app = func.FunctionApp()


@app.queue_trigger(
    arg_name="message",
    queue_name="cluster-requests",
    connection="Work",
    data_type=func.DataType.BINARY,
)
def request_cluster(message: func.QueueMessage) -> None:
    """A platform team asks for a cluster."""
    _application().intake.accept(message.get_body())


@app.event_grid_trigger(arg_name="event")
def cluster_changed(event: func.EventGridEvent) -> None:
    """Azure says that a resource was written, deleted or acted on."""
    kind = event.type if isinstance(event, func.CloudEvent) else event.event_type
    _application().reconciler.changed(kind, event.subject)


@app.queue_trigger(
    arg_name="message",
    queue_name="cluster-events",
    connection="Work",
    data_type=func.DataType.BINARY,
)
def cluster_event_queued(message: func.QueueMessage) -> None:
    """Azure says the same by a queue, where the event subscription leads there."""
    _application().event_queue.hear(message.get_body())


@app.queue_trigger(
    arg_name="message", queue_name="reconcile", connection="Work", data_type=func.DataType.BINARY
)
def reconcile_cluster(message: func.QueueMessage) -> None:
    """It is a cluster's turn."""
    _application().reconciler.turn_for(message.get_body())


@app.timer_trigger(arg_name="timer", schedule="%FLEET_SCHEDULE%", run_on_startup=False)
def reconcile_fleet(timer: func.TimerRequest) -> None:
    """It is time to look at all clusters, and to tidy up."""
    application = _application()
    application.fleet.wake_all()
    application.housekeeping.run()


@app.queue_trigger(
    arg_name="message",
    queue_name="cluster-requests-poison",
    connection="Work",
    data_type=func.DataType.BINARY,
)
def request_poisoned(message: func.QueueMessage) -> None:
    """A request could not be worked off."""
    _application().poison.request(message.get_body())


@app.queue_trigger(
    arg_name="message",
    queue_name="reconcile-poison",
    connection="Work",
    data_type=func.DataType.BINARY,
)
def reconcile_poisoned(message: func.QueueMessage) -> None:
    """A cluster's turn failed again and again."""
    _application().poison.turn(message.get_body())


@app.queue_trigger(
    arg_name="message",
    queue_name="cluster-events-poison",
    connection="Work",
    data_type=func.DataType.BINARY,
)
def cluster_event_poisoned(message: func.QueueMessage) -> None:
    """An event could not be worked off."""
    _application().poison.event(message.get_body())


def _application() -> "Application":
    """Imported at the first call, so that indexing the app costs little more than azure.functions
    itself (docs/decisions/0003-one-lazy-import.md)."""
    from shared import wiring

    return wiring.application()
