//! Did a cell that must not build fail as the plan foretold? The plan's forecast and cargo's output in, an [`Ending`]
//! out. Pure.

use crate::model::negative::{Ending, NegativeRecord};
use crate::model::program;
use crate::plan::PlannedNegative;
use crate::plan::legality::State;

impl NegativeRecord {
    /// Returns the record of a negative cell that the run did not reach.
    #[must_use]
    pub fn lost(planned: &PlannedNegative) -> Self {
        let reason = "no record: the run ended before it was built".to_owned();
        Self::ended(planned, Ending::Lost, None, Some(reason))
    }

    /// Compares the forecast with the build: whether it succeeded, and what cargo printed.
    #[must_use]
    pub fn of(planned: &PlannedNegative, built: bool, text: &str) -> Self {
        let foretold = planned.legality.as_ref().filter(|legality| legality.state == State::Impossible);
        let foretold = foretold.and_then(|legality| legality.message.as_deref());
        let expected = planned.negative.message.as_str();
        let line =
            |part: &str| text.lines().find(|line| line.contains(part)).map(|line| line.trim().to_owned());
        let ended = |ending, said, reason: &str| Self::ended(planned, ending, said, Some(reason.to_owned()));
        if built {
            let reason = "it builds: what was impossible is possible now\n\
                          hint: take it out of [[negative]], and let a preset run it";
            return ended(Ending::Built, None, reason);
        }
        let said = line(expected);
        let error =
            || text.lines().rev().find(|line| line.contains("error")).map(|line| line.trim().to_owned());
        match (&said, foretold) {
            (None, _) => {
                let reason = format!("it failed otherwise than with `{expected}`; see its output.log");
                ended(Ending::Otherwise, error(), &reason)
            }
            (Some(_), None) => {
                let reason = format!(
                    "it failed, but the plan did not foretell it\nhint: `{} plan --probe` asks anew",
                    program::command()
                );
                ended(Ending::Otherwise, said, &reason)
            }
            (Some(_), Some(foretold)) if line(foretold).is_none() => {
                let reason =
                    format!("it failed otherwise than the plan foretold: `{foretold}`; see its output.log");
                ended(Ending::Otherwise, said, &reason)
            }
            _ => Self::ended(planned, Ending::AsForetold, said, None),
        }
    }

    fn ended(
        planned: &PlannedNegative,
        ending: Ending,
        said: Option<String>,
        reason: Option<String>,
    ) -> Self {
        let said = said.map(|said| said.strip_prefix("error: ").map_or(said.clone(), str::to_owned));
        NegativeRecord {
            schema_version: crate::model::record::SCHEMA_VERSION,
            id: planned.id.clone(),
            ending,
            foretold: planned.legality.as_ref().and_then(|legality| legality.message.clone()),
            said,
            reason,
            seconds: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Negative;
    use crate::plan::legality::of_pairing;

    fn planned(message: &str, pairing: (&str, &str)) -> PlannedNegative {
        let negative = Negative {
            line: "0.30".parse().expect("a line"),
            python: None,
            pyo3_async_runtimes: Some(pairing.1.to_owned()),
            message: message.to_owned(),
        };
        PlannedNegative {
            id: negative.to_string(),
            negative,
            legality: Some(of_pairing(pairing.0, pairing.1)),
        }
    }

    fn check(message: &str, pairing: (&str, &str), built: bool, text: &str) -> (Ending, String) {
        let record = NegativeRecord::of(&planned(message, pairing), built, text);
        assert_eq!(record.ending.is_green(), record.reason.is_none());
        (record.ending, record.reason.or(record.said).unwrap_or_default())
    }

    const SAID: &str = "Updating\nerror: failed to select a version for `pyo3`.\n    ... required by\n";
    const APART: (&str, &str) = ("0.30.1", "0.29.0");

    #[test]
    fn only_the_failure_that_was_foretold_is_green() {
        let as_foretold = check("failed to select a version", APART, false, SAID);
        assert_eq!(as_foretold, (Ending::AsForetold, "failed to select a version for `pyo3`.".to_owned()));
        let (ending, reason) = check("links to the native library", APART, false, SAID);
        assert_eq!(ending, Ending::Otherwise);
        assert!(reason.contains("otherwise than with `links to the native library`"), "{reason}");
        let other = "error: failed to download\nnote: failed to select";
        let (ending, reason) = check("failed to select", APART, false, other);
        assert_eq!(ending, Ending::Otherwise);
        assert!(reason.contains("otherwise than the plan foretold"), "{reason}");
    }

    #[test]
    fn one_that_builds_and_one_that_the_plan_finds_legal_are_red() {
        assert_eq!(check("x", APART, true, "Finished").0, Ending::Built);
        let (ending, reason) = check("failed to select", ("0.30.1", "0.30.0"), false, SAID);
        assert_eq!(ending, Ending::Otherwise);
        assert!(reason.contains("the plan did not foretell it"), "{reason}");
    }
}
