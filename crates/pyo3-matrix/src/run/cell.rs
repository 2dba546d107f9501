//! What happens in a cell? Its services and its environment in, a record out. Two stages: tests, which run beside
//! other cells, and benchmarks, which run alone.

mod copy;
mod modules;
mod stage;
mod variables;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err as fs;

use crate::build::environment::Environment;
use crate::config::Config;
use crate::config::service::ServiceId;
use crate::model::cell::CellId;
use crate::model::event::{self, Event};
use crate::model::failure::Failure;
use crate::model::kit;
use crate::model::program;
use crate::model::record::{Hashes, Outcome, Record, Thoroughness, Versions};
use crate::model::secrets;
use crate::plan::Planned;
use crate::process::{Command, Exit, Finished, ProcessError};
use crate::provision::Context;
use crate::run::noise;
use crate::service::{self, Service};
use crate::store::left::{Left, Measured};
use crate::verdict::measure;
use crate::verdict::outcome::{Expected, outcome};
use copy::Copy;
pub use modules::refuse_tests_inside;
use stage::StageResult;
use variables::Variables;

/// How thorough the benchmark stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Benchmarks {
    /// Leave the stage out.
    Off,
    /// Enough rounds for a ratio with an interval.
    Quick,
    /// More rounds, for narrower intervals.
    Full,
}

impl Benchmarks {
    /// The benchmarks of a run with these stages.
    #[must_use]
    pub fn of(stages: Thoroughness) -> Benchmarks {
        match stages {
            Thoroughness::Tests => Benchmarks::Off,
            Thoroughness::Quick => Benchmarks::Quick,
            Thoroughness::Full => Benchmarks::Full,
        }
    }

    /// The stages that a run with these benchmarks has.
    #[must_use]
    pub fn stages(self) -> Thoroughness {
        match self {
            Benchmarks::Off => Thoroughness::Tests,
            Benchmarks::Quick => Thoroughness::Quick,
            Benchmarks::Full => Thoroughness::Full,
        }
    }
}

