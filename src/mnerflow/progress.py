"""Progress of one start of the workflow: jobs done, and an estimate of the time for the rest."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class _Running:
    kind: str
    begun: float
    side_by_side: float


class Progress:
    """Counts the jobs of each kind, and remembers how long finished jobs took.

    Times are in seconds, of any clock. A kind in ``slow`` has no estimate until one of its jobs has finished.
    Any other kind is assumed to take as long as the finished jobs of other kinds.

    Args:
        jobs: number of jobs of each kind.
        slow: kinds without an estimate before their first job has finished.
    """

    def __init__(self, jobs: Mapping[str, int], slow: Collection[str] = ()) -> None:
        self.total = sum(jobs.values())
        self._slow = slow
        self._left = Counter(jobs)
        self._took: dict[str, list[float]] = defaultdict(list)
        self._running: dict[Hashable, _Running] = {}

    @property
    def done(self) -> int:
        """Number of jobs that have succeeded."""
        return self.total - self._left.total()

    def begin(self, job: Hashable, kind: str, now: float, side_by_side: float = 1) -> None:
        """Record that a job begins; ``side_by_side`` is how many such jobs can run at once."""
        self._running[job] = _Running(kind, now, max(1, side_by_side))

    def end(self, job: Hashable, now: float) -> float:
        """Record that a job has succeeded; returns the seconds that it took."""
        ended = self._running.pop(job)
        took = now - ended.begun
        self._left[ended.kind] -= 1
        self._took[ended.kind].append(took / ended.side_by_side)
        return took

    def fail(self, job: Hashable, now: float) -> float:
        """Record that a job has failed and may begin again; returns the seconds that it took."""
        return now - self._running.pop(job).begun

    def seconds_left(self, now: float) -> float | None:
        """Estimate the seconds left from medians of finished jobs; ``None`` while a kind has no estimate."""
        quick = [took for kind, each in self._took.items() if kind not in self._slow for took in each]
        typical = {
            kind: median(known)
            for kind in +self._left
            if (known := self._took.get(kind, [] if kind in self._slow else quick))
        }
        if typical.keys() != (+self._left).keys():
            return None
        begun = sum(
            min((now - job.begun) / job.side_by_side, typical[job.kind]) for job in self._running.values()
        )
        return sum(count * typical[kind] for kind, count in (+self._left).items()) - begun


def duration(seconds: float) -> str:
    """Format seconds as ``"22 s"``, ``"3 min 28 s"`` or ``"2 h 5 min"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_of_hour = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_of_hour} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def about(seconds: float) -> str:
    """Format seconds as a rough estimate: ``"less than a minute"``, ``"about 3 min"``."""
    minutes = round(seconds / 60)
    return f"about {duration(60 * minutes).removesuffix(' 0 s')}" if minutes else "less than a minute"
