"""What the service carries: `make load`, or

python benchmarks/service_load.py --out RECORD [--products 2000] [--minutes 5] [--users 50] [--database postgresql://...]

It generates a shop, starts `shoprl serve` on it, and has locust ask: every user a list each five seconds, no request
twice, and four events to each answer; beside them 20 browsers, in each of which somebody asks every half minute in
the pages, with the runs streamed, opens the list, likes a product and looks at Watch (`--browsers`). Then come phases
of feedback alone, at growing rates, and one with four times the users, in which nothing but 200, 429 and 503 with
Retry-After may come. `--database temporary` starts a PostgreSQL server. It writes a record and prints it as a table.
"""

import argparse
import json
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np

from shoprl.files import write_json
from shoprl.machine import commit, machine, versions
from shoprl.shop.data import read_data

HERE = Path(__file__).parent
PACE = 5.0  # seconds between a user's requests
BROWSING = 30.0  # seconds between a browser's
PAGES = ("first step", "stream", "page", "watch")  # what browsers ask for
RATES = (250, 500, 1_000, 2_000)  # events a second of the phases of feedback alone
FEEDBACK_USERS = 50
FEEDBACK_SECONDS = 20
EVENTS = 4  # in one batch
OVERLOAD = 4  # times the users
OVERLOAD_SECONDS = 60
QUANTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
PARTS = ("api", "workers", "locust", "others")  # that take processor time
TICK = os.sysconf("SC_CLK_TCK")
SERVE = (sys.executable, "-c", "from shoprl.cli.main import main; main()", "serve")
LIMIT = ("--rate", "100000")  # all users have one address here
_AMOUNT = re.compile(r"\d+(?:\.\d+)?(?=\s*(?:dollars|bucks|usd)|$)|(?<=\$)\d+(?:\.\d+)?", re.IGNORECASE)


# Requests


def requests_of(shop: Path, count: int, seed: int = 0) -> list[str]:
    """Requests for a shop's products, all different: its goals', with other ceilings and words."""
    goals = [goal.instruction for goal in read_data(shop).goals]
    rng, made = random.Random(seed), dict[str, None]()
    while len(made) < count:
        words = rng.choice(goals)
        ceiling = f"{rng.uniform(5, 300):.2f}"
        words = _AMOUNT.sub(ceiling, words, count=1) if _AMOUNT.search(words) else f"{words}, under {ceiling} dollars"
        parts = words.split(", ")
        rng.shuffle(parts)
        made[" ".join(", ".join(parts).split())] = None
    return list(made)


# The processes


def running(pid: int) -> list[int]:
    """A process and those that it started, and theirs."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = [int(each) for each in task.read_text().split()]
        except OSError:
            continue
        for each in below:
            found += running(each)
    return found


def processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def megabytes(pid: int) -> float:
    """Resident memory, what processes share divided among them."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) / 1024  # type: ignore[index]


def busy_seconds() -> float:
    """Processor time that the whole machine has spent."""
    fields = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


