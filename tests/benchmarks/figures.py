"""What is made of the measured blocks: percentiles, medians, and ratios with their spread over the rounds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

PERCENTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Block:
    """What one contender showed in one round. Milliseconds, but `decisions_per_second`, MiB and cores.

    CPU is that of the server's process and all its children; latencies are those of a call, which is a whole batch.
    *others_cores* were kept busy by what is neither the server nor the load generator.
    """

    cpu_ms: float
    decisions_per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    memory_mib: float
    server_cores: float
    generator_cores: float
    generator_cpu_ms: float
    others_cores: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of one contender over the same of another."""

    mine: str
    other: str
    figure: str = "cpu_ms"
    loss: bool = False
    """What is missing of the other's figure, as a share of it."""

    def of(self, mine: Block, other: Block) -> float:
        """Give it for one round."""
        ratio: float = getattr(mine, self.figure) / getattr(other, self.figure)
        return 1 - ratio if self.loss else ratio


# Of CPU per decision unless said otherwise; lower is better. The keys are those of proto/contract.md, section 8.
RATIOS: dict[str, Ratio] = {
    "wasm_32_vs_opa_rest": Ratio("wasm_32", "opa_rest_32"),
    "wasm_32_vs_go_embed": Ratio("wasm_32", "go_embed_32"),
    "wasm_32_vs_cerbos": Ratio("wasm_32", "cerbos_32"),
    "wasm_32_vs_grpc_echo": Ratio("wasm_32", "grpc_echo_32"),
    "wasm_batch16_vs_opa_rest": Ratio("wasm_batch_16", "opa_rest_32"),
    "wasm_1_p99_vs_go_embed": Ratio("wasm_1", "go_embed_1", "p99_ms"),
    "wasm_1_p99_vs_cerbos": Ratio("wasm_1", "cerbos_1", "p99_ms"),
    "sidecar_32_vs_one_call": Ratio("sidecar_32", "one_call_32"),
    "sidecar_32_vs_opa_rest": Ratio("sidecar_32", "opa_rest_32"),
    "agents_100k_vs_100": Ratio("agents_100000", "agents_100"),
    "depth_8_vs_1": Ratio("depth_8", "depth_1"),
    "rules_200_vs_0": Ratio("rules_200", "rules_0"),
    "workers_2_vs_1": Ratio("workers_2", "workers_1"),
    "receipts_32_throughput_loss": Ratio("receipts_32", "no_receipts_32", "decisions_per_second", loss=True),
    "receipts_32_vs_none": Ratio("receipts_32", "no_receipts_32"),
}
Rounds = Mapping[str, Sequence[Block]]


def percentiles(latencies: Sequence[float]) -> dict[str, float]:
    """Give p50, p90 and p99: the smallest latency that this share of all is not above. Raises ValueError for none."""
    if not latencies:
        raise ValueError("no latencies, so no percentiles")
    ordered = sorted(latencies)
    return {name: ordered[math.ceil(len(ordered) * share) - 1] for name, share in PERCENTILES.items()}


def ratios(rounds: Rounds) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Give, for all pairs that were measured, the median of the rounds' ratios, and the lowest and the highest.

    Raises ValueError when the two of a pair were not measured in the same rounds.
    """
    medians, spread = {}, {}
    for key, pair in RATIOS.items():
        if pair.mine in rounds and pair.other in rounds:
            found = [pair.of(mine, other) for mine, other in zip(rounds[pair.mine], rounds[pair.other], strict=True)]
            medians[key] = round(statistics.median(found), 3)
            spread[key] = [round(min(found), 3), round(max(found), 3)]
    return medians, spread


def summary(blocks: Sequence[Block]) -> dict[str, float | list[float]]:
    """Give the median of each figure over the rounds, and the lowest and highest CPU per decision."""
    members = [asdict(block) for block in blocks]
    found: dict[str, float | list[float]] = {
        name: round(statistics.median(member[name] for member in members), 3) for name in members[0]
    }
    cpu = [block.cpu_ms for block in blocks]
    found["cpu_ms_spread"] = [round(min(cpu), 3), round(max(cpu), 3)]
    return found
