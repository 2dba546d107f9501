// What do runs look like of which report.html is made? A folder in; a project in it, and a run of each kind, out. Nothing of
// it was run: the records are made up, and the same each time.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// What a test may say that would be markup, if it were not escaped.
export const HOSTILE = '</script><script>window.hurt=1</script><img src=x onerror="window.hurt=1"><b>&amp;';
export const SECRET = "hush \"hush\" <1234>";

const PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13"];
const SERVERS = ["13", "14", "15", "16"];
const LINES = ["0.23", "0.24", "0.25", "0.26", "0.27", "0.28", "0.29", "0.30"];
const FILES = ["basic", "errors", "cancellation", "concurrency", "memory", "types"];
const CHECKS = ["every-answer-comes", "cancel-during", "cancel-storm", "error-class", "wait-for", "two-loops-at-once",
  "forked-child-is-told", "thread-shortage-at-first-use", "exit-with-work-in-flight", "gil-free-while-waiting"];

// Numbers that look like chance, and are the same in every run.
let state = 7;
const chance = () => (state = (state * 48271) % 2147483647) / 2147483647;
const around = (value, spread) => value * (1 + spread * (chance() + chance() + chance() - 1.5));

function cells(pythons, servers, lines) {
  return lines.flatMap((line) => servers.flatMap((server) => pythons.map((python) => ({
    python, server, line, id: `py${python}-pg${server}-pyo3_${line}`,
    requested: { python, postgres: server, pyo3: `${line}.1`, pyo3_async_runtimes: `${line}.0` },
  }))));
}

const from = (value, bound) => Number(value.split(".")[1]) >= bound;

function comparison(cell, name, title, ratio, ms) {
  const step = from(cell.line, 27) ? 1.12 : 1;
  const [candidate, control] = [around(ms * step, 0.04), around(ms * ratio, 0.04)];
  const speedup = { ratio: control / candidate, low: (control / candidate) * 0.94, high: (control / candidate) * 1.07, confidence: 0.95 };
  return { name, title, control: { label: "psycopg", median_ms: control }, candidate: { label: "prototype", median_ms: candidate }, speedup };
}

function memory(seconds) {
  const samples = [];
  for (let at = 0, size = 58e6; at < seconds; at += 0.05) {
    size += at < 1.5 ? 4e5 : 2e4 * chance();
    samples.push([Number(at.toFixed(3)), Math.round(size)]);
  }
  const leak = (slope) => ({ malloc: { slope_bytes_per_1000: Math.round(slope), low: 0, high: 9000, confidence: 0.99, readings: [] } });
  const leaks = { test_no_memory_leak_simple_queries: leak(around(3200, 0.5)), test_no_memory_leak_cancellations: leak(around(6100, 0.5)) };
  return { unit: "bytes", interval_seconds: 0.05, samples, peak: samples[samples.length - 1][1], leaks };
}

const STACKS = `check: cancel-storm\nclass: deadlock on the GIL\n${HOSTILE}\n${'  File "adapter.py", line 12 in slow\n'.repeat(60)}`;

// The rounds of both sides of each comparison.
const benchmarks = () => [["simple", 0.32], ["thousand_rows", 0.74], ["concurrent", 1.05]].flatMap(([group, ms]) =>
  ["prototype", "psycopg"].map((side, at) => {
    const median = around(ms * (1 + at), 0.05) / 1000;
    const spread = { ld15iqr: median * 0.9, q1: median * 0.96, q3: median * 1.05, hd15iqr: median * 1.18 };
    return { name: `test_latency[${group}-${side}]`, group, rounds: 120, min: median * 0.88, median, iqr: median * 0.09, spread };
  }));

