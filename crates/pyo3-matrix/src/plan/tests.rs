use super::*;

const CONFIG: &str = include_str!("../../../../matrix.toml");

fn config(extra: &str) -> Config {
    let text = format!("{CONFIG}\n{extra}");
    Config::parse(&text, "matrix.toml".as_ref(), "/".into()).expect("a valid config")
}

/// What `--name value` of each pair asks for.
fn axes(asked: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    asked.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect()
}

fn check(request: &Request) -> Vec<String> {
    plan(&config(""), request).expect("a plan").live().map(ToString::to_string).collect()
}

#[test]
fn the_default_preset_is_every_python_on_every_postgres() {
    let plan = plan(&config(""), &Request::default()).expect("a plan");
    assert_eq!((plan.cells.len(), plan.wheels().len()), (20, 5));
    assert_eq!((plan.pythons().len(), plan.releases().len()), (5, 4));
}

#[test]
fn an_axis_on_the_command_line_replaces_the_choice_of_the_preset() {
    let request = Request { axes: axes(&[("python", "3.12"), ("postgres", "16")]), ..Request::default() };
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
    let request = Request { axes: axes(&[("postgres", "12")]), ..Request::default() };
    let message = plan(&config(""), &request).expect_err("no such major").to_string();
    assert!(message.contains("known are 13, 14, 15, 16, 17, 18"), "{message}");
}

fn of_preset(preset: &str) -> Plan {
    let request = Request { preset: Some(preset.into()), ..Request::default() };
    plan(&config(""), &request).expect("a plan")
}

#[test]
fn full_is_every_value_of_the_file_and_extras_are_planned_only_where_they_are_named() {
    let full = of_preset("full");
    let every: usize =
        config("").axes.iter().filter(|axis| !axis.is_free).map(|axis| axis.values.len()).product();
    assert_eq!(full.cells.len(), every, "a new version is missing in the preset");
    assert_eq!(full.negatives.len(), 4);
    assert!(of_preset("pairwise").releases().iter().all(|release| release.version[0] < 17));
    let request = Request { axes: axes(&[("postgres", "17")]), ..Request::default() };
    assert_eq!(check(&request).len(), 5, "an extra that is named is planned");
}

#[test]
fn current_is_what_users_install_this_year() {
    let current = of_preset("current");
    assert_eq!((current.live().count(), current.wheels().len(), current.missing), (20, 5, Missing::Fail));
    let newest = |preset| of_preset(preset).cells.last().expect("a cell").cell.line;
    assert_eq!(newest("current"), newest("smoke"));
}

#[test]
fn pairwise_is_forty_cells() {
    let pairwise = of_preset("pairwise");
    assert_eq!((pairwise.cells.len(), pairwise.wheels().len()), (40, 40));
    assert_eq!(pairwise, of_preset("pairwise"));
}

#[test]
fn locating_is_forty_eight_cells_and_the_same_ones_everywhere() {
    let locating = of_preset("locating");
    assert_eq!((locating.cells.len(), locating.wheels().len()), (48, 40));
    assert_eq!(locating, of_preset("locating"));
}

#[test]
fn negative_cells_are_those_of_the_lines_that_are_planned() {
    let request = |preset: &str, line: &str, negative| Request {
        preset: Some(preset.into()),
        axes: axes(&[("line", line)]),
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

const ALLOCATORS: &str = "[[axis]]\nname = \"allocator\"\nvalue = [\n\
    { name = \"pymalloc\", env = { PYTHONMALLOC = \"pymalloc\" } },\n\
    { name = \"malloc\", env = { PYTHONMALLOC = \"malloc\" }, pytest = [\"-k\", \"fast\"] },\n]\n";

#[test]
fn a_free_axis_is_in_the_cells_of_a_request_that_names_it_and_in_no_other() {
    let config = config(ALLOCATORS);
    let ids = |axes| {
        let cells = plan(&config, &Request { axes, ..Request::default() }).expect("a plan").cells;
        cells.into_iter().map(|planned| planned.cell).collect::<Vec<_>>()
    };
    assert_eq!(ids(BTreeMap::new()).len(), 20);
    let both = ids(axes(&[("allocator", "all"), ("python", "3.12"), ("postgres", "16")]));
    let both_ids: Vec<String> = both.iter().map(CellId::to_string).collect();
    assert_eq!(both_ids, ["py3.12-pg16-pyo3_0.30-pymalloc", "py3.12-pg16-pyo3_0.30-malloc"]);
    let choices: Vec<_> = config.choices(&both[1]).collect();
    assert_eq!((choices.len(), choices[0].env["PYTHONMALLOC"].as_str()), (1, "malloc"));
    assert_eq!(choices[0].pytest, ["-k", "fast"]);
}

#[test]
fn a_cell_is_known_by_its_values_alone_and_in_the_order_of_the_axes() {
    let config = config(ALLOCATORS);
    assert!(cell(&config, "py3.12-pg16-pyo3_0.30-malloc").is_ok());
    for unknown in [
        "py3.12-pyo3_0.30",
        "py3.12-nats16-pyo3_0.30",
        "py3.12-pg16-pg15-pyo3_0.30",
        "py3.12-pg16-pyo3_0.30-malloc-pymalloc",
        "py3.12-pg16-pyo3_0.30-trio",
    ] {
        let error = cell(&config, unknown).expect_err(unknown).to_string();
        assert!(error.contains("unknown cell") && error.contains("the nearest are py3.12-pg"), "{error}");
    }
}

#[test]
fn presets_and_exclusions_work_over_free_axes() {
    let own = "[preset.mine]\npython = \"all\"\npostgres = \"all\"\nline = \"all\"\nallocator = \"all\"\n\
               combine = \"pairwise\"\n[[exclude]]\nallocator = \"malloc\"\npython = [\"3.9\", \"3.10\"]\nreason = \"too slow\"\n";
    let config = config(&format!("{ALLOCATORS}{own}"));
    let plan = plan(&config, &Request { preset: Some("mine".into()), ..Request::default() }).expect("a plan");
    assert_eq!(plan.live().count(), 40, "as many as without the axis");
    let of_malloc = |cell: &CellId| cell.choices == ["malloc"];
    let older = plan.live().filter(|cell| cell.python.minor < 11);
    assert_eq!(older.filter(|cell| of_malloc(cell)).count(), 0);
    assert!(plan.live().filter(|cell| of_malloc(cell)).count() >= 8, "each line beside malloc");
    let coverage = forecast::forecast(plan, &config, &[]).coverage;
    assert_eq!((coverage.covered, coverage.fewest), (coverage.of, 40));
    assert_eq!(coverage.axes.len(), 6);
}

#[test]
fn a_matrix_without_a_service_has_cells_of_two_axes() {
    let start = CONFIG.find("# What the tests talk to.").expect("the servers");
    let end = CONFIG.find("# A line is one PyO3").expect("the lines");
    let text = format!("{}{}", &CONFIG[..start], &CONFIG[end..]);
    let without = |line: &&str| !line.starts_with("postgres = ") && !line.starts_with("service = ");
    let text: Vec<&str> = text.lines().filter(without).collect();
    let config = Config::parse(&text.join("\n"), "matrix.toml".as_ref(), "/".into()).expect("a valid config");
    let plan = plan(&config, &Request::default()).expect("a plan");
    assert_eq!((plan.cells.len(), plan.releases().len()), (5, 0));
    assert_eq!(plan.cells[0].cell.to_string(), "py3.9-pyo3_0.30");
}
