"""The command `doctor`: is a deployment whole, and if not, what to do? It changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from azure.core.exceptions import AzureError, ResourceNotFoundError
from rich.console import Group, RenderableType
from rich.text import Text

from grantkeeper import event_checks, identity_checks, policies, storage_checks, terminal
from grantkeeper.answer import tell
from grantkeeper.app_settings import AppSettings
from grantkeeper.arm_reader import open_arm
from grantkeeper.checkup import Check, Checkup, checkup, judged
from grantkeeper.connection import Place, account_name, storage_fault
from grantkeeper.directory import Unreadable, open_directory
from grantkeeper.event_topics import open_topics
from grantkeeper.failure import CommandFailed
from grantkeeper.options import graph
from shared.arm import Arm
from shared.errors import Failure
from shared.policy import Policy
from shared.resource_id import InvalidId
from shared.settings import Cloud, Settings, SettingsError

_EXIT = {"ok": 0, "warn": 1, "fail": 2}
_COLOUR = {"ok": "green", "warn": "yellow", "fail": "red"}
_STORAGE_RIGHTS = (
    "your own identity needs Storage Queue Data Reader, Storage Table Data Reader and Storage Blob "
    "Data Reader at the work account"
)
_NOT_THERE = "is the app running? It makes its tables when it first runs"
_READER = "sign in with az login; your own identity needs Reader at each managed subscription"
_NAME_IT = "name the app's identity by its object id: --principal"


@dataclass(frozen=True, slots=True)
class Question:
    """What to look at. `principal` is the object id of the app's identity, empty where the
    directory is to be asked by its client id; `graph` another address of Microsoft Graph."""

    app: AppSettings
    principal: str
    graph: str


def run(place: Place, question: Question, as_json: bool) -> int:
    """Print all findings; the exit code: 0 when all is well, 1 with a warning, 2 with a failure."""
    found = checkup(_Doctor(place, question, datetime.now(UTC)).checks())
    tell(found, as_json, _whole)
    return _EXIT[found.status]


class _Doctor:
    """One look. A check that cannot be made is a finding, and the next is made."""

    def __init__(self, place: Place, question: Question, now: datetime) -> None:
        self._app = question.app
        self._place = question.app.place(place)
        self._principal = question.principal
        self._graph = question.graph
        self._now = now

    def checks(self) -> Iterator[Check]:
        """All findings, in the order in which they are best put right."""
        yield from self._app.check()
        try:
            policy = policies.load(Path(self._app.values["POLICY_FILE"]))
        except CommandFailed as failed:
            yield Check("policy", "fail", str(failed), "correct it: grantkeeper policy check FILE")
            return
        yield Check("policy", "ok", f"valid, digest {policy.digest[:12]}")
        try:
            settings = self._app.read()
        except SettingsError:
            return  # told above; where everything else is depends on them
        yield from self._storage(settings, policy)
        look = partial(self._azure, settings, policy)
        yield from _tried("Azure", look, _READER)

    def _storage(self, settings: Settings, policy: Policy) -> Iterator[Check]:
        schedule = self._app.values.get("FLEET_SCHEDULE", "")
        managed = settings.managed_subscriptions
        looks = {
            "storage": partial(storage_checks.account, self._place, self._app.from_file),
            "timer": partial(storage_checks.timer, self._place, managed, schedule, self._now),
            "work": partial(storage_checks.work, self._place, policy.digest, self._now),
        }
        for name, look in looks.items():
            yield from _tried(name, look, _STORAGE_RIGHTS)

    def _azure(self, settings: Settings, policy: Policy) -> Iterator[Check]:
        """Raises `CommandFailed`."""
        managed = self._managed(settings)
        cloud = Cloud(settings.arm_endpoint, settings.audience)
        with open_arm(self._place, cloud) as arm:
            seen = arm.bulk.subscriptions()
            unseen = [f"you do not see {each}" for each in managed if each not in seen]
            yield judged("Azure", unseen, _READER, f"{cloud.arm_endpoint} answers")
            managed = tuple(each for each in managed if each in seen)
            look = partial(self._identity, arm, settings, policy, managed)
            yield from _tried("identity", look, _READER)
            yield from _tried("events", partial(self._events, settings, managed), _READER)

    def _managed(self, settings: Settings) -> tuple[str, ...]:
        """The subscriptions looked after; of what the app discovers, those that it looks at."""
        named, discovered = settings.managed_subscriptions, tuple[str, ...]()
        if settings.discover_subscriptions:
            schedule = self._app.values.get("FLEET_SCHEDULE", "")
            with suppress(CommandFailed, AzureError):  # said of the storage
                discovered = storage_checks.looked_after(self._place, schedule, self._now)
        return tuple(dict.fromkeys((*named, *discovered)))

    def _identity(
        self, arm: Arm, settings: Settings, policy: Policy, managed: tuple[str, ...]
    ) -> Iterator[Check]:
        principal = self._principal or self._found(settings.client_id)
        if not principal:
            yield Check("identity", "warn", "not looked at: it is not known which", _NAME_IT)
            return
        roles = identity_checks.held(arm, principal, managed)
        yield from identity_checks.checks(roles, policy, managed)

    def _found(self, client_id: str) -> str:
        """The object id of the app's identity; empty when the directory does not tell."""
        if not client_id:
            return ""
        cloud = self._app.values.get("AZURE_CLOUD") or "AzureCloud"
        try:
            with open_directory(cloud, graph(self._place, self._graph)) as directory:
                return directory.principal_of(client_id)
        except Unreadable:
            return ""

    def _events(self, settings: Settings, managed: tuple[str, ...]) -> Iterator[Check]:
        with open_topics(settings) as topics:
            yield from event_checks.checks(topics, managed, account_name(settings.work))


def _tried(name: str, look: Callable[[], Iterable[Check]], remedy: str) -> Iterator[Check]:
    """What `look` finds, and last why it could not go on."""
    try:
        yield from look()
    except CommandFailed as failed:
        yield Check(name, "fail", str(failed), remedy)
    except ResourceNotFoundError as error:
        yield Check(name, "fail", storage_fault(error), _NOT_THERE)
    except AzureError as error:
        yield Check(name, "fail", storage_fault(error), remedy)
    except Failure as failure:
        yield Check(name, "warn", f"cannot be read: {failure}", remedy)
    except InvalidId as error:
        yield Check(name, "warn", f"cannot be understood: {error}", "report it")


def _whole(found: Checkup) -> RenderableType:
    return Group(*map(_line, found.checks), terminal.unbroken(f"\n{_verdict(found)}"))


def _line(check: Check) -> Text:
    text = terminal.unbroken("")
    text.append(f"{check.status:<5}", _COLOUR[check.status])
    text.append(f"{check.name}: ", "bold")
    lines = [terminal.printable(each) for each in check.message.splitlines()]
    text.append("\n     ".join(lines))
    if check.remedy:
        text.append(f"\n     -> {check.remedy}")
    return text


def _verdict(found: Checkup) -> str:
    counted = Counter(each.status for each in found.checks)
    if found.status == "ok":
        return "All is well."
    return (
        f"{counted['fail']} to put right, {counted['warn']} to look at; {counted['ok']} are well."
    )
