"""What every event contract has in common, and the registry of all contracts.

An event type is a class here, one file a publisher. Its JSON Schema and a golden example lie in
``libs/common/contracts``; within a major version fields are only added. Readers ignore fields that they don't know.
"""

from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from shopsite_common.clock import utcnow
from shopsite_common.ids import uuid7

EXCHANGE = "shopsite.events"
CONTRACTS: dict[str, type["EventData"]] = {}
ANY_SERVICE = "*"


class EventData(BaseModel):
    """The payload of an event.

    Attributes:
        producer: the service that publishes it, or ``*`` for an event that all publish.
        major: the version in the routing key; a breaking change is a new class with the next one.
        about: the field that names the aggregate; events of one aggregate are numbered by ``sequence``.
        personal: the fields that tell of a person; they are masked where letters are shown, and go when they erase.
        consumed: False for a type that no service reads yet. It is published without ``mandatory``, because an
            unroutable event of any other type stays in the outbox and raises the alarm.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    producer: ClassVar[str]
    major: ClassVar[int] = 1
    about: ClassVar[str]
    personal: ClassVar[frozenset[str]] = frozenset()
    consumed: ClassVar[bool] = True

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Enter the class into the registry, unless it is only a base of others."""
        super().__pydantic_init_subclass__(**kwargs)
        if hasattr(cls, "producer") and hasattr(cls, "about"):
            CONTRACTS[f"{cls.producer}.{cls.type_name()}"] = cls

    @classmethod
    def type_name(cls) -> str:
        """Return name and major version: ``OrderCreated.v1``."""
        return f"{cls.__name__}.v{cls.major}"

    @classmethod
    def binding_key(cls) -> str:
        """Return what a queue binds to: ``orders.OrderCreated.v1``."""
        return f"{cls.producer}.{cls.type_name()}"

    @property
    def subject(self) -> str:
        """The identifier of the aggregate that the event tells of."""
        return str(getattr(self, self.about))


Data = TypeVar("Data", bound=EventData)


class Event(BaseModel, Generic[Data]):
    """A CloudEvents 1.0 envelope. ``sequence`` grows by one for each event of the same subject and publisher."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = "1.0"
    id: UUID = Field(default_factory=uuid7)
    source: str
    type: str
    subject: str
    time: datetime = Field(default_factory=utcnow)
    datacontenttype: str = "application/json"
    sequence: int = 1
    traceparent: str = ""
    requestid: str = ""
    data: SerializeAsAny[Data]

    @property
    def routing_key(self) -> str:
        """The key on the exchange: the type without its ``shopsite.`` prefix."""
        return self.type.removeprefix("shopsite.")


class UnknownEvent(ValueError):
    """The body is no event of ours: not JSON, no envelope, or a type that isn't in the registry."""


def contract_of(event_type: str) -> type[EventData]:
    """Return the payload class for ``shopsite.orders.OrderCreated.v1`` or ``orders.OrderCreated.v1``.

    Raises:
        UnknownEvent: no such contract.
    """
    service, _, name = event_type.removeprefix("shopsite.").partition(".")
    contract = CONTRACTS.get(f"{service}.{name}") or CONTRACTS.get(f"{ANY_SERVICE}.{name}")
    if contract is None:
        raise UnknownEvent(f"no contract for {event_type}")
    return contract
