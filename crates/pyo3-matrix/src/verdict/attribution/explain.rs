//! Which causes fit a pattern of red and green cells?

use fixedbitset::FixedBitSet;

use crate::model::cell::CellId;
use crate::plan::cause::Cause;
use crate::plan::space::Space;

/// What is known of one symptom: the cells that show it, and those that show that it is absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    pub red: FixedBitSet,
    pub green: FixedBitSet,
}

/// The shortest explanations of a pattern. Each is a list of causes of which any one is enough; mostly there is one cause.
#[derive(Debug, Default)]
pub struct Explained {
    pub explanations: Vec<Vec<Cause>>,
    /// The cell that tells most of several explanations apart.
    pub decides: Option<CellId>,
}

/// The shortest explanations: one cause; else two causes of which each is enough, and which say less than the cells
/// themselves would.
#[must_use]
pub fn explain(space: &Space, pattern: &Pattern) -> Explained {
    let Pattern { red, green } = pattern;
    let fitting: Vec<&(Cause, FixedBitSet)> =
        space.causes.iter().filter(|(_, of)| of.is_disjoint(green) && !of.is_disjoint(red)).collect();
    let mut found: Vec<(Vec<&Cause>, FixedBitSet)> = Vec::new();
    let whole = fitting.iter().filter(|(_, of)| red.is_subset(of));
    let least = whole.clone().map(|(cause, _)| cause.0.len()).min();
    for (cause, of) in whole.filter(|(cause, _)| Some(cause.0.len()) == least) {
        found.push((vec![cause], of.clone()));
    }
    if found.is_empty() {
        found = two_causes(&fitting, red);
    }
    let decides = splits(space, &found, pattern).map(|place| space.cells[place].clone());
    let explanations = found.into_iter().map(|(causes, _)| causes.into_iter().cloned().collect());
    Explained { explanations: explanations.collect(), decides }
}

/// The cell that is not known yet, and that about half of the explanations concern.
fn splits(space: &Space, found: &[(Vec<&Cause>, FixedBitSet)], pattern: &Pattern) -> Option<usize> {
    if found.len() < 2 {
        return None;
    }
    let mut concerned = vec![0_usize; space.cells.len()];
    for (_, of) in found {
        of.ones().for_each(|place| concerned[place] += 1);
    }
    let split = |place: &usize| concerned[*place].min(found.len() - concerned[*place]);
    let unknown = (0..space.cells.len()).filter(|&at| !pattern.red[at] && !pattern.green[at]);
    // Of equals the first, in the order of the cells.
    unknown.rev().max_by_key(split).filter(|place| split(place) > 0)
}

/// Two causes that concern all red cells together, with as few conditions as possible. As many conditions as cells explain
/// nothing: any cells can be listed one by one.
fn two_causes<'a>(
    fitting: &[&'a (Cause, FixedBitSet)],
    red: &FixedBitSet,
) -> Vec<(Vec<&'a Cause>, FixedBitSet)> {
    let Some(one) = red.ones().next() else { return Vec::new() };
    let mut least = red.count_ones(..);
    let mut found = Vec::new();
    for (first, of_first) in fitting.iter().copied().filter(|(_, of)| of[one]) {
        let mut rest = red.clone();
        rest.difference_with(of_first);
        for (second, of_second) in fitting.iter().copied().filter(|(_, of)| rest.is_subset(of)) {
            let conditions = first.0.len() + second.0.len();
            if conditions > least || conditions >= red.count_ones(..) {
                continue;
            }
            if conditions < least {
                (least, found) = (conditions, Vec::new());
            }
            let mut both = of_first.clone();
            both.union_with(of_second);
            let mut causes = vec![first, second];
            causes.sort();
            if !found.iter().any(|(others, _)| *others == causes) {
                found.push((causes, both));
            }
        }
    }
    found
}