/// A cell that can run.
pub struct Ready<'a, 'p> {
    pub planned: &'a Planned,
    pub environment: &'a Environment,
    /// Those that the tests need, in the order of matrix.toml.
    pub services: Vec<(&'a ServiceId, &'a (dyn Service + 'p))>,
    /// The only folder that the cell writes in.
    pub folder: PathBuf,
}

/// What the benchmark stage writes in its cell's folder.
pub const BENCHMARK_FILES: [&str; 2] = ["benchmarks", "benchmark.json"];

/// The two stages, as folder and limit.
#[derive(Clone, Copy)]
enum Stage {
    Tests,
    Benchmarks,
}

impl Stage {
    /// What is told of a cell while its process runs.
    fn under_way(self) -> event::Stage {
        match self {
            Stage::Tests => event::Stage::Testing,
            Stage::Benchmarks => event::Stage::Measuring,
        }
    }
}

impl Ready<'_, '_> {
    /// Runs the correctness stage. Never fails: what goes wrong is the record's outcome.
    #[must_use]
    pub fn tests(&self, context: &Context<'_>) -> Record {
        let requested = self.planned.requested.clone();
        self.comes_to(event::Stage::Preparing, context);
        let result = match self.stage(Stage::Tests, Benchmarks::Off, context) {
            Ok(result) => result,
            Err(Failure { outcome, reason }) => {
                return Record::empty(self.id().clone(), requested, outcome, Some(reason));
            }
        };
        let is_the_wheel = result.is_the_wheel();
        let mut record = Record::empty(self.id().clone(), requested, result.outcome, result.reason);
        record.observed = result.evidence.observed;
        record.tests = result.evidence.tests;
        record.seconds = result.evidence.seconds;
        record.failures = result.evidence.failures;
        record.skips = result.evidence.skips;
        record.memory = result.evidence.memory;
        record.passed_env = result.passed;
        record.kit = result.evidence.kit;
        record.detection = result.evidence.detection;
        record.durations.tests = result.evidence.own_seconds;
        record.durations.harness = result.harness;
        record.hashes = Hashes {
            line_lock: Some(self.environment.wheel.line_lock.clone()),
            cell_lock: Some(self.environment.lock().to_owned()),
            wheel: is_the_wheel.then(|| self.environment.wheel.sha256.clone()),
            wheel_key: Some(self.environment.wheel.key.clone()),
        };
        record
    }

    /// Runs the benchmark stage, and adds what it measured to the record of the first.
    pub fn benchmarks(&self, record: &mut Record, thoroughness: Benchmarks, context: &Context<'_>) {
        self.comes_to(event::Stage::Preparing, context);
        let before = noise::score();
        let stage = self.stage(Stage::Benchmarks, thoroughness, context);
        record.noise = Some(before.or_worse(noise::score()));
        match stage {
            Ok(result) => match Measured::read(&self.folder, &self.stage_folder(Stage::Benchmarks)) {
                Ok(measured) => {
                    let asked = !context.config.suite.benchmarks.is_empty();
                    result.measured(thoroughness.stages(), asked, &measured, record);
                }
                Err(error) => {
                    let Failure { outcome, reason } = machine(&error);
                    (record.outcome, record.reason) = (outcome, Some(reason));
                }
            },
            Err(Failure { outcome, reason }) => {
                (record.outcome, record.reason) = (outcome, Some(reason));
            }
        }
    }

    fn id(&self) -> &CellId {
        &self.planned.cell
    }

    fn stage_folder(&self, stage: Stage) -> PathBuf {
        match stage {
            Stage::Tests => self.folder.clone(),
            Stage::Benchmarks => self.folder.join(BENCHMARK_FILES[0]),
        }
    }

    fn stage(
        &self,
        stage: Stage,
        thoroughness: Benchmarks,
        context: &Context<'_>,
    ) -> Result<StageResult, Failure> {
        let begun = Instant::now();
        let folder = self.stage_folder(stage);
        fs::create_dir_all(&folder).map_err(|error| machine(&error))?;
        let held = service::hold(&self.services, &self.lease_name(stage), Some(&self.folder))?;
        let config = context.config;
        let members = &self.environment.wheel.members;
        let copy = config.suite.copy.then(|| Copy::make(members, config, context.processes)).transpose()?;
        let root = copy.as_ref().map_or(self.environment.root(), |copy| &copy.suite);
        let variables = Variables::of(self.id(), held.env(), std::env::vars_os(), config);
        let command = self.command(stage, (root, &folder), thoroughness, &variables, config);
        let command = command.env("PYO3_MATRIX_SERVICES", held.observe().to_string());
        let command = match &copy {
            Some(copy) => copy.variables(command),
            None => command,
        };
        let Finished { exit, tail, .. } = self.run(stage, command, context)?;
        if !variables.passed.is_empty() {
            // tox writes down what each variable held, and output.log has the rest.
            remove(&folder.join("tox/log")).map_err(|error| machine(&error))?;
        }
        // Before anything reads what the cell wrote, or keeps it.
        secrets::clean(&self.folder).map_err(|error| machine(&error))?;
        let left = Left::read(&folder, &self.folder.join(kit::INCIDENTS)).map_err(|error| machine(&error))?;
        let evidence = measure::evidence(&left, &tail).with_time_of(exit);
        let wheel = &self.environment.wheel;
        let expected =
            Expected { requested: &self.planned.requested, built: &wheel.built, members: &wheel.members };
        let (outcome, reason) = outcome(exit, &evidence, expected);
        if outcome == Outcome::Mismatch {
            self.environment.distrust();
        }
        let interrupted = exit == Exit::Interrupted;
        let result =
            StageResult { outcome, reason, evidence, interrupted, harness: 0.0, passed: variables.passed };
        let result = result.on(|| held.standing());
        if !result.outcome.is_green() {
            held.keep_logs(&self.folder);
        }
        drop((held, copy));
        let harness = (begun.elapsed().as_secs_f64() - result.evidence.own_seconds).max(0.0);
        Ok(StageResult { harness, ..result })
    }

    /// Runs the process of a stage, and tells of it.
    fn run(&self, stage: Stage, command: Command, context: &Context<'_>) -> Result<Finished, Failure> {
        self.comes_to(stage.under_way(), context);
        let finished = command.log(&self.folder.join("output.log")).run(context.processes);
        self.comes_to(event::Stage::Judging, context);
        finished.map_err(|error| process(&error))
    }

    fn comes_to(&self, stage: event::Stage, context: &Context<'_>) {
        (context.tell)(&Event::CellStage { cell: self.id(), stage });
    }

    fn command(
        &self,
        stage: Stage,
        (root, folder): (&Path, &Path),
        thoroughness: Benchmarks,
        variables: &Variables,
        config: &Config,
    ) -> Command {
        let (mut arguments, limit) = match stage {
            Stage::Tests => (config.suite.tests.clone(), config.budgets.tests),
            Stage::Benchmarks => (config.suite.benchmarks.clone(), config.budgets.benchmarks),
        };
        let full = thoroughness == Benchmarks::Full;
        Self::own_arguments(stage, folder, limit, config, &mut arguments);
        if let Some(adapter) = &config.suite.kit {
            self.add_kit(adapter, stage, full, folder, &mut arguments);
        }
        arguments.extend(config.choices(self.id()).flat_map(|choice| choice.pytest.iter().cloned()));
        let command = self.environment.run(root, &arguments, &variables.all);
        // The plugin hands this on to pytest-benchmark where a project has that; as an option it would be refused elsewhere.
        // Where there is no benchmark to save it would warn, which may be an error.
        let saves = matches!(stage, Stage::Benchmarks) && !config.suite.benchmarks.is_empty();
        let command = if saves {
            command.env("PYO3_MATRIX_BENCHMARK_JSON", self.folder.join(BENCHMARK_FILES[1]))
        } else {
            command
        };
        command
            .limit(limit)
            .env("PYO3_MATRIX_BENCH", if full { "full" } else { "quick" })
            .env("PYO3_MATRIX_OUT", folder)
            .env("PYO3_MATRIX_CELL", self.id().to_string())
            .env("PYO3_MATRIX_MEMBERS", &self.environment.wheel.members_file)
            .env("PYO3_MATRIX_REQUESTED", requested(&self.planned.requested))
            .env(
                "PYO3_MATRIX_BUILT",
                serde_json::to_string(&self.environment.wheel.built).unwrap_or_default(),
            )
    }

    /// Adds what the harness itself asks of pytest in a stage.
    fn own_arguments(
        stage: Stage,
        folder: &Path,
        limit: Duration,
        config: &Config,
        arguments: &mut Vec<String>,
    ) {
        // Stacks of a hung test reach the log before the wall clock outside ends it.
        arguments.extend(["-o".to_owned(), format!("faulthandler_timeout={}", limit.as_secs() * 3 / 4)]);
        if matches!(stage, Stage::Tests) {
            // The newer family of junit.xml has no place for what the leak tests measured.
            arguments.extend(["-o".to_owned(), "junit_family=xunit1".to_owned()]);
            arguments.push(format!("--junit-xml={}", folder.join("junit.xml").display()));
        }
        if config.suite.copy {
            // In the copy: tox has pytest keep it in the environment, which other cells use at the same time.
            arguments.extend(["-o".to_owned(), "cache_dir=.pytest_cache".to_owned()]);
        }
    }

    /// Adds the checks of the conformance kit, behind what the suite runs. Beside other cells nothing is judged by the clock or
    /// by a slope; what is, runs by itself, with the benchmarks. The kit's options stand before those of the suite, which may
    /// choose another depth.
    fn add_kit(&self, adapter: &str, stage: Stage, full: bool, folder: &Path, arguments: &mut Vec<String>) {
        let (part, depth) = match stage {
            Stage::Tests => ("--bridge-beside-others", "quick"),
            Stage::Benchmarks => ("--bridge-only-measures", if full { "default" } else { "quick" }),
        };
        let mut options = vec![
            "-p".to_owned(),
            "pytest_pyo3_bridge.plugin".to_owned(),
            "--pyargs".to_owned(),
            format!("--bridge-adapter={adapter}"),
            format!("--bridge-depth={depth}"),
            part.to_owned(),
            format!("--bridge-incidents={}", self.folder.join(kit::INCIDENTS).display()),
            format!("--bridge-json={}", folder.join(kit::FILE).display()),
        ];
        // The servers that the kit starts, kills and cuts are of the cell's own release where its programs are here.
        let mut folders = self.services.iter().filter_map(|(_, service)| service.bin());
        if let Some(bin) = folders.find(|bin| bin.join("initdb").exists()) {
            options.push(format!("--bridge-server-bin={}", bin.display()));
        }
        arguments.splice(0..0, options);
        arguments.push("pytest_pyo3_bridge".to_owned());
    }

    /// Short and plain, since a service may make it the name of something.
    fn lease_name(&self, stage: Stage) -> String {
        let suffix = match stage {
            Stage::Tests => "",
            Stage::Benchmarks => "_bench",
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        self.id().to_string().chars().map(plain).collect::<String>() + suffix
    }
}

/// Removes a folder, if it is there.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn requested(versions: &Versions) -> String {
    serde_json::to_string(versions).unwrap_or_default()
}

fn machine(error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => {
            format!("\nhint: the disk is full; `{} clean` frees what the harness keeps", program::command())
        }
        _ => String::new(),
    };
    Failure { outcome: Outcome::ProvisionFailed, reason: format!("{error}{hint}") }
}

fn process(error: &ProcessError) -> Failure {
    Failure { outcome: Outcome::ProvisionFailed, reason: error.to_string() }
}
