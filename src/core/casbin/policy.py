"""The model that organizations export their roles and grants in."""

from dataclasses import dataclass
from importlib.resources import files

from domain.access.policies.ports import PolicyLanguage


@dataclass(frozen=True, slots=True)
class CasbinLanguage(PolicyLanguage):
    """`model.conf` beside this file."""

    def model(self) -> str:
        """See `PolicyLanguage.model`."""
        return files("core.casbin").joinpath("model.conf").read_text("utf-8")
