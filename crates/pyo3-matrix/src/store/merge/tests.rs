use super::*;
use crate::config::{Flaky, Missing, Negative};
use crate::model::document;
use crate::model::negative::{Ending, NegativeRecord};
use crate::model::record;
use crate::model::record::{TestResult, Thoroughness, Versions};
use crate::plan::PlannedNegative;
use crate::plan::shard::Shard;
use crate::store::basis::Basis;
use crate::store::intent::Terms;

const CELLS: [&str; 4] =
    ["py3.9-pg13-pyo3_0.30", "py3.9-pg14-pyo3_0.30", "py3.10-pg13-pyo3_0.30", "py3.10-pg14-pyo3_0.30"];

fn id(text: &str) -> CellId {
    text.parse().expect("an id")
}

fn whole() -> Plan {
    let planned = |cell: &&str| Planned {
        cell: id(cell),
        requested: Versions::ones(),
        rehearsal: false,
        excluded: None,
        legality: None,
    };
    let cells = CELLS.iter().map(planned).collect();
    Plan {
        preset: "grid".into(),
        missing: Missing::Fail,
        services: BTreeMap::new(),
        stable: Vec::new(),
        cells,
        negatives: Vec::new(),
    }
}

fn record(cell: CellId, outcome: Outcome) -> Record {
    let mut record = Record::empty(cell, Versions::ones(), outcome, None);
    let result = if record.outcome.is_green() { TestResult::Passed } else { TestResult::Failed };
    record.tests.insert("a".into(), result);
    record
}

/// A run on disk, as another machine would have left it.
fn run(target: &Path, (plan, part): (Plan, Option<Part>), outcome: &Outcome) -> RunFolder {
    let cells: Vec<CellId> = plan.live().cloned().collect();
    let intent = Intent { part, ..Intent::of(plan, Terms::default(), Basis::default()) };
    let folder = RunFolder::create(target, intent).expect("a folder");
    for cell in &cells {
        folder.write(&record(cell.clone(), outcome.clone())).expect("written");
        std::fs::write(folder.cell(cell).join("output.log"), "said").expect("written");
    }
    folder
}

fn shard(index: usize, of: usize) -> (Plan, Option<Part>) {
    let (plan, part) = Part::shard(whole(), Shard { index, of }, None).expect("a part");
    (plan, Some(part))
}

fn pieces(folders: &[&RunFolder]) -> Vec<Piece> {
    folders.iter().map(|folder| Piece::read(folder.path.clone()).expect("a run")).collect()
}

/// Merges, and gives the outcome of each cell, a missing one as none.
fn check(folders: &[&RunFolder], target: &Path) -> Result<(Vec<Option<Outcome>>, Merged), MergeError> {
    let pieces = pieces(folders);
    let folder = merge(&pieces, Goal::whole(&pieces)?, target)?;
    let contents = folder.read()?;
    let of = |cell: &&str| {
        contents.records.iter().find(|record| record.cell == id(cell)).map(|record| record.outcome.clone())
    };
    Ok((CELLS.iter().map(of).collect(), contents.intent.merged.expect("sources")))
}

#[test]
fn shards_become_the_whole_with_everything_that_was_in_them() {
    let (one, two, here) = (folder(), folder(), folder());
    let parts =
        [run(one.path(), shard(1, 2), &Outcome::Passed), run(two.path(), shard(2, 2), &Outcome::Hung)];
    let (outcomes, merged) = check(&[&parts[0], &parts[1]], here.path()).expect("merged");
    let expected = [Outcome::Passed, Outcome::Passed, Outcome::Hung, Outcome::Hung].map(Some);
    assert_eq!(outcomes, expected);
    assert_eq!((merged.runs.len(), merged.contested.len()), (2, 0));
    assert_eq!(merged.runs.iter().map(|source| source.cells).collect::<Vec<_>>(), [2, 2]);
    let latest = RunFolder::open(here.path(), None).expect("the latest");
    assert_eq!(
        std::fs::read_to_string(latest.cell(&id(CELLS[3])).join("output.log")).expect("a log"),
        "said"
    );
    assert!(latest.read().expect("read").intent.part.is_none(), "a whole is no part");
}

