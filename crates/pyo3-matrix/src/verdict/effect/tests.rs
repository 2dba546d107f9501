use super::*;
use crate::model::cell::CellId;
use crate::model::record::{Comparison, Memory, Outcome, Side, Speedup, Versions};
use crate::plan::coverage::pairwise;

/// The cells of five Pythons, four servers and eight lines, at these places of the axes.
fn cell(place: &[usize]) -> CellId {
    format!("py3.{}-pg{}-pyo3_0.{}", 9 + place[0], 13 + place[1], 23 + place[2]).parse().expect("an id")
}

fn all_cells() -> Vec<Vec<usize>> {
    let places = (0..5).flat_map(|a| (0..4).flat_map(move |b| (0..8).map(move |c| vec![a, b, c])));
    places.collect()
}

/// A number between -1 and 1, by turns: the same for each seed and cell.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        // Several uniform numbers make one that is nearly normal.
        let mut one = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            #[expect(clippy::cast_precision_loss, reason = "31 bits")]
            let number = (self.0 >> 33) as f64 / f64::from(1_u32 << 31);
            number - 0.5
        };
        (0..6).map(|_| one()).sum::<f64>() / 3.0_f64.sqrt() * std::f64::consts::SQRT_2
    }
}

/// A record whose candidate takes so many milliseconds, and whose control half a millisecond more than usual.
fn record(place: &[usize], candidate: f64, control: f64, slope: f64) -> Record {
    let mut record = Record::empty(cell(place), Versions::ones(), Outcome::Passed, None);
    let side = |label: &str, median_ms| Side { label: label.into(), median_ms };
    let ratio = control / candidate;
    record.comparisons = vec![Comparison {
        name: "simple".into(),
        title: "SELECT 1".into(),
        control: side("psycopg", control),
        candidate: side("prototype", candidate),
        speedup: Speedup { ratio, low: ratio * 0.9, high: ratio * 1.1, confidence: 0.95 },
    }];
    let leaks = serde_json::json!({"test_leak": {"rss": {"slope_bytes_per_1000": slope}}});
    record.memory = Some(Memory {
        unit: "bytes".into(),
        interval_seconds: 0.05,
        samples: Vec::new(),
        peak: 1,
        leaks: serde_json::from_value(leaks).expect("leaks"),
    });
    record
}

/// Cells with noise of so many percent, and what is planted there.
fn measured(places: &[Vec<usize>], seed: u64, planted: impl Fn(&[usize]) -> (f64, f64)) -> Vec<Record> {
    let mut noise = Noise(seed);
    let one = |place: &Vec<usize>| {
        let (factor, slope) = planted(place);
        // A slow minute of the machine reaches both sides.
        let machine = 1.0 + 0.05 * noise.next();
        let candidate = 0.3 * factor * machine * (1.0 + 0.03 * noise.next());
        record(place, candidate, 0.6 * machine * (1.0 + 0.03 * noise.next()), slope + 2_000.0 * noise.next())
    };
    places.iter().map(one).collect()
}

/// The steps that stand out, in short.
fn moved(records: &[Record]) -> Vec<String> {
    let effects = effects(&records.iter().collect::<Vec<_>>());
    movers(&effects)
        .iter()
        .map(|(effect, value)| format!("{} {} {}", effect.measure, effect.axis, value.value))
        .collect()
}

fn forty() -> Vec<Vec<usize>> {
    pairwise(&[5, 4, 8], |_| true)
}

#[test]
fn a_step_of_a_line_comes_out_by_itself_from_all_cells_and_from_forty() {
    let step = |place: &[usize]| (if place[2] >= 4 { 1.3 } else { 1.0 }, 0.0);
    for places in [all_cells(), forty()] {
        let records = measured(&places, 1, step);
        assert_eq!(moved(&records), ["simple line 0.27"]);
        let effects = effects(&records.iter().collect::<Vec<_>>());
        let line =
            effects.iter().find(|effect| effect.axis == "line" && effect.measure == "simple").expect("it");
        assert_eq!((line.unit, line.values.len(), line.cells), (EffectUnit::TimeToControl, 8, places.len()));
        let Change { low, high, .. } = line.values[4].step.expect("a step");
        assert!(low < 1.3 && 1.3 < high && low > 1.1, "{low} to {high}");
        let last = line.values[7].change;
        assert!(last.low < 1.3 && 1.3 < last.high, "relative to the first: {last:?}");
        assert_eq!((line.values[0].change.estimate, line.values[0].step), (1.0, None));
    }
}

#[test]
fn what_a_python_or_a_server_costs_is_told_by_the_time_itself() {
    let planted =
        |place: &[usize]| (if place[0] == 4 { 0.8 } else { 1.0 }, if place[1] >= 2 { 90_000.0 } else { 0.0 });
    let records = measured(&all_cells(), 2, planted);
    assert_eq!(moved(&records), ["test_leak: rss pg 15", "simple python 3.13"]);
}

#[test]
fn noise_alone_moves_nothing_in_99_of_100_runs() {
    let alarms: usize =
        (0..300).map(|seed| moved(&measured(&forty(), seed * 7919 + 1, |_| (1.0, 0.0))).len()).sum();
    assert!(alarms <= 3, "{alarms} of 300 runs");
}

#[test]
fn a_disturbed_cell_is_left_out_and_counted() {
    let planted = |place: &[usize]| (if place == [2, 1, 3] { 9.0 } else { 1.0 }, 0.0);
    let records = measured(&all_cells(), 3, planted);
    assert_eq!(moved(&records), Vec::<String>::new());
    let effects = effects(&records.iter().collect::<Vec<_>>());
    assert!(effects.iter().filter(|effect| effect.measure == "simple").all(|effect| effect.left_out == 1));
}

#[test]
fn axes_that_go_together_and_too_few_cells_tell_nothing() {
    let together: Vec<Vec<usize>> = (0..5).flat_map(|at| (0..4).map(move |pg| vec![at, pg, at])).collect();
    assert_eq!(effects(&measured(&together, 4, |_| (1.0, 0.0)).iter().collect::<Vec<_>>()), []);
    let few = [vec![0, 0, 0], vec![1, 0, 0], vec![2, 0, 0]];
    assert_eq!(effects(&measured(&few, 5, |_| (1.0, 0.0)).iter().collect::<Vec<_>>()), []);
    assert_eq!(effects(&[]), []);
}

#[test]
fn negligible_steps_do_not_count_however_sure_they_are() {
    let mut records = measured(&all_cells(), 6, |_| (1.0, 0.0));
    for record in &mut records {
        let slow = record.cell.line.minor >= 27;
        (record.comparisons[0].candidate.median_ms, record.comparisons[0].speedup.ratio) =
            if slow { (0.312, 0.6 / 0.312) } else { (0.3, 2.0) };
        record.memory = None;
    }
    assert_eq!(moved(&records), Vec::<String>::new());
}
