"""Following a run: a place in its samples and in its log, moved on only as fast as the client takes what is
sent.

Nothing is queued for a client, however slow: it is asked for the next page only when there is room, and a
page is larger the further the client is behind.
"""

from __future__ import annotations

from dataclasses import dataclass

from rl_studio.protocol.messages import RunLogEvent, RunSamplesEvent
from rl_studio.protocol.session import event_frame
from rl_studio.runs import RunService

SAMPLES_PER_EVENT = 500
LOG_BYTES_PER_EVENT = 64 * 1024
HISTORY_BYTES = 64 * 1024


@dataclass(slots=True)
class Follow:
    """Where one client is in one run.

    Attributes:
        after_seq: the last sample sent.
        log_offset: where the log sent so far ends.
        behind: there may be more than what was sent.
    """

    run_id: str
    after_seq: int
    log_offset: int
    behind: bool = True

    def next_frame(self, service: RunService) -> bytes | None:
        """The event after the last one, read from disk; None if there is nothing new. The place moves on."""
        page = service.samples(self.run_id, self.after_seq, SAMPLES_PER_EVENT)
        if page.samples:
            self.after_seq = page.last_seq
            return event_frame("run.samples", RunSamplesEvent(run_id=self.run_id, samples=page.samples))
        log = service.log(self.run_id, self.log_offset, LOG_BYTES_PER_EVENT)
        if log.end > log.start:
            self.log_offset = log.end
            event = RunLogEvent(run_id=self.run_id, start=log.start, end=log.end, text=log.text)
            return event_frame("run.log", event)
        return None
