//! What does it cost, and which axis moves that? The effects of the verdict as sentences and rows, for every format.

use std::collections::BTreeMap;

use crate::plan::Named;
use crate::report::Report;
use crate::verdict::effect::{Change, Effect, EffectUnit, OfValue, movers};

/// How many steps are told; the table has all of them.
const TOLD: usize = 8;

/// What is known of the cost by axis.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Each step that is one, the largest first.
    pub steps: Vec<String>,
    /// How many more there are.
    pub more: usize,
    /// What was looked at, and that the rest does not move.
    pub over: Option<String>,
    /// A table for each axis.
    pub tables: Vec<CostTable>,
}

/// What the values of one axis cost: a row for each value, a column for each measure.
#[derive(Debug, PartialEq, Eq)]
pub struct CostTable {
    /// `PyO3`.
    pub axis: String,
    pub measures: Vec<String>,
    /// A value, and for each measure its change against the first value, and whether there is a step.
    pub rows: Vec<(String, Vec<(String, bool)>)>,
}

/// Puts the effects of a run into words. Empty where nothing was measured, or in too few cells.
#[must_use]
pub fn cost(report: &Report) -> Cost {
    let effects = &report.verdict.effects;
    if effects.is_empty() {
        return Cost::default();
    }
    let moving = movers(effects);
    let told = moving.iter().take(TOLD).map(|(effect, value)| sentence(effect, value, &report.services));
    let steps: Vec<String> = told.collect();
    let more = moving.len() - steps.len();
    Cost { steps, more, over: Some(over(report, moving.is_empty())), tables: tables(report) }
}

/// A table for each axis. Times stand there always, slopes of memory only where a value moves one.
fn tables(report: &Report) -> Vec<CostTable> {
    let shown =
        |effect: &&Effect| effect.unit != EffectUnit::Bytes || effect.values.iter().any(|value| value.moves);
    let mut by_axis: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for effect in report.verdict.effects.iter().filter(shown) {
        by_axis.entry(&effect.axis).or_default().push(effect);
    }
    let table = |(axis, effects): (&str, Vec<&Effect>)| {
        // Every measure of an axis has the same values but where some cells measured nothing.
        let longest = effects.iter().max_by_key(|effect| effect.values.len())?;
        let row = |known: &OfValue| {
            let of = |effect: &&Effect| {
                let own = effect.values.iter().find(|value| value.value == known.value);
                own.map_or_else(|| (String::new(), false), |own| (of_first(effect, own), own.moves))
            };
            (named(&known.value).to_owned(), effects.iter().map(of).collect())
        };
        Some(CostTable {
            axis: axis_title(axis, &report.services),
            measures: effects.iter().map(|effect| effect.title.clone()).collect(),
            rows: longest.values.iter().map(row).collect(),
        })
    };
    by_axis.into_iter().filter_map(table).collect()
}

/// A value against the first one.
fn of_first(effect: &Effect, value: &OfValue) -> String {
    let is_first = effect.values.first().is_some_and(|first| first.value == value.value);
    match effect.unit {
        EffectUnit::Bytes if is_first => "0".to_owned(),
        EffectUnit::Bytes => bytes(value.change),
        _ if is_first => "1".to_owned(),
        _ => factor(value.change),
    }
}

/// What was looked at, and that the rest does not move.
fn over(report: &Report, nothing: bool) -> String {
    let mut axes: Vec<String> = Vec::new();
    for effect in &report.verdict.effects {
        let name = axis_title(&effect.axis, &report.services);
        if !axes.contains(&name) {
            axes.push(name);
        }
    }
    let what = if nothing { "no value" } else { "no other value" };
    format!(
        "{what} of {} moves a cost by 5 %, or a slope of memory by 16 KiB in 1,000 operations",
        either(&axes)
    )
}

/// `a, b or c`.
fn either(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        names => names.join(", "),
    }
}

fn sentence(effect: &Effect, value: &OfValue, services: &BTreeMap<String, Named>) -> String {
    let axis = axis_title(&effect.axis, services);
    let before = effect.values.iter().take_while(|other| other.value != value.value).last();
    // Values without an order are compared with the first.
    let before = if value.step.is_some() { before } else { effect.values.first() };
    let base = before.map(|before| named(&before.value)).unwrap_or_default();
    let change = value.step.unwrap_or(value.change);
    let (title, own) = (&effect.title, named(&value.value));
    match effect.unit {
        EffectUnit::Bytes => format!("{title}: {axis} {own} grows by {} than {base}", bytes(change)),
        EffectUnit::Instructions => {
            format!("a call: {axis} {own} takes {} the instructions of {base}", factor(change))
        }
        EffectUnit::Time | EffectUnit::TimeToControl => {
            format!("{title}: {axis} {own} takes {} the time of {base}", factor(change))
        }
    }
}

