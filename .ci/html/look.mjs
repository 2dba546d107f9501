// Are report.html and the page of a history what they promise, in a real browser? A harness and a folder in; what is wrong, and
// pictures, out.
//
// node look.mjs HARNESS FOLDER [CHROMIUM]
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { nights, runs, SECRET } from "./runs.mjs";

const [harness, folder, executablePath = "/usr/bin/chromium"] = process.argv.slice(2).map((path) => resolve(path));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [390, 820, 1440];
const SIZE = 1_000_000;

const faults = [];
const expect = (is, what) => { if (!is) { faults.push(what); console.log(`  FAULT ${what}`); } };

function rendered(run, format = "html") {
  const page = join(folder, `${run}.${format}`);
  // As cargo starts it, so that commands have no path in them.
  const env = { ...process.env, PGPASSWORD: SECRET, CARGO_PKG_NAME: "pyo3-matrix" };
  try {
    execFileSync(harness, ["report", run, "--format", format, "--output", page], { cwd: folder, env, stdio: "pipe" });
  } catch (error) {
    // A run that is not green.
    if (error.status !== 1) throw error;
  }
  return page;
}

// The page of a run that holds the lock of one that is at work.
function renderedAtWork(run) {
  const holder = spawn("flock", [join(folder, run, "at-work"), "-c", "echo held; read wait"], { stdio: ["pipe", "pipe", "inherit"] });
  return new Promise((done, failed) => {
    holder.stdout.once("data", () => {
      try { done(rendered(run)); } catch (error) { failed(error); } finally { holder.stdin.end("\n"); }
    });
  });
}

// The page of a history of so many nights, each made of the report of one run.
function kept(name, count) {
  const [page, into] = [join(folder, `${name}.html`), join(folder, `${name}.json`)];
  const env = { ...process.env, PGPASSWORD: SECRET, CARGO_PKG_NAME: "pyo3-matrix" };
  const report = JSON.parse(readFileSync(join(folder, "full.json"), "utf8"));
  const reports = nights(join(folder, "nights"), report, count);
  execFileSync(harness, ["history", ...reports, "--into", into, "--html", page], { cwd: folder, env, stdio: "pipe" });
  rmSync(join(folder, "nights"), { recursive: true });
  console.log(`${name}: ${statSync(into).size} bytes of history.json`);
  return page;
}

const visible = (page, selector) => page.locator(`${selector}:visible`).count();

async function looks(browser, name, path, width, colorScheme) {
  const what = `${name} at ${width} in ${colorScheme}`;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  page.setDefaultTimeout(120_000);
  page.on("console", (message) => expect(message.type() !== "error" && message.type() !== "warning", `${what}: ${message.text()}`));
  page.on("pageerror", (error) => expect(false, `${what}: ${error}`));
  page.on("request", (request) => expect(request.url().startsWith("file:"), `${what}: asks for ${request.url()}`));
  await page.goto(pathToFileURL(path).href);
  expect(!(await page.evaluate(() => window.hurt)), `${what}: a text ran as a script`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide <= 0, `${what}: the page is ${wide} pixels too wide`);
  await page.screenshot({ path: join(folder, "pictures", `${name}-${width}-${colorScheme}.png`) });
  // No colour depends on the width, and no layout on the scheme: the narrowest and the widest page show both.
  if ((width === WIDTHS[0]) === (colorScheme === "light") && width !== WIDTHS[1]) {
    await page.evaluate(() => { for (const closed of [...document.querySelectorAll("details:not([open])")].slice(0, 12)) closed.open = true; });
    await accessible(page, what);
  }
  return page;
}