function kit(cell, bad) {
  const outcome = (name) => {
    if (name === "thread-shortage-at-first-use") return "known";
    if (name === "cancel-storm" && bad) return "hung";
    return name === "gil-free-while-waiting" && !from(cell.python, 11) ? "not applicable" : "passed";
  };
  const checks = ["core", "postgres"].flatMap((layer) => CHECKS.map((name) => ({
    id: `${layer}/${name}`, level: name.startsWith("error") ? "SHOULD" : "MUST", outcome: outcome(name), seconds: around(0.3, 0.9),
    holds: `what ${name.replaceAll("-", " ")} promises to whoever calls it, in a sentence`,
    ...(outcome(name) === "known" && { message: "known: the runtime is made at first use, and panics if a thread cannot be started" }),
    ...(outcome(name) === "hung" && { message: "no answer within 10 s", hang: "deadlock on the GIL", incident: `${layer}-${name}.txt`, stacks: STACKS }),
  })));
  return { adapter: "PrototypePool", driver: "prototype 0.1.0", depth: "quick", seed: 1, checks };
}

const log = (test) => `def ${test}(pool):\n>       rows = run(pool.fetch("select 1"))\n\ntests/test_${test}.py:41:\n${"_ ".repeat(40)}\n` +
  `tests/harness.py:112: in run\n    return loop.run_until_complete(awaitable)\n${"    frame of a stack that is long\n".repeat(24)}` +
  `E       fraiseql.ProtocolError: ${SECRET} unexpected message ${HOSTILE}\n\ntests/harness.py:98: ProtocolError\n`;

// How a cell ends: a cause of two values, a crash, a flaky test; the rest passes.
function ending(cell) {
  if (from(cell.line, 27) && from(cell.python, 12)) return { outcome: "TestsFailed", failing: "test_timeout_ends_the_query" };
  if (cell.id === "py3.11-pg13-pyo3_0.25") return { outcome: { Crashed: { signal: "SIGSEGV" } }, failing: "test_a_cancellation_that_comes_late_leaves_every_connection_usable" };
  if (cell.id === "py3.10-pg15-pyo3_0.29") return { outcome: "Flaky", flaky: "test_reconnects" };
  return { outcome: "Passed" };
}

function record(cell) {
  const { outcome, failing, flaky } = ending(cell);
  const [tests, seconds, failures, skips] = [{}, {}, {}, {}];
  for (const file of FILES) for (let at = 0; at < 8; at++) {
    const test = `tests/prototype/test_${file}.py::Test${file[0].toUpperCase()}${file.slice(1)}::test_${file}_${at}`;
    tests[test] = "passed";
    seconds[test] = around(0.2, 0.9);
  }
  for (let at = 0; at < 5; at++) {
    tests[`tests/prototype/test_pool.py::test_skipped_${at}`] = "skipped";
    skips[`tests/prototype/test_pool.py::test_skipped_${at}`] = at < 3 ? "not applicable: this Python is not free-threaded" : HOSTILE;
  }
  for (const test of ["test_timeout_ends_the_query", "test_a_cancellation_that_comes_late_leaves_every_connection_usable"]) tests[`tests/prototype/test_cancellation.py::TestCancellation::${test}`] = "passed";
  tests["tests/prototype/test_pool.py::test_reconnects"] = "passed";
  if (failing) {
    const test = `tests/prototype/test_cancellation.py::TestCancellation::${failing}`;
    const ran = outcome === "TestsFailed";
    tests[test] = ran ? "failed" : "running";
    if (ran) failures[test] = { message: `fraiseql.ProtocolError: unexpected message ${HOSTILE}`, report: log(failing) };
  }
  const observed = {
    ...cell.requested, python_full: `${cell.python}.7`, postgres_full: `${cell.server}.4`, implementation: "cpython",
    build_info: { rustc: "rustc 1.95.0 (59807616e 2026-04-14)" }, packages: { pytest: "9.2.0" },
  };
  const red = outcome !== "Passed" && outcome !== "Flaky";
  const times = { tests: around(13, 0.3), benchmarks: red ? 0 : around(5, 0.1), harness: around(0.9, 0.3) };
  return {
    schema_version: 1, cell: cell.id, outcome, thoroughness: red ? "tests" : "quick", requested: cell.requested, observed,
    ...(red && { reason: failing && outcome === "TestsFailed" ? "1 of 54 tests failed" : "the test process was ended by SIGSEGV\nhint: output.log has its last words" }),
    ...(flaky && { attempts: [{ reason: "1 of 53 tests failed", failing: { [`tests/prototype/test_pool.py::${flaky}`]: "it was late" } }] }),
    ...(failing && outcome === "TestsFailed" && { attempts: [{ reason: "1 of 54 tests failed", failing: { [`tests/prototype/test_cancellation.py::TestCancellation::${failing}`]: "as before" } }] }),
    ...(flaky && { reason: "its tests failed in one try, and then passed on the same sources" }),
    tests, seconds, failures, skips, benchmarks: red ? [] : benchmarks(),
    ...(!red && { noise: { spread: around(0.04, 0.5), waited: 0.02 } }),
    comparisons: red ? [] : [
      comparison(cell, "simple", "Simple query", 2.1, 0.32), comparison(cell, "thousand_rows", "1,000 rows", 0.98, 0.74),
      comparison(cell, "concurrent", "10 concurrent queries", 2.7, 1.05),
    ],
    memory: memory(12), kit: kit(cell, outcome !== "Passed" && red), durations: times,
    hashes: { line_lock: "ac430e9c3bf248a6".repeat(4), cell_lock: "7d6be00729301203".repeat(4), wheel: "8dc96722c9667737".repeat(4), wheel_key: null },
  };
}

