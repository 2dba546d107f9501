use crate::config::{Config, Keep, Kept};

const CONFIG: &str = include_str!("../../../../../matrix.toml");

/// Returns the message for a file in which `new` replaces `old`.
fn check(old: &str, new: &str) -> String {
    assert!(CONFIG.contains(old), "{old}");
    let text = CONFIG.replacen(old, new, 1);
    Config::parse(&text, "matrix.toml".as_ref(), "/".into()).expect_err(new).to_string()
}

fn line_of(text: &str) -> usize {
    CONFIG.lines().position(|line| line.contains(text)).expect("a line of the file") + 1
}

#[test]
fn a_word_that_is_no_key_is_answered_with_file_line_and_what_is_allowed() {
    let message = check("[budgets]", "[budgets]\nbuidl = 3");
    assert!(message.starts_with(&format!("matrix.toml:{}: ", line_of("[budgets]") + 1)), "{message}");
    assert!(message.contains("unknown field `buidl`, expected one of `probe`, `fetch`"), "{message}");
}

#[test]
fn what_is_kept_is_a_number_or_all_of_it_and_has_defaults() {
    let parse = |keep: &str| {
        let text = CONFIG.replace("\n[keep]\nruns = 20\nwheels = 40\n", keep);
        let config = Config::parse(&text, "matrix.toml".as_ref(), "/".into());
        config.map(|config| config.keep).map_err(|error| error.to_string())
    };
    assert_eq!(parse("\n"), Ok(Keep { runs: Kept::Newest(20), wheels: Kept::Newest(40) }));
    assert_eq!(
        parse("\n[keep]\nruns = 0\nwheels = \"all\"\n"),
        Ok(Keep { runs: Kept::Newest(0), wheels: Kept::All })
    );
    for wrong in ["runs = -1", "runs = \"none\"", "wheels = 1.5"] {
        let message = parse(&format!("\n[keep]\n{wrong}\n")).expect_err(wrong);
        assert!(message.contains("expected a whole number of 0 or more, or \"all\""), "{message}");
    }
    let message = parse("\n[keep]\nrun = 3\n").expect_err("no such key");
    assert!(message.contains("unknown field `run`, expected `runs` or `wheels`"), "{message}");
}

#[test]
fn a_version_listed_twice_or_out_of_order_is_named_at_its_line() {
    let message = check("version = \"3.10\"", "version = \"3.9\"");
    assert!(message.contains("[[python]] 3.9 follows 3.9: list each once, the newest last"), "{message}");
    let message = check("version = 14", "version = 12");
    assert!(
        message.contains("release 12 of postgres follows 13: list each once, the newest last"),
        "{message}"
    );
}

#[test]
fn a_pairing_of_unequal_minors_is_refused() {
    let message = check("pyo3-async-runtimes = \"0.30.0\"", "pyo3-async-runtimes = \"0.29.0\"");
    assert!(
        message.contains("line 0.30 names pyo3-async-runtimes 0.29.0, allowed: 0.30.<patch>"),
        "{message}"
    );
}

#[test]
fn a_preset_cannot_choose_what_no_axis_lists() {
    let message = check("postgres = \"all\"", "postgres = [16, 61]");
    assert!(
        message.contains("postgres 61, allowed: 13, 14, 15, 16, 17, 18, \"all\", \"newest\""),
        "{message}"
    );
    let message = check("line = \"newest\"", "line = \"oldest\"");
    assert!(message.contains("`oldest` is not a choice"), "{message}");
}

#[test]
fn exactly_one_preset_is_the_default() {
    let message = check("[preset.smoke]", "[preset.smoke]\ndefault = true");
    assert!(message.contains("a second preset says `default = true`"), "{message}");
    assert!(check("default = true", "").contains("no preset says `default = true`"));
}

#[test]
fn a_criterion_is_a_test_or_a_speedup_and_an_exclusion_has_a_reason() {
    let message = check("speedup = {", "test = \"a\"\nspeedup = {");
    assert!(message.contains("needs either `test` or `speedup`"), "{message}");
    let message = check("[preset.smoke]", "[[exclude]]\npython = \"3.9\"\nreason = \" \"\n[preset.smoke]");
    assert!(message.contains("an exclusion needs a reason"), "{message}");
    let message = check("[preset.smoke]", "[[exclude]]\npython = \"3.8\"\nreason = \"x\"\n[preset.smoke]");
    assert!(message.contains("this exclusion names python 3.8, allowed: 3.9, 3.10"), "{message}");
}

#[test]
fn a_suite_passes_no_variable_on_that_the_harness_sets() {
    let message = check("[suite]", "[suite]\npass_env = [\"NATS_URL\", \"PYTHON*\"]");
    assert!(
        message.contains("pass_env names `PYTHON*`, and the harness sets PYTHONPATH itself"),
        "{message}"
    );
}

