"""Where policy models are kept, and who evaluates them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain.access.policies.language import Language
from domain.access.policies.models import PolicyModel
from domain.access.policies.rules import Given, Rule
from domain.kernel.ids import OrganizationId

MOST_SLICED: Final = 1000
"""How many rules are evaluated at once."""
TRIES: Final = 5
"""How often a model may be replaced while it is read."""
EQUAL: Final = "="
"""The grouping of what is only itself."""


@dataclass(frozen=True, slots=True)
class Start:
    """A name that a question is about, and the grouping that is followed from it; `EQUAL` follows none."""

    kind: str
    name: str


class PolicyModels(Protocol):
    """The policy models of organizations, in the transaction of the command."""

    async def find(self, organization_id: OrganizationId, name: str) -> PolicyModel | None:
        """Return the model; nobody else changes those of the organization until the command ends.

        Raise `OrganizationNotFound`.
        """

    async def add(self, model: PolicyModel) -> None:
        """Add `model`, or raise `TooManyPolicyModels`."""

    async def put_rules(self, model: PolicyModel, rules: Sequence[tuple[str, Rule]]) -> None:
        """Replace the rules of a model that was added, in order; each with the name that it is found by."""

    async def remove(self, model: PolicyModel) -> None:
        """Delete `model` and its rules."""


class PolicyReader(Protocol):
    """Read policy models as last committed; raises `Unavailable` soon when the store cannot be reached."""

    async def model(self, organization_id: OrganizationId, name: str) -> PolicyModel:
        """Return the model, or raise `PolicyModelNotFound`."""

    async def rules(self, model: PolicyModel) -> Sequence[Rule] | None:
        """Return all rules of that version of the model, in order; None if there is another version by now."""

    async def slice(self, model: PolicyModel, starts: Collection[Start], kind: str | None) -> Sequence[Rule] | None:
        """Return the rules that concern `starts`, in order: all of one moment.

        Those are the groupings that can be followed from them, and the `p` of what `kind` leads to; every `p` if `kind`
        is None. Return None if there is another version of the model by now, and raise `PolicySliceTooLarge` for more
        than `MOST_SLICED` rules.
        """


class PolicyEvaluation(Protocol):
    """Evaluate models of strangers: what one organization asks for does not keep others waiting."""

    async def decide(
        self,
        organization_id: UUID,
        language: Language,
        rules: Sequence[Rule],
        requests: Sequence[Sequence[Given]],
    ) -> Sequence[bool | None]:
        """Answer each of the questions, judged before; None where that failed.

        Raise `PolicyTooSlow`, `Overloaded` if the organization or everybody asks too much at once, or `Unavailable`.
        """


class PolicyLanguage(Protocol):
    """What roles and grants are exported in."""

    def model(self) -> str:
        """Return casbin's model of `domain.access.policies.platform`'s rules, as `.conf`."""


class Rehearsal(Protocol):
    """The transaction of a command that only wants to know whether it could be done."""

    async def forget(self) -> None:
        """Undo everything that the command did and said so far."""
