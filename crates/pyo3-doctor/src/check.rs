//! What is wrong with a project? One module per noun; each a pure function of what was found on disk.

mod abi;
mod interpreter;
mod line;
mod lock;
mod name;
mod panic;
pub mod pin;
mod taint;
mod testing;
mod toolchain;

use super::finding::Finding;
use super::project::Project;

pub use name::GUIDE;

/// A check: everything of its kind that is wrong.
type Check = fn(&Project) -> Vec<Finding>;

const CHECKS: [Check; 10] = [
    line::check,
    lock::check,
    interpreter::check,
    taint::check,
    toolchain::check,
    name::check,
    pin::check,
    abi::check,
    panic::check,
    testing::check,
];

/// Everything that is wrong, in the order of ids and places.
#[must_use]
pub fn check(project: &Project) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(project)).collect();
    findings.sort_by(|a, b| (a.id, &a.place, &a.found).cmp(&(b.id, &b.place, &b.found)));
    findings.dedup();
    findings
}