#[test]
fn the_adapter_of_the_kit_is_a_file_of_python() {
    let own = CONFIG.lines().find(|line| line.starts_with("kit = ")).expect("a line of the file");
    let told = |kit: &str| check(own, &format!("kit = \"{kit}\""));
    assert!(
        told("bridge_adapter").contains("[suite] kit is bridge_adapter, allowed: FILE.py or FILE.py:NAME")
    );
    assert!(told("tests/adapter.toml:Pool").contains("[suite] kit is tests/adapter.toml:Pool"));
}

#[test]
fn a_suite_has_tests_and_a_speedup_is_above_nothing() {
    let tests = CONFIG.lines().find(|line| line.starts_with("tests = ")).expect("a line of the file");
    assert!(check(tests, "tests = []").contains("[suite] tests is empty"));
    assert!(check("simple = 1.5", "simple = 0.0").contains("needs simple 0 times as fast, allowed: above 0"));
}

#[test]
fn a_negative_cell_is_a_python_or_a_pairing_with_its_message() {
    let negative = |text: &str| check("[preset.smoke]", &format!("[[negative]]\n{text}\n[preset.smoke]"));
    let message = negative("line = \"0.30\"\nmessage = \"x\"");
    assert!(message.contains("needs either `python` or `pyo3-async-runtimes`"), "{message}");
    let message = negative("line = \"0.9\"\npython = \"3.8\"\nmessage = \"x\"");
    assert!(message.contains("names line 0.9, which no [[line]] lists"), "{message}");
    let message = negative("line = \"0.30\"\npython = \"3.7\"\nmessage = \" \"");
    assert!(message.contains("needs the message that its build fails with"), "{message}");
    let message = negative("line = \"0.24\"\npython = \"3.14\"\nmessage = \"x\"");
    assert!(message.contains("negative cell py3.14-pyo3_0.24 is listed twice"), "{message}");
}

/// The packages of the first line, where the file names one line, with these keys beside its name.
fn packages(keys: &str) -> Result<Vec<String>, String> {
    let before = CONFIG.find("[[line]]").expect("a line");
    let after = CONFIG[before..].find("\n\n").map(|end| before + end).expect("an end");
    let text = format!("{}[[line]]\nname = \"0.23\"\n{keys}{}", &CONFIG[..before], &CONFIG[after..]);
    let config = Config::parse(&text, "matrix.toml".as_ref(), "/".into());
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.lines[0].pairing().map(|(name, version)| format!("{name} {version}")).collect())
}

#[test]
fn a_line_is_pyo3_with_the_companions_that_it_names() {
    assert_eq!(packages("pyo3 = \"0.23.5\""), Ok(vec!["pyo3 0.23.5".to_owned()]));
    let several = packages("pyo3 = \"0.23.5\"\npyo3-log = \"0.12.1\"\nnumpy = \"0.23.0\"");
    assert_eq!(several, Ok(["pyo3 0.23.5", "numpy 0.23.0", "pyo3-log 0.12.1"].map(str::to_owned).into()));
}

#[test]
fn a_companion_has_a_version_and_the_one_of_the_line_its_minor() {
    let message = packages("pyo3 = \"0.23.5\"\npyo3-async-runtimes = \"0.24.0\"").expect_err("another minor");
    assert!(message.contains("names pyo3-async-runtimes 0.24.0, allowed: 0.23.<patch>"), "{message}");
    let message = packages("pyo3 = \"0.23.5\"\npyo3-log = \"latest\"").expect_err("no version");
    assert!(message.contains("names pyo3-log latest, which is no version"), "{message}");
    let message = packages("pyo3-log = \"0.12.1\"").expect_err("no pyo3");
    assert!(message.contains("missing field `pyo3`"), "{message}");
}

#[test]
fn an_axis_of_extras_alone_is_refused() {
    let text = CONFIG.replace("\nextra = true", "").replace("version = \"3", "extra = true\nversion = \"3");
    let message = Config::parse(&text, "matrix.toml".as_ref(), "/".into()).expect_err("refused").to_string();
    assert!(message.contains("every [[python]] is extra"), "{message}");
}

#[test]
fn a_budget_of_nothing_is_refused() {
    assert!(check("probe = 20", "probe = 0").contains("a budget of 0 seconds"));
}

#[test]
fn a_value_of_another_type_is_told_in_words_and_not_in_types_of_rust() {
    let text = check("tests = 180", "tests = \"long\"");
    assert!(text.contains("invalid type: string \"long\", expected a whole number"), "{text}");
}

#[test]
fn the_releases_of_the_config_are_the_newest_that_are_known() {
    let text = include_str!("../../../../../matrix.toml");
    let config = Config::parse(text, "matrix.toml".as_ref(), "/".into()).expect("a config");
    for spec in &config.lines {
        let known = pyo3_doctor::facts::releases(spec.name).expect("a known line");
        assert_eq!(
            (known.pyo3, known.runtimes),
            (spec.pyo3.as_str(), spec.companions["pyo3-async-runtimes"].as_str())
        );
    }
}