/// `1.31x (1.25x to 1.38x)`.
#[must_use]
pub fn factor(change: Change) -> String {
    let Change { estimate, low, high } = change;
    format!("{estimate:.2}x ({low:.2}x to {high:.2}x)")
}

/// `90.1 KiB (80.0 to 101.2) more in 1,000 operations`.
#[must_use]
pub fn bytes(change: Change) -> String {
    let kib = |bytes: f64| format!("{:.1}", bytes / 1024.0);
    let Change { estimate, low, high } = change;
    format!("{} KiB ({} to {}) more in 1,000 operations", kib(estimate), kib(low), kib(high))
}

fn named(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}

/// An axis as sentences name it.
#[must_use]
pub fn axis_title(axis: &str, services: &BTreeMap<String, Named>) -> String {
    match axis {
        "line" => "PyO3".to_owned(),
        "python" => "Python".to_owned(),
        "choice" => "the choice".to_owned(),
        tag => services.get(tag).map_or_else(|| tag.to_owned(), |named| named.title.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    fn effect(axis: &str, unit: EffectUnit, values: &[(&str, f64, bool)]) -> Effect {
        let of = |(at, (value, estimate, moves)): (usize, &(&str, f64, bool))| {
            let change = Change { estimate: *estimate, low: estimate * 0.9, high: estimate * 1.1 };
            let step = (at > 0 && axis != "choice").then_some(change);
            OfValue { value: (*value).to_owned(), cells: 4, change, step, moves: *moves }
        };
        Effect {
            measure: "simple".into(),
            title: "SELECT 1".into(),
            unit,
            axis: axis.into(),
            values: values.iter().enumerate().map(of).collect(),
            cells: 20,
            left_out: 0,
        }
    }

    fn told(effects: Vec<Effect>) -> Cost {
        let mut report = report(8, 0);
        report.verdict.effects = effects;
        cost(&report)
    }

    #[test]
    fn a_step_is_told_with_the_value_before_it_and_its_interval() {
        let values = [("0.25", 1.0, false), ("0.26", 1.0, false), ("0.27", 1.3, true)];
        let found = told(vec![effect("line", EffectUnit::TimeToControl, &values)]);
        assert_eq!(found.steps, ["SELECT 1: PyO3 0.27 takes 1.30x (1.17x to 1.43x) the time of 0.26"]);
        let rest =
            "no other value of PyO3 moves a cost by 5 %, or a slope of memory by 16 KiB in 1,000 operations";
        assert_eq!((found.more, found.over.as_deref()), (0, Some(rest)));
        let rows = [
            ("0.25", "1", false),
            ("0.26", "1.00x (0.90x to 1.10x)", false),
            ("0.27", "1.30x (1.17x to 1.43x)", true),
        ];
        let rows =
            rows.map(|(value, text, moves)| (value.to_owned(), vec![(text.to_owned(), moves)])).to_vec();
        let table = CostTable { axis: "PyO3".into(), measures: vec!["SELECT 1".into()], rows };
        assert_eq!(found.tables, [table]);
    }

    #[test]
    fn values_without_an_order_are_held_to_the_first_and_bytes_are_added() {
        let choices = [("", 1.0, false), ("a", 1.0, false), ("b", 2.0, true)];
        let slopes = [("3.9", 0.0, false), ("3.10", 92_160.0, true)];
        let found = told(vec![
            effect("choice", EffectUnit::Time, &choices),
            effect("python", EffectUnit::Bytes, &slopes),
        ]);
        let said = [
            "SELECT 1: Python 3.10 grows by 90.0 KiB (81.0 to 99.0) more in 1,000 operations than 3.9",
            "SELECT 1: the choice b takes 2.00x (1.80x to 2.20x) the time of none",
        ];
        assert_eq!(found.steps, said);
    }

    #[test]
    fn nothing_measured_says_nothing_and_nothing_moving_says_so() {
        assert_eq!(told(Vec::new()), Cost::default());
        let still =
            told(vec![effect("python", EffectUnit::Time, &[("3.9", 1.0, false), ("3.10", 1.0, false)])]);
        assert!(still.steps.is_empty());
        assert!(still.over.is_some_and(|over| over.starts_with("no value of Python moves")));
    }
}