class Watch:
    """Looks at the memory and the processor time of processes, by name, each second."""

    def __init__(self, named: Mapping[str, list[int]]) -> None:
        self._named, self._over = named, threading.Event()
        self.rows: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        row: dict[str, Any] = {"at": time.time(), "machine": busy_seconds()}
        for name, roots in self._named.items():
            own = [pid for root in roots for pid in running(root)] if name != "api" else roots
            row[name] = {"cpu": sum(map(processor_seconds, own)), "mb": sum(map(megabytes, own))}
        self.rows.append(row)

    def _run(self) -> None:
        while not self._over.wait(1):
            self._look()

    def summary(self) -> dict[str, Any]:
        """Memory at the start, each minute and at the end; its slope; processor time as a share of one core."""
        first, last = self.rows[0], self.rows[-1]
        seconds = last["at"] - first["at"]
        names = [name for name in first if name not in ("at", "machine")]
        cores = {name: (last[name]["cpu"] - first[name]["cpu"]) / seconds for name in names}
        served = [name for name in names if name != "locust"]
        memory = [(row["at"] - first["at"], sum(row[name]["mb"] for name in served)) for row in self.rows]
        times, sizes = np.array(memory).T
        later = times >= min(60, seconds / 2)  # caches have filled
        slope = float(np.polyfit(times[later], sizes[later], 1)[0]) * 60 if later.sum() > 2 else 0.0
        minutes = [round(float(sizes[np.abs(times - 60 * each).argmin()]), 1) for each in range(int(seconds // 60) + 1)]
        others = (last["machine"] - first["machine"]) / seconds - sum(cores.values())
        return {
            "seconds": round(seconds, 1),
            "cores": {name: round(each, 3) for name, each in cores.items()} | {"others": round(max(0.0, others), 3)},
            "megabytes": {"each_minute": minutes, "end": round(float(sizes[-1]), 1)}
            | {name: round(last[name]["mb"], 1) for name in served},
            "megabytes_a_minute": round(slope, 2),
        }


# The service


@contextmanager
def served(shop: Path, database: str, log: Path, more: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """The address of a service that is ready, and its process."""
    command = [*SERVE, "--catalog", str(shop), "--port", "0", "--database", database, *LIMIT, *more]
    with log.open("w") as written:
        process = subprocess.Popen(command, stderr=written, start_new_session=True)
    try:
        address = ""
        while not address:
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            found = re.search(r"^Serving .* on (http://\S+) \(API", log.read_text(), re.MULTILINE)
            address = found[1] if found else ""
            time.sleep(0.1)
        began = time.time()
        while httpx.get(f"{address}/health/ready", trust_env=False, timeout=60).status_code != 200:
            if time.time() > began + 120:
                raise SystemExit("the service is not ready")
            time.sleep(0.1)
        yield address, process.pid
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def database_of(given: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The address of a database, and its kind."""
    if given == "temporary":
        sys.path.insert(0, str(HERE.parent))
        from tests.support import postgres

        with postgres.server(sync=True) as address:
            yield address.format(password=postgres.QUOTED), "postgresql"
    elif given == "sqlite":
        yield f"sqlite:///{folder / 'load.sqlite'}", "sqlite"
    else:
        yield given, given.partition(":")[0]


def ask_some(address: str, requests: Sequence[str]) -> dict[str, list[str]]:
    """Decisions for feedback to be about; they also warm the service up."""
    made = {}
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        for each in requests:
            answer = client.post("/v1/recommendations", json={"request": each}).raise_for_status().json()
            if answer["items"]:
                made[answer["decision_id"]] = [item["id"] for item in answer["items"]]
    return made


# Phases


def phase(address: str, server: int, given: dict[str, Any], users: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Have locust ask for a while; what came of it."""
    name = secrets.token_hex(4)
    plan, out = folder / f"{name}.json", folder / f"{name}.jsonl"
    write_json(plan, given | {"out": str(out), "run": name})
    command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py"), "--headless", "--only-summary"]
    command += ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s", "--host", address]
    command += ["--stop-timeout", "30", "--loglevel", "ERROR"]
    with (folder / f"{name}.log").open("w") as log:
        locust = subprocess.Popen(command, env=os.environ | {"SHOPRL_LOAD": str(plan)}, stdout=log, stderr=log)
        workers = [pid for pid in running(server) if pid != server]
        with Watch({"api": [server], "workers": workers, "locust": [locust.pid]}) as watch:
            locust.wait()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    if locust.returncode or not rows:
        raise SystemExit((folder / f"{name}.log").read_text()[-3000:])
    first, last = rows[0][0], max(row[0] for row in rows)
    asked = {kind: [row for row in rows if row[1] == kind] for kind in dict.fromkeys(row[1] for row in rows)}
    return {
        "users": users,
        **{kind: timed(own, last - first) for kind, own in asked.items()},
        "faults": dict(Counter(row[4] for row in rows if row[4])),
        **watch.summary(),
    }


def timed(rows: Sequence[Sequence[Any]], seconds: float) -> dict[str, Any]:
    """Counts by status, and quantiles of the milliseconds of what was answered with 200."""
    good = [row[2] for row in rows if row[3] == 200]
    quantiles = np.quantile(good, (0.5, 0.95, 0.99, 1.0)).round(1).tolist() if good else [None] * 4
    return {
        "count": len(rows),
        "a_second": round(len(good) / max(seconds, 1e-9), 1),
        "status": dict(sorted(Counter(str(row[3]) for row in rows).items())),
        **dict(zip(QUANTILES, quantiles, strict=True)),
    }


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All phases on one service."""
    shop = options.shop or folder / "shop"
    if not shop.exists():
        generate = [*SERVE[:-1], "catalog", "generate", "--products", str(options.products), "--out", str(shop)]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    users, seconds = options.users, 60 * options.minutes
    overload_seconds = min(OVERLOAD_SECONDS, seconds)
    browsers = options.browsers
    steady_requests = int(users * (seconds / PACE + 2) + browsers * (seconds / BROWSING + 2))
    counts = [20, steady_requests, int(OVERLOAD * users * (overload_seconds / PACE + 2))]
    requests = requests_of(shop, sum(counts))
    warm, steady, more = (requests[sum(counts[:place]) : sum(counts[: place + 1])] for place in range(3))
    with (
        database_of(options.database, folder) as (database, kind),
        served(shop, database, folder / "server.log", options.serve) as (address, server),
    ):
        decisions = ask_some(address, warm)
        made: dict[str, Any] = {}
        if "steady" in options.phases:
            given = {"requests": steady, "pace": PACE, "browsers": browsers, "browsing": BROWSING}
            made["steady"] = phase(address, server, given, users + browsers, seconds, folder)
        if "feedback" in options.phases:
            made["feedback"] = feedback_phases(address, server, decisions, folder)
        if "overload" in options.phases:
            given = {"requests": more, "pace": PACE}
            made["overload"] = phase(address, server, given, OVERLOAD * users, overload_seconds, folder)
    return {
        "products": options.products,
        "database": kind,
        "serve": [*LIMIT, *options.serve],
        "browsers": browsers,
        "requests": len(requests),
        "repeated_requests": len(requests) - len(set(requests)),
        "phases": made,
    }


def feedback_phases(address: str, server: int, decisions: Mapping[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Feedback alone, at growing rates, until one is not kept up with."""
    found: list[dict[str, Any]] = []
    for rate in RATES:
        pace = FEEDBACK_USERS * EVENTS / rate
        given = {"decisions": decisions, "pace": pace}
        found.append({"rate": rate} | phase(address, server, given, FEEDBACK_USERS, FEEDBACK_SECONDS, folder))
        found[-1]["events_a_second"] = round(EVENTS * found[-1]["feedback"]["a_second"])
        if found[-1]["feedback"]["p95_ms"] > 100:
            break
    return found


def targets(record: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Each target: what it asks for, what was measured, and whether that is enough."""
    found: list[tuple[str, str, bool]] = []
    phases, small = record["phases"], record["products"] <= 10_000
    most, least = 500 if small else 1_000, 500 if record["database"] == "sqlite" else 1_000
    if steady := phases.get("steady"):
        for kind, bound in (("recommendations", most), ("feedback", 20)):
            value = steady[kind]["p95_ms"]
            found.append((f"{kind}: p95 at most {bound} ms", f"{value:g} ms", value <= bound))
        kinds = [kind for kind in ("recommendations", "feedback", *PAGES) if kind in steady]
        bad = [(code, n) for kind in kinds for code, n in steady[kind]["status"].items()]
        errors = sum(n for code, n in bad if code != "200") + sum(
            n for text, n in steady["faults"].items() if text != "an empty list"
        )
        found.append(("no error", f"{errors} errors", errors == 0))
        slope = steady["megabytes_a_minute"]
        found.append(("memory flat: at most 2 MB a minute more", f"{slope:+g} MB a minute", slope <= 2))
    if alone := phases.get("feedback"):
        kept = max((each["events_a_second"] for each in alone if each["feedback"]["p95_ms"] <= 20), default=0)
        found.append((f"{least} events a second at p95 <= 20 ms", f"{kept} events a second", kept >= 0.98 * least))
    if over := phases.get("overload"):
        codes = {code for kind in ("recommendations", "feedback") for code in over.get(kind, {}).get("status", {})}
        odd = [each for each in over["faults"] if each != "an empty list"]
        good = codes <= {"200", "429", "503"} and not odd
        found.append(("overload: 200, or 429 and 503 with Retry-After", ", ".join([*sorted(codes), *odd]), good))
    return found


def table(record: Mapping[str, Any]) -> str:
    """A record as Markdown."""
    lines = [
        f"### {record['products']:,} products, {record['database']}",
        "",
        "| target | measured | |",
        "|---|---|---|",
    ]
    lines += [f"| {asked} | {value} | {'met' if good else '**missed**'} |" for asked, value, good in targets(record)]
    head = "| phase | asked | a second | p50 | p95 | p99 | max ms | answers | cores: API, workers, locust, others |"
    lines += ["", head, "|---|---|---|---|---|---|---|---|---|"]
    phases = record["phases"]
    rows = [(_named(record, key, each), each) for key in ("steady", "overload") if (each := phases.get(key))]
    rows += [(f"feedback alone, {each['rate']} events/s", each) for each in phases.get("feedback", ())]
    for name, each in rows:
        cores = ", ".join(f"{each['cores'][part]:.2f}" for part in PARTS)
        for kind in ("recommendations", "feedback", *PAGES):
            if own := each.get(kind):
                times = " | ".join(
                    "" if own[q] is None else f"{own[q]:g}" for q in ("p50_ms", "p95_ms", "p99_ms", "max_ms")
                )
                codes = ", ".join(f"{n:,} × {code}" for code, n in own["status"].items())
                lines.append(f"| {name} | {kind} | {own['a_second']:g} | {times} | {codes} | {cores} |")
                name = cores = ""
    if steady := phases.get("steady"):
        sizes = steady["megabytes"]
        minutes = ", ".join(f"{each:.0f}" for each in sizes["each_minute"])
        lines += ["", f"Memory of all its processes each minute: {minutes} MB (API {sizes['api']:.0f} MB at the end)."]
    return "\n".join([*lines, ""])


def _named(record: Mapping[str, Any], key: str, each: Mapping[str, Any]) -> str:
    browsers = record.get("browsers", 0) if key == "steady" else 0
    return f"{each['users'] - browsers} users" + (f", {browsers} browsers" if browsers else "")


def main() -> None:
    """Measure, or make a page of what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the record")
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--shop", type=Path, help="a shop instead of a generated one")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--browsers", type=int, default=20, help="people in the pages, beside the users of the API")
    parser.add_argument("--database", default="sqlite", help="sqlite, temporary (PostgreSQL), or an address")
    parser.add_argument("--phases", nargs="+", default=["steady", "feedback", "overload"])
    parser.add_argument("--serve", nargs=argparse.REMAINDER, default=[], help="more options of shoprl serve")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoprl-load-") as folder:
        made = measured(options, Path(folder))
    record = {"command": ["benchmarks/service_load.py", *sys.argv[1:]], "machine": machine(), "versions": versions()}
    record |= {"commit": commit(), "users": options.users, "minutes": options.minutes, **made}
    write_json(options.out, record)
    print(table(record))


if __name__ == "__main__":
    main()
