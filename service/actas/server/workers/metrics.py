"""The metrics of all workers as one: what they counted is added up, and what the supervisor knows comes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import Counter, Gauge, generate_latest
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from actas.server.metrics import Metrics


class FleetMetrics(Metrics):
    """The supervisor's own metrics, over those that the workers keep in files below *folder*.

    A worker that is started again goes on in the file of one that ended, so no count ever goes back.
    """

    def __init__(self, folder: Path, workers: int, serving: Callable[[], int]) -> None:
        """Ask *serving* how many of so many *workers* serve."""
        super().__init__()
        self._folder = folder
        self._restarts = Counter(
            "actas_worker_restarts", "Workers that ended and were started again.", registry=self.registry
        )
        Gauge("actas_workers", "Workers that there are to be.", registry=self.registry).set(workers)
        Gauge("actas_workers_serving", "Workers that serve.", registry=self.registry).set_function(serving)

    def worker_ended(self) -> None:
        """Count one worker that has to be started again."""
        self._restarts.inc()

    def exposition(self) -> bytes:
        """Write everything in the Prometheus text format."""
        return generate_latest(_Together(self.registry.collect(), self._folder))


class _Together(Collector):
    """Families of the same name are one family: the supervisor declares what only its workers count."""

    def __init__(self, own: Iterable[Metric], folder: Path) -> None:
        self._own = own
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        workers = MultiProcessCollector(None, path=str(self._folder)).collect()  # type: ignore[no-untyped-call]  # untyped in the library
        families = {family.name: family for family in self._own}
        for family in workers:
            families.setdefault(family.name, family)
            if families[family.name] is not family:
                families[family.name].samples.extend(family.samples)
        return families.values()
