"""A function app that only tells, on the queue `seen`, what reached it."""

import azure.functions as func

app = func.FunctionApp()


@app.function_name("cluster_changed")
@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="seen", queue_name="seen", connection="Work")
def cluster_changed(event: func.EventGridEvent, seen: func.Out[str]) -> None:
    """Tell the subject of an event."""
    seen.set(f"event {event.subject}")


@app.function_name("request_cluster")
@app.queue_trigger(arg_name="request", queue_name="cluster-requests", connection="Work")
@app.queue_output(arg_name="seen", queue_name="seen", connection="Work")
def request_cluster(request: func.QueueMessage, seen: func.Out[str]) -> None:
    """Tell the text of a message."""
    seen.set(f"message {request.get_body().decode()}")
