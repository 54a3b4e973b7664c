"""What the command line needs to ask for events again, through the pipeline that every message goes through."""

from dishka import Provider, Scope, make_async_container, provide

from core.keys import Keys
from core.operating import OperatorWork, trusting
from core.pipeline import Dispatcher
from core.postgres.database import Database
from core.postgres.log import LogFollower, SqlEventLog
from core.postgres.parked import SqlParkedEvents
from domain.events.commands.replay_events import ReplayEventsInteractor
from domain.events.commands.retry_parked_events import RetryParkedEventsInteractor
from domain.events.ports import EventLog, ParkedEvents


class _Replaying(Provider):
    """What the use cases need, and nothing else: the command line starts fast."""

    scope = Scope.REQUEST

    replay = provide(ReplayEventsInteractor)
    retry = provide(RetryParkedEventsInteractor)

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    @provide(scope=Scope.APP)
    def log(self, database: Database) -> EventLog:
        """Read the log; nobody waits for it."""
        return SqlEventLog(database, LogFollower(database), people=self._keys.people)

    @provide(scope=Scope.APP)
    def parked(self, database: Database) -> ParkedEvents:
        """Read what was given up."""
        return SqlParkedEvents(database)


def replaying(database: Database, keys: Keys) -> Dispatcher:
    """Return the pipeline for `ReplayEvents` and `RetryParkedEvents`, sent by whoever operates the service."""
    return trusting(make_async_container(_Replaying(keys), OperatorWork(database, keys)), "operator")