const CRITERIA = [
  { name: "Basic query execution", test: "TestBasic::test_basic_0" }, { name: "Concurrent queries (no deadlock)", test: "TestConcurrency::test_concurrency_0" },
  { name: "Cancellation works", test: "TestCancellation::test_timeout_ends_the_query" }, { name: "Errors propagate", test: "TestErrors::test_errors_0" },
  { name: "Performance gain", speedup: { simple: 1.5, concurrent: 2.0 } }, { name: "No memory leaks", test: "TestMemory::test_memory_0" },
];

const ledger = (interrupted) => ({
  schema_version: 1, wall: 1412.4, harness: 38.2, wheels_built: 32, wheels_kept: 8, found: ["Python 3.13 (3.13.7)  ~/.local/bin/python3.13"], interrupted,
  phases: [["tools", 4.1], ["interpreters", 9.4], ["wheels", 380.2], ["tests", 760.5], ["benchmarks", 258.2]].map(([name, wall]) => ({ name, wall, work: wall * 0.9 })),
});

const merged = (parts) => ({
  runs: Array.from({ length: parts }, (_, at) => ({ run: `20260101T0000${10 + at}Z-1`, started: "2026-01-01T00:00:00Z", part: `shard ${at + 1} of ${parts}`, cells: 8 })),
  contested: [{ cell: "py3.9-pg13-pyo3_0.23", counts: "20260101T000010Z-1", outcome: "Passed", passed_over: "20260101T000011Z-1", other_outcome: "Passed", why: "later" }],
});

// Writes the folder of a run of these cells, `done` of which have a record.
function write(folder, name, planned, done, more = {}, accounts = ledger(false)) {
  const run = join(folder, name);
  for (const cell of planned.slice(0, done)) {
    mkdirSync(join(run, "cells", cell.id), { recursive: true });
    writeFileSync(join(run, "cells", cell.id, "record.json"), JSON.stringify(record(cell)));
  }
  mkdirSync(run, { recursive: true });
  const plan = {
    preset: name, services: { pg: { name: "postgres", title: "Postgres" } },
    cells: planned.map((cell) => ({ cell: cell.id, requested: cell.requested, ...(cell.excluded && { excluded: cell.excluded }) })),
  };
  const intent = { schema_version: 1, run: `20260101T000000Z-${name}`, started: "2026-01-01T00:00:00Z", plan, criteria: CRITERIA, thoroughness: "quick", ...more };
  writeFileSync(join(run, "plan.json"), JSON.stringify(intent));
  if (accounts) writeFileSync(join(run, "ledger.json"), JSON.stringify(accounts));
}