#[test]
fn a_cell_that_no_part_holds_has_no_record() {
    let (one, here) = (folder(), folder());
    let part = run(one.path(), shard(1, 2), &Outcome::Passed);
    let (outcomes, _) = check(&[&part], here.path()).expect("merged");
    assert_eq!(outcomes, [Some(Outcome::Passed), Some(Outcome::Passed), None, None]);
}

#[test]
fn parts_that_do_not_belong_together_are_told_apart_by_what_differs() {
    let target = folder();
    let one = run(target.path(), shard(1, 2), &Outcome::Passed);
    let refused = |other: (Plan, Option<Part>), edit: fn(&mut Intent)| {
        let other = run(target.path(), other, &Outcome::Passed);
        let mut intent = other.read().expect("read").intent;
        edit(&mut intent);
        document::write(&other.path.join(PLAN), &intent).expect("written");
        check(&[&one, &other], target.path()).expect_err("refused").to_string()
    };
    let message = refused(shard(2, 2), |intent| intent.basis.extension.push('x'));
    assert!(message.contains("the extension differ"), "{message}");
    let message = refused(shard(2, 3), |_| ());
    assert!(message.contains("the shards (2 by count; 3 by count) differ"), "{message}");
    let message = refused(shard(2, 2), |intent| {
        intent.basis.config.push('x');
        intent.terms.flaky = Flaky::Pass;
    });
    assert!(
        message.contains(": matrix.toml differ\n"),
        "what matrix.toml says is not named apart: {message}"
    );
}

#[test]
fn plans_are_the_same_by_name_and_by_what_each_cell_is_asked_to_be() {
    let target = folder();
    let one = run(target.path(), shard(1, 2), &Outcome::Passed);
    let edits: [fn(&mut Plan); 5] = [
        |plan| plan.preset = "smoke".into(),
        |plan| drop(plan.cells.pop()),
        |plan| plan.cells[0].requested.set("pyo3", "2"),
        |plan| plan.cells[0].excluded = Some("end of life".into()),
        |plan| plan.negatives.push(too_old()),
    ];
    for (at, edit) in edits.into_iter().enumerate() {
        let mut plan = whole();
        edit(&mut plan);
        let other = run(target.path(), (plan, None), &Outcome::Passed);
        let message = check(&[&one, &other], target.path()).expect_err("refused").to_string();
        assert!(message.contains("the whole plans (grid of 4 cells, "), "{at}: {message}");
    }
    // What a machine found out about a cell besides is no part of the plan.
    let mut plan = whole();
    plan.cells[0].legality = Some(crate::plan::legality::of_pairing("0.30.1", "0.30.0"));
    let other = run(target.path(), (plan, None), &Outcome::Passed);
    assert!(check(&[&one, &other], target.path()).is_ok());
}

/// A cell that must not build.
fn too_old() -> PlannedNegative {
    let line = "0.30".parse().expect("a line");
    let python = Some("3.8".parse().expect("a Python"));
    let negative = Negative { line, python, pyo3_async_runtimes: None, message: "too old".into() };
    PlannedNegative { id: negative.to_string(), negative, legality: None }
}

/// Leaves the record of the negative cell in a run.
fn leave(folder: &RunFolder, ending: Ending) {
    let planned = too_old();
    let record = NegativeRecord { ending, ..NegativeRecord::lost(&planned) };
    let there = folder.negative(&planned.id);
    std::fs::create_dir_all(&there)
        .and_then(|()| document::write(&there.join(record::FILE), &record))
        .expect("written");
}