// The policy of the page keeps other scripts out, so the checker comes in by the debugger.
async function accessible(page, what) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, help, nodes } of violations) {
    expect(false, `${what}: ${id}, ${help}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`).join(" | ")}`);
  }
}

async function controls(page, name) {
  for (const show of ["speed", "latency", "memory", "time", "outcome"]) {
    await page.locator(`label[for=show-${show}]`).click();
    const cells = await visible(page, ".cell");
    const shown = await page.locator(".cell > span:visible").count();
    expect(cells === 160 && shown === cells, `${name}: ${show} shows ${shown} of ${cells} cells`);
    if (show === "speed") {
      const texts = async () => (await page.locator(".cell > span:visible").allInnerTexts()).join(" ");
      const before = await texts();
      await page.locator("#compared").selectOption({ index: 1 });
      expect(before !== (await texts()), `${name}: another comparison shows the same`);
    }
    await page.screenshot({ path: join(folder, "pictures", `${name}-${show}.png`) });
    await accessible(page, `${name} showing ${show}`);
  }
  await page.locator("label.filter", { hasText: "Postgres" }).locator("select").selectOption("pg13");
  expect((await visible(page, ".cell")) === 40, `${name}: filtered by a server, ${await visible(page, ".cell")} cells`);
  expect((await visible(page, "details.sheet")) === 40, `${name}: filtered, ${await visible(page, "details.sheet")} sections`);
  await page.locator("label.filter", { hasText: "Python" }).locator("select").selectOption("py3.12");
  expect((await page.locator("#shown").innerText()) === "8 of 160 cells", `${name}: says ${await page.locator("#shown").innerText()}`);
  await page.getByRole("button", { name: "All cells" }).click();
  expect((await visible(page, ".cell")) === 160, `${name}: the filters are gone`);
  // By keyboard alone: the first control is reached, and an arrow changes it.
  await page.locator("#show-outcome").focus();
  await page.keyboard.press("ArrowRight");
  expect(await page.locator("#show-speed").isChecked(), `${name}: the arrow chooses the next measure`);
}

async function opens(page, name) {
  await page.locator("label[for=show-outcome]").click();
  await page.locator(".cell:has(.bad)").nth(1).click();
  await page.waitForTimeout(400);
  const open = page.locator("details.sheet:target");
  expect((await open.getAttribute("open")) !== null, `${name}: a cell opens its section`);
  const text = await open.innerText();
  for (const said of ["requested", "observed", "again", "unexpected message </script>", "Resident set"]) expect(text.includes(said), `${name}: a red cell says ${said}`);
  await page.screenshot({ path: join(folder, "pictures", `${name}-cell.png`) });
}

async function withoutScripts(browser, path) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(pathToFileURL(path).href);
  expect((await visible(page, ".cell")) === 160 && (await visible(page, "details.sheet > summary")) === 160, "without scripts, every cell is there");
  await page.locator("label[for=show-memory]").click();
  expect((await visible(page, ".cell > .m-memory")) === 160, "without scripts, another measure is shown");
  await page.locator("label.filter", { hasText: "Postgres" }).locator("select").selectOption("pg13");
  expect((await visible(page, ".cell")) === 40, "without scripts, filters work");
  await context.close();
}

// From the begin of the navigation to the first painting of the page: told, and no reason to fail, since machines differ.
async function prompt(browser, path) {
  const times = [];
  for (let at = 0; at < 7; at++) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(pathToFileURL(path).href);
    times.push(await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity))))));
    await page.close();
  }
  times.sort((one, other) => one - other);
  console.log(`  first painted after ${times[3].toFixed(0)} ms (median of ${times.length}, ${times[0].toFixed(0)} to ${times[6].toFixed(0)})`);
}

const said = {
  full: ["Not green", "investigate", "fails on PyO3 0.27 and later with Python 3.12 and later"], merged: ["Merged from 20 runs"],
  one: ["Green", "proceed"], grid: ["20/20 cells green"], "under-way": ["Not green yet", "13 under way"], interrupted: ["8 interrupted"], nothing: ["20 lost", "not measured"],
  history: ["Not green", "Since the run before", "regressed: ", "median at last", "cells passed in every run that has them", "The report of this run"],
  first: ["Not green", "1 run", "met in 1 of 1 run"],
};

mkdirSync(join(folder, "pictures"), { recursive: true });
const names = runs(folder);
rendered("full", "json");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const made = {
  "under-way": () => renderedAtWork("under-way"), first: () => kept("first", 1),
  history: () => {
    // The page of the newest run stands beside it.
    execFileSync("cp", [join(folder, "full.html"), join(folder, "report.html")]);
    return kept("history", 90);
  },
};
for (const name of [...names, "history", "first"]) {
  const path = await (made[name] ?? (() => rendered(name)))();
  const text = readFileSync(path, "utf8");
  console.log(`${name}: ${statSync(path).size} bytes`);
  expect(statSync(path).size < SIZE, `${name}: ${statSync(path).size} bytes`);
  expect(!text.includes("hush"), `${name}: holds a secret`);
  for (const width of WIDTHS) for (const scheme of ["light", "dark"]) {
    const page = await looks(browser, name, path, width, scheme);
    if (width === 1440 && scheme === "light") {
      const body = (await page.locator("body").innerText()).replace(/\s+/g, " ");
      for (const words of said[name]) expect(body.includes(words), `${name}: does not say ${words}`);
      const shares = (await page.locator(".shares strong").allInnerTexts()).map(Number);
      const all = shares.pop() ?? 0;
      expect(all === shares.reduce((sum, count) => sum + count, 0), `${name}: ${shares.join(" + ")} is not ${all}`);
    }
    await page.close();
  }
}
const full = join(folder, "full.html");
for (const colorScheme of ["light", "dark"]) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, colorScheme });
  await page.goto(pathToFileURL(full).href);
  await controls(page, `full-${colorScheme}`);
  await opens(page, `full-${colorScheme}`);
  await page.close();
}
await withoutScripts(browser, full);
await prompt(browser, full);
await browser.close();
if (faults.length > 0) {
  console.log(`${faults.length} faults`);
  process.exit(1);
}
console.log("as promised");
