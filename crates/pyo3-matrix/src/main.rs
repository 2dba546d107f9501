//! scratch
mod cell;
mod config;
mod process;
mod provision;
use provision::{Site, cluster::Cluster, postgres, python, tools};
use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "__guardian") {
        return process::guard(&args[1]);
    }
    let config = config::Config::load(None).unwrap_or_else(|e| panic!("{e}"));
    let processes = process::Processes::start().expect("guardian");
    let began = Instant::now();
    let say = |line: &str| eprintln!("{:>6.2} {line}", began.elapsed().as_secs_f64());
    let site = Site::new(&config, &processes, &say);
    let result = match args[0].as_str() {
        "find" => find(&site),
        "tools" => tools::provide(&site).map(|t| say(&format!("{t:?} {:?}", t.version("maturin")))),
        "provide" => tools::provide(&site).and_then(|t| {
            python::provide(args[1].parse().expect("version"), &t, &site).map(|p| say(&format!("{p:?}")))
        }),
        "postgres" => serve(&site, args[1].parse().expect("major"), &args[3..]),
        "servers" => std::thread::scope(|s| {
            let all: Vec<_> =
                config.postgres.iter().map(|p| s.spawn(|| serve(&site, p.major, &args[2..]))).collect();
            all.into_iter().try_for_each(|t| t.join().expect("thread"))
        }),
        _ => panic!("?"),
    };
    say("end");
    if let Err(error) = result {
        eprintln!("error: {error}");
        drop(processes);
        std::process::exit(3);
    }
}
#[expect(clippy::unnecessary_wraps, reason = "scratch")]
fn find(site: &Site) -> Result<(), provision::ProvisionError> {
    std::thread::scope(|s| {
        let all: Vec<_> = site.config.pythons.iter().map(|p| s.spawn(|| python::find(*p, site))).collect();
        for t in all {
            match t.join().expect("thread") {
                Ok(p) => (site.say)(&format!(
                    "{} {} {} {} {}",
                    p.python,
                    p.version,
                    p.path.display(),
                    p.soabi,
                    p.source
                )),
                Err(e) => (site.say)(&e.to_string()),
            }
        }
    });
    Ok(())
}
fn serve(site: &Site, major: cell::Postgres, command: &[String]) -> Result<(), provision::ProvisionError> {
    let spec = site.config.server(major).expect("known");
    let binaries = postgres::provide(spec, site)?;
    (site.say)(&format!("{binaries:?}"));
    let cluster = Cluster::start(&binaries, spec, site)?;
    (site.say)(&format!("{major} started"));
    let db = cluster.fresh_database(&format!("py3.12-pg{major}"))?;
    (site.say)(&format!("{db:?}"));
    let mut c = process::Command::new(&command[0]).args(&command[1..]);
    for (k, v) in db.env() {
        c = c.env(k, v);
    }
    let done = c.run(site.processes).expect("command");
    (site.say)(&format!("{major} {} {}", done.exit, done.tail));
    cluster.drop_database(&db)?;
    (site.say)(&format!("{major} dropped"));
    drop(cluster);
    (site.say)(&format!("{major} stopped"));
    Ok(())
}