#[test]
fn a_negative_cell_is_answered_by_a_retry_and_by_what_it_was_merged_into() {
    let target = folder();
    let whole = Plan { negatives: vec![too_old()], ..whole() };
    let red = run(target.path(), (whole.clone(), None), &Outcome::Passed);
    leave(&red, Ending::Built);
    let run_of = red.read().expect("read").intent.run;
    let (plan, part) = Part::retry(whole, run_of, &[], &[too_old().id]);
    let retried = run(target.path(), (plan, Some(part)), &Outcome::Passed);
    leave(&retried, Ending::AsForetold);
    let endings = |folders: &[&RunFolder]| {
        let pieces = pieces(folders);
        let merged = merge(&pieces, Goal::whole(&pieces).expect("one whole"), target.path()).expect("merged");
        let negatives = merged.read().expect("read").negatives;
        (merged, negatives.iter().map(|record| record.ending).collect::<Vec<_>>())
    };
    let (merged, found) = endings(&[&red, &retried]);
    assert_eq!(found, [Ending::AsForetold]);
    assert_eq!(endings(&[&merged, &red]).1, [Ending::AsForetold], "it was merged from the red one");
}

#[test]
fn runs_are_looked_for_four_folders_deep_and_files_beside_them_are_passed_by() {
    let target = folder();
    let made = run(target.path(), shard(1, 2), &Outcome::Passed);
    let place = |depth: usize| {
        let root = folder();
        let path = (0..depth).fold(root.path().to_owned(), |path, _| path.join("deeper"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(root.path().join("a file"), "").expect("written");
        disk::share(&made.path, &path).expect("copied");
        (gather(&[root.path().to_owned()]).map(|found| found.len()), root)
    };
    for depth in 1..=4 {
        assert!(matches!(place(depth).0, Ok(1)), "{depth}");
    }
    assert!(matches!(place(5).0, Err(MergeError::NoRun(_))), "an artifact's folder is no tree to search");
}

#[test]
fn of_two_records_of_a_cell_the_red_one_counts_whatever_the_order() {
    let target = folder();
    let green = run(target.path(), (whole(), None), &Outcome::Passed);
    let red = run(target.path(), shard(1, 2), &Outcome::TestsFailed);
    for order in [[&green, &red], [&red, &green]] {
        let (outcomes, merged) = check(&order, target.path()).expect("merged");
        let (failed, passed) = (Some(Outcome::TestsFailed), Some(Outcome::Passed));
        assert_eq!(outcomes, [failed.clone(), failed, passed.clone(), passed]);
        assert!(merged.contested.iter().all(|contested| contested.why == Why::Red));
        assert_eq!(merged.contested.len(), 2);
    }
}

#[test]
fn the_same_record_twice_is_one_and_a_retry_counts_over_what_it_retried() {
    let target = folder();
    let red = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    let same = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    let (_, merged) = check(&[&red, &same], target.path()).expect("merged");
    assert!(merged.contested.is_empty());
    let id_of = red.read().expect("read").intent.run;
    let (plan, part) = Part::retry(whole(), id_of, &[id(CELLS[0])], &[]);
    let retry = run(target.path(), (plan, Some(part)), &Outcome::Passed);
    let (outcomes, merged) = check(&[&retry, &red], target.path()).expect("merged");
    assert_eq!(outcomes[..2], [Some(Outcome::Flaky), Some(Outcome::TestsFailed)]);
    assert_eq!(merged.contested[0].why, Why::Retry);
    assert_eq!(merged.runs.iter().map(|source| source.cells).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn runs_are_found_below_a_folder_and_once_each() {
    let target = folder();
    let one = run(target.path(), shard(1, 2), &Outcome::Passed);
    one.becomes_latest(target.path()).expect("a link");
    let found = gather(&[target.path().to_owned(), one.path.clone()]).expect("runs");
    assert_eq!(found.len(), 1);
    let empty = folder();
    assert!(matches!(gather(&[empty.path().to_owned()]), Err(MergeError::NoRun(_))));
}

#[test]
fn a_run_of_another_form_is_refused_by_its_number() {
    let target = folder();
    let one = run(target.path(), shard(1, 2), &Outcome::Passed);
    let path = one.path.join(PLAN);
    let text = std::fs::read_to_string(&path).expect("a plan");
    std::fs::write(&path, text.replace("\"schema_version\": 1", "\"schema_version\": 99")).expect("written");
    let error = gather(&[one.path]).expect_err("refused").to_string();
    assert!(error.contains("plan.json: schema_version is 99, this harness reads 1"), "{error}");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn of_a_negative_cell_the_red_record_counts_too() {
    let target = folder();
    let whole = Plan { negatives: vec![too_old()], ..whole() };
    let runs = [Ending::AsForetold, Ending::Built].map(|ending| {
        let folder = run(target.path(), (whole.clone(), None), &Outcome::Passed);
        leave(&folder, ending);
        folder
    });
    for order in [[0, 1], [1, 0]] {
        let pieces = pieces(&order.map(|at| &runs[at]));
        let merged = merge(&pieces, Goal::whole(&pieces).expect("one whole"), target.path()).expect("merged");
        let negatives = merged.read().expect("read").negatives;
        assert_eq!(negatives.iter().map(|record| record.ending).collect::<Vec<_>>(), [Ending::Built]);
    }
}

/// Every order of `folders`.
fn orders<'a>(folders: &[&'a RunFolder]) -> Vec<Vec<&'a RunFolder>> {
    let Some((first, rest)) = folders.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<&'a RunFolder>| {
        (0..=order.len()).map(move |at| [&order[..at], &[*first], &order[at..]].concat()).collect::<Vec<_>>()
    };
    orders(rest).into_iter().flat_map(insert).collect()
}

/// A green retry of all of `red`.
fn retry(target: &Path, red: &RunFolder) -> RunFolder {
    let run_of = red.read().expect("read").intent.run;
    let (plan, part) = Part::retry(whole(), run_of, &CELLS.map(id), &[]);
    run(target, (plan, Some(part)), &Outcome::Passed)
}

#[test]
fn a_red_record_that_nothing_retried_counts_in_any_order() {
    let target = folder();
    let older = run(target.path(), (whole(), None), &Outcome::Hung);
    let newer = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    let retried = retry(target.path(), &newer);
    for order in orders(&[&older, &newer, &retried]) {
        let (outcomes, merged) = check(&order, target.path()).expect("merged");
        assert_eq!(outcomes, vec![Some(Outcome::Hung); 4]);
        assert!(merged.contested.iter().all(|contested| contested.why == Why::Red));
        assert_eq!(merged.contested.len(), 4);
    }
}

#[test]
fn what_was_merged_counts_over_what_it_was_merged_from_in_any_order() {
    let target = folder();
    let red = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    let green = retry(target.path(), &red);
    let parts = pieces(&[&red, &green]);
    let merged = merge(&parts, Goal::whole(&parts).expect("one whole"), target.path()).expect("merged");
    for order in orders(&[&red, &green, &merged]).into_iter().chain(orders(&[&red, &merged])) {
        let (outcomes, merged) = check(&order, target.path()).expect("merged");
        assert_eq!(outcomes, vec![Some(Outcome::Flaky); 4]);
        assert!(merged.contested.iter().all(|contested| contested.why == Why::Merged));
    }
}

#[test]
fn a_flaky_cell_keeps_the_try_that_failed_in_its_record() {
    let target = folder();
    let red = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    let green = retry(target.path(), &red);
    let parts = pieces(&[&red, &green]);
    let merged = merge(&parts, Goal::whole(&parts).expect("one whole"), target.path()).expect("merged");
    let contents = merged.read().expect("read");
    let attempts = &contents.records[0].attempts;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].run, Some(red.read().expect("read").intent.run));
    assert!(contents.records[0].reason.as_deref().is_some_and(|reason| reason.contains("then passed")));
    assert_eq!(contents.intent.merged.expect("sources").contested[0].outcome, Outcome::Flaky);
}

mod origins;
mod terms;