/// What `Config::load` says where `[suite]` is as given, in a project with `tests` and an empty `pyproject.toml`.
fn loaded(tests: &str, settings: &str) -> Result<(), String> {
    let root = tempfile::tempdir().expect("a folder");
    fs_err::create_dir(root.path().join("tests")).expect("made");
    for (file, text) in [("Cargo.toml", ""), ("pyproject.toml", settings)] {
        fs_err::write(root.path().join(file), text).expect("written");
    }
    let given = |key: &str| CONFIG.lines().find(|line| line.starts_with(key)).expect("a line of the file");
    let text = CONFIG.replace(given("manifest = "), "manifest = \"Cargo.toml\"");
    let text = text.replace(given("tests = "), tests);
    let text = text.replace(given("benchmarks = "), "");
    let text = text.replace(given("kit = "), "");
    fs_err::write(root.path().join("matrix.toml"), text).expect("written");
    let config = Config::load(Some(&root.path().join("matrix.toml")));
    config.map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_stage_that_names_nothing_to_run_is_refused() {
    let settings = "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]";
    for tests in [r#"tests = ["-m", "not slow"]"#, r#"tests = ["none/test_a.py"]"#] {
        let message = loaded(tests, "").expect_err(tests);
        assert!(message.contains("[suite] tests names no file or folder that is there"), "{message}");
        assert!(message.contains("\nhint: name what to run"), "{message}");
        assert_eq!(loaded(tests, settings), Ok(()));
    }
    assert_eq!(loaded(r#"tests = ["tests"]"#, ""), Ok(()));
    assert_eq!(loaded(r#"tests = ["--pyargs", "ours.tests"]"#, ""), Ok(()));
    let message = loaded("tests = [\"tests\"]\nbenchmarks = [\"-q\"]", "").expect_err("no benchmarks");
    assert!(message.contains("[suite] benchmarks names no file"), "{message}");
}

/// Returns the message for a file with this free axis.
fn axis(text: &str) -> String {
    check("[preset.smoke]", &format!("[[axis]]\n{text}\n[preset.smoke]"))
}

#[test]
fn a_free_axis_has_a_name_and_values_of_its_own_that_change_something() {
    let value = |name: &str| format!("{{ name = \"{name}\", env = {{ A = \"1\" }} }}");
    let named = |name: &str, values: &str| axis(&format!("name = \"{name}\"\nvalue = [{values}]"));
    for taken in ["python", "postgres", "preset", "Loop", "a-b"] {
        let message = named(taken, &value("malloc"));
        assert!(message.contains(&format!("an axis cannot be called `{taken}`")), "{message}");
    }
    assert!(named("allocator", "").contains("axis allocator has no [[axis.value]] that is not extra"));
    let message = named("allocator", &value("a-b"));
    assert!(message.contains("has the value `a-b`, allowed: letters, digits, `_` and `.`"), "{message}");
    let message = named("allocator", &format!("{0}, {0}", value("malloc")));
    assert!(message.contains("has the value malloc, which is listed before"), "{message}");
    let message = named("allocator", "{ name = \"pymalloc\" }, { name = \"malloc\" }");
    assert!(
        message.contains("malloc of axis allocator is the second that changes nothing, needed: `env`"),
        "{message}"
    );
    for unknown in ["postgres", "nats"] {
        let message = named("allocator", &format!("{{ name = \"malloc\", service = [\"{unknown}\"] }}"));
        let complaint =
            format!("malloc of axis allocator has the service {unknown}, allowed: one of [service.*]");
        assert!(message.contains(&complaint), "{message}");
    }
}

#[test]
fn a_service_has_a_name_of_its_own_and_letters_for_the_ids_of_cells() {
    let service = |text: &str| check("[service.postgres]", &format!("{text}\n[service.postgres]"));
    assert!(service("[service.python]\nrun = \"x\"").contains("a service cannot be called `python`"));
    let message = service("[service.nats2]\nrun = \"x\"");
    assert!(message.contains("would stand as `nats2` in a cell's id, allowed: small letters"), "{message}");
    let message = service("[service.nats]\nrun = \"x\"\n[[service.nats.release]]\nversion = \"new\"");
    assert!(message.contains("version `new` of a release is none"), "{message}");
}

#[test]
fn a_preset_names_axes_that_there_are_and_every_one_that_is_not_free() {
    let message = check("[preset.smoke]", "[preset.smoke]\nlop = \"all\"");
    assert!(
        message.contains("this preset names `lop`, which is no axis, allowed: python, postgres, line"),
        "{message}"
    );
    let message = check("[preset.smoke]\npython = \"newest\"", "[preset.smoke]");
    assert!(message.contains("this preset chooses no python, needed: python = \"all\""), "{message}");
}
