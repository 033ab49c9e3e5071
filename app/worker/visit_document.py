"""What a submission says to the agenda, checked: it was written outside, by a zone that is not trusted."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Minutes = Annotated[int, Field(ge=0, le=1440)]


class VisitDocument(BaseModel):
    """The sealed document `desk.visit`, schema 1: when, where, with whom; no name, no act."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    schema_number: Literal[1] = Field(alias="schema")
    kind: Literal["appointment", "request", "call", "come", "write"]
    state: Literal["booked", "requested"]
    starts_at: AwareDatetime | None
    minutes: Minutes
    buffer_minutes: Minutes
    site: UUID | None
    room: UUID | None
    practitioner: UUID | None
    pool: Annotated[tuple[UUID, ...], Field(max_length=500)]
    reachable: bool

    def columns(self) -> dict[str, Any]:
        """Return the columns of `desk.visits` that this document decides."""
        plain = ("kind", "state", "starts_at", "minutes", "buffer_minutes", "reachable")
        return {name: getattr(self, name) for name in plain} | {
            "confirmed": self.state == "booked",
            "site_id": self.site,
            "room_id": self.room,
            "practitioner_id": self.practitioner,
        }
