use super::*;

const CONFIG: &str = include_str!("../../../../matrix.toml");

fn config(extra: &str) -> Config {
    let text = format!("{CONFIG}\n{extra}");
    Config::parse(&text, "matrix.toml".as_ref(), "/".into()).expect("a valid config")
}

fn check(request: &Request) -> Vec<String> {
    plan(&config(""), request).expect("a plan").live().map(|cell| cell.to_string()).collect()
}

#[test]
fn the_default_preset_is_every_python_on_every_postgres() {
    let plan = plan(&config(""), &Request::default()).expect("a plan");
    assert_eq!((plan.cells.len(), plan.wheels().len()), (20, 5));
    assert_eq!((plan.pythons().len(), plan.majors().len()), (5, 4));
}

#[test]
fn an_axis_on_the_command_line_replaces_the_choice_of_the_preset() {
    let request = Request { pythons: vec!["3.12".into()], postgres: vec!["16".into()], ..Request::default() };
    assert_eq!(check(&request).len(), 1);
}

#[test]
fn named_cells_are_planned_once_and_alone() {
    let newest = config("").lines.last().expect("a line").name;
    let id = format!("py3.12-pg16-pyo3_{newest}");
    let request = Request { cells: vec![id.clone(), id.clone()], ..Request::default() };
    assert_eq!(check(&request), [id]);
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let newest = config("").lines.last().expect("a line").name;
    let request = Request { cells: vec![format!("py3.12-pg61-pyo3_{newest}")], ..Request::default() };
    let message = plan(&config(""), &request).expect_err("no such cell").to_string();
    assert!(message.contains(&format!("py3.12-pg16-pyo3_{newest}")), "{message}");
    let request = Request { postgres: vec!["12".into()], ..Request::default() };
    let message = plan(&config(""), &request).expect_err("no such major").to_string();
    assert!(message.contains("known are 13, 14, 15, 16, 17, 18"), "{message}");
}

fn of_preset(preset: &str) -> Plan {
    let request = Request { preset: Some(preset.into()), ..Request::default() };
    plan(&config(""), &request).expect("a plan")
}

#[test]
fn full_is_every_cell_of_the_three_axes_and_the_extras_are_no_part_of_it() {
    let full = of_preset("full");
    assert_eq!((full.cells.len(), full.wheels().len(), full.negatives.len()), (160, 40, 4));
    assert!(full.majors().iter().all(|major| major.0 < 17));
    let request = Request { postgres: vec!["17".into()], ..Request::default() };
    assert_eq!(check(&request).len(), 5, "an extra that is named is planned");
}

#[test]
fn pairwise_is_forty_cells() {
    let pairwise = of_preset("pairwise");
    assert_eq!((pairwise.cells.len(), pairwise.wheels().len()), (40, 40));
    assert_eq!(pairwise, of_preset("pairwise"));
}

#[test]
fn negative_cells_are_those_of_the_lines_that_are_planned() {
    let request = |preset: &str, line: &str, negative| Request {
        preset: Some(preset.into()),
        lines: vec![line.into()],
        negative,
        ..Request::default()
    };
    let ids = |request| {
        let plan = plan(&config(""), &request).expect("a plan");
        plan.negatives.into_iter().map(|negative| negative.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(request("full", "0.24", false)), ["py3.14-pyo3_0.24"]);
    let of_newest = ["py3.8-pyo3_0.30", "pyo3_0.30-with-pyo3-async-runtimes_0.29.0"];
    assert_eq!(ids(request("smoke", "0.30", true)), of_newest);
    assert!(ids(request("smoke", "0.30", false)).is_empty());
}

#[test]
fn a_preset_leaves_out_cells_of_its_own() {
    let own = "[preset.mine]\npython = \"all\"\npostgres = [16]\nline = \"all\"\ncombine = \"pairwise\"\n\
               exclude = [{ python = \"3.9\", line = \"0.30\", reason = \"ours\" }]\n";
    let request = Request { preset: Some("mine".into()), ..Request::default() };
    let plan = plan(&config(own), &request).expect("a plan");
    assert_eq!(plan.live().count(), 39);
    assert!(plan.live().all(|cell| cell.to_string() != "py3.9-pg16-pyo3_0.30"));
}

#[test]
fn an_excluded_cell_stays_in_the_plan_with_its_reason() {
    let config = config("[[exclude]]\npython = \"3.9\"\nreason = \"end of life\"\n");
    let plan = plan(&config, &Request::default()).expect("a plan");
    assert_eq!((plan.cells.len(), plan.live().count(), plan.wheels().len()), (20, 16, 4));
    assert_eq!(plan.cells[0].excluded.as_deref(), Some("end of life"));
}
