//! Where does a merged run come from?

use super::*;

#[test]
fn a_merged_run_comes_from_what_its_parts_agree_on_and_names_what_each_comes_from() {
    let (one, two, here) = (folder(), folder(), folder());
    let parts =
        [run(one.path(), shard(1, 2), &Outcome::Passed), run(two.path(), shard(2, 2), &Outcome::Passed)];
    for (part, cores) in parts.iter().zip([2, 4]) {
        let mut intent = part.read().expect("read").intent;
        let host = Host { os: "linux".into(), arch: "x86_64".into(), cpu: None, cores };
        let commit = Some(Commit { hash: "c".repeat(40), dirty: false });
        intent.origin = Origin { harness: None, commit, host: Some(host), options: None };
        document::write(&part.path.join(PLAN), &intent).expect("written");
    }
    let pieces = pieces(&[&parts[0], &parts[1]]);
    let folder = merge(&pieces, Goal::whole(&pieces).expect("a whole"), here.path()).expect("merged");
    let Intent { origin, merged, .. } = folder.read().expect("read").intent;
    assert_eq!(origin.commit, pieces[0].intent().origin.commit);
    assert_eq!(origin.host, None, "they differ");
    let hosts = merged.expect("sources").runs.into_iter().map(|source| source.host.expect("told").cores);
    assert_eq!(hosts.collect::<Vec<_>>(), [2, 4]);
}