// Writes a project and its runs, and returns the runs' names.
export function runs(folder) {
  const table = (name, values) => values.map((value) => `[[${name}]]\n${value}\n`).join("");
  mkdirSync(join(folder, "lines"), { recursive: true });
  mkdirSync(join(folder, "tests"), { recursive: true });
  mkdirSync(join(folder, "requirements"), { recursive: true });
  writeFileSync(join(folder, "Cargo.toml"), '[package]\nname = "m"\nversion = "0.1.0"\n');
  writeFileSync(join(folder, "pyproject.toml"), "");
  for (const line of LINES) writeFileSync(join(folder, "lines", `${line}.lock`), "version = 4\n");
  writeFileSync(join(folder, "matrix.toml"), `schema_version = 1\n[extension]\nmodule = "m"\nmanifest = "Cargo.toml"\npyproject = "pyproject.toml"\n` +
    `sources = []\nlocks = "lines"\n[suite]\nrequirements = "requirements"\ntests = ["tests"]\n[service.postgres]\nkind = "postgres"\ntag = "pg"\n` +
    table("python", PYTHONS.map((python) => `version = "${python}"`)) +
    table("service.postgres.release", SERVERS.map((server) => `version = ${server}\nauth = "scram-sha-256"`)) +
    table("line", LINES.map((line) => `name = "${line}"\npyo3 = "${line}.1"\npyo3-async-runtimes = "${line}.0"`)) +
    `[preset.all]\ndefault = true\npython = "all"\npostgres = "all"\nline = "all"\n`);
  const all = cells(PYTHONS, SERVERS, LINES);
  all[3].excluded = "cannot be built: the lock of this line needs a newer Python";
  const grid = cells(PYTHONS, SERVERS, ["0.30"]);
  write(folder, "full", all, all.length);
  write(folder, "merged", all, all.length, { merged: merged(20) });
  write(folder, "one", cells(["3.13"], ["16"], ["0.26"]), 1);
  write(folder, "grid", cells(PYTHONS, SERVERS, ["0.26"]), 20);
  write(folder, "under-way", grid, 7, {}, null);
  write(folder, "interrupted", grid, 12, {}, ledger(true));
  write(folder, "nothing", grid, 0);
  return ["full", "merged", "one", "grid", "under-way", "interrupted", "nothing"];
}

// How a cell of a history ended on this night: one cause that came and was mended, one that came last, one that comes and goes.
function ended(cell, night, count) {
  if (cell.includes("pyo3_0.30") && cell.includes("py3.13") && night >= 20 && night < 26) return "TestsFailed";
  if (cell.includes("pyo3_0.27") && night === count - 1) return "TestsFailed";
  if (cell === "py3.10-pg15-pyo3_0.29" && night % 9 === 4) return "Flaky";
  return cell === "py3.11-pg13-pyo3_0.25" && night % 31 === 7 ? { Crashed: { signal: "SIGSEGV" } } : "Passed";
}

// Writes a report for each of so many nights, all made of one report, and returns their paths.
export function nights(folder, report, count) {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, night) => {
    const one = structuredClone(report);
    const started = new Date(Date.UTC(2026, 0, 1 + night, 2, 17)).toISOString().replace(".000", "");
    one.run = `${started.replace(/[-:]/g, "")}-1`;
    one.started = started;
    one.origin = {
      harness: "0.1.0", commit: { hash: `${(night * 7919 + 4096).toString(16)}c0ffee`.padEnd(40, "1a2b3c4d"), dirty: false },
      host: { os: "linux", arch: "x86_64", cpu: "AMD EPYC 7763 64-Core Processor", cores: 4 },
    };
    for (const cell of one.verdict.cells) {
      if (cell.outcome.Skipped) continue;
      cell.outcome = ended(cell.cell, night, count);
      cell.failing = cell.outcome === "TestsFailed" ? { "tests/test_cancellation.py::test_timeout": `late ${HOSTILE}` } : {};
      for (const ratio of Object.values(cell.measured?.comparisons ?? {})) for (const key of ["ratio", "low", "high"]) ratio[key] = around(ratio[key], 0.05);
    }
    one.verdict.green = one.verdict.cells.every((cell) => cell.outcome === "Passed" || cell.outcome.Skipped);
    one.verdict.attributions = [];
    for (const criterion of one.verdict.criteria) {
      const slow = criterion.speedups && night >= 50 && night < 60;
      if (slow) criterion.status = "missed";
      for (const range of Object.values(criterion.speedups ?? {})) {
        const factor = around(slow ? 0.6 : 1, 0.06);
        for (const key of ["median", "low", "high"]) range[key] *= factor;
      }
    }
    const path = join(folder, `${night}.json`);
    writeFileSync(path, JSON.stringify(one));
    return path;
  });
}
