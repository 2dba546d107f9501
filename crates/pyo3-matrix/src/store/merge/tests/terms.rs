//! Which stages does a merged run have to come through, and which runs are refused for theirs?

use super::*;

/// Lets a run have asked for these stages.
fn asked(folder: &RunFolder, stages: Thoroughness) {
    let mut intent = folder.read().expect("read").intent;
    intent.terms.thoroughness = stages;
    document::write(&folder.path.join(PLAN), &intent).expect("written");
}

/// The stages that the latest run asks for.
fn latest(target: &Path) -> Thoroughness {
    RunFolder::open(target, None).expect("the latest").read().expect("read").intent.terms.thoroughness
}

#[test]
fn runs_that_asked_for_other_stages_are_merged_only_where_one_retries_the_other() {
    let target = folder();
    let (one, two) = (
        run(target.path(), shard(1, 2), &Outcome::Passed),
        run(target.path(), shard(2, 2), &Outcome::Passed),
    );
    asked(&one, Thoroughness::Quick);
    let message = check(&[&one, &two], target.path()).expect_err("refused").to_string();
    assert!(message.contains("the stages (quick benchmarks, tests alone) differ"), "{message}");
    let red = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    asked(&red, Thoroughness::Quick);
    let brief = retry(target.path(), &red);
    for order in orders(&[&red, &brief]) {
        let (outcomes, merged) = check(&order, target.path()).expect("merged");
        assert_eq!(outcomes, vec![Some(Outcome::TestsFailed); 4]);
        assert!(merged.contested.iter().all(|contested| contested.why == Why::LeftOut));
    }
    assert_eq!(latest(target.path()), Thoroughness::Quick, "what was asked for stays");
}

#[test]
fn runs_that_judge_flaky_cells_otherwise_are_strangers() {
    let target = folder();
    let (one, two) = (
        run(target.path(), shard(1, 2), &Outcome::Passed),
        run(target.path(), shard(2, 2), &Outcome::Passed),
    );
    let mut intent = two.read().expect("read").intent;
    intent.terms.flaky = Flaky::Pass;
    document::write(&two.path.join(PLAN), &intent).expect("written");
    let message = check(&[&one, &two], target.path()).expect_err("refused").to_string();
    assert!(message.contains("the criteria differ"), "{message}");
}

#[test]
fn a_retry_beside_them_lets_no_parts_of_different_stages_through() {
    let target = folder();
    let (one, two) = (
        run(target.path(), shard(1, 2), &Outcome::TestsFailed),
        run(target.path(), shard(2, 2), &Outcome::Passed),
    );
    asked(&one, Thoroughness::Quick);
    let retried = retry(target.path(), &one);
    for order in orders(&[&retried, &one, &two]) {
        let message = check(&order, target.path()).expect_err("refused").to_string();
        assert!(message.contains("the stages (") && message.contains(" differ"), "{message}");
    }
}

#[test]
fn a_part_that_is_no_shard_lets_no_shards_of_different_cuts_through() {
    let target = folder();
    let all = run(target.path(), (whole(), None), &Outcome::Passed);
    let halves = run(target.path(), shard(1, 2), &Outcome::Passed);
    let thirds = run(target.path(), shard(2, 3), &Outcome::Passed);
    for order in orders(&[&all, &halves, &thirds]) {
        let message = check(&order, target.path()).expect_err("refused").to_string();
        assert!(message.contains("the shards (") && message.contains(" differ"), "{message}");
    }
}

#[test]
fn a_retry_that_did_more_asks_no_more_of_the_run_that_it_retried() {
    let target = folder();
    let red = run(target.path(), (whole(), None), &Outcome::TestsFailed);
    asked(&red, Thoroughness::Quick);
    let (full, brief) = (retry(target.path(), &red), retry(target.path(), &red));
    asked(&full, Thoroughness::Full);
    for order in orders(&[&red, &full, &brief]) {
        check(&order, target.path()).expect("merged");
        assert_eq!(latest(target.path()), Thoroughness::Quick);
    }
    let again = retry(target.path(), &brief);
    asked(&again, Thoroughness::Full);
    for order in orders(&[&brief, &again]) {
        check(&order, target.path()).expect("merged");
        assert_eq!(latest(target.path()), Thoroughness::Tests, "it retries the other, whose stages count");
    }
    for order in orders(&[&full, &brief]) {
        check(&order, target.path()).expect("merged");
        assert_eq!(latest(target.path()), Thoroughness::Full, "both retry a run that is not there");
    }
}
