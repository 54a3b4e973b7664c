"""The process that works behind the requests."""

import asyncio
from datetime import timedelta

import uvloop

from api.starting import ready_database
from core.assembly import Keys
from core.clock import SystemClock
from core.exposition import serve_metrics
from core.jobs.registry import by_name
from core.logs import configure_logs
from core.mail import FolderTransport, MailSender, SmtpTransport
from core.metrics import Metrics
from core.mongo.client import MongoConnection
from core.mongo.configuration import MongoConfigurationBodies
from core.postgres.configuration import SqlConfigurationBodies, SqlConfigurationReader
from core.postgres.database import Database
from core.processes import end_with_parent
from core.secrets import Sealed
from core.settings import Misconfigured, Settings
from core.worker import Worker
from domain.organizations.collecting import ConfigurationCleaner
