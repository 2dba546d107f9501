//! How is something called beside others of its kind? Names as tools write them in, the part that tells them apart, out.

/// What tells a benchmark from the others of its group: of `test_latency[simple-psycopg]` in `simple` it is `psycopg`.
#[must_use]
pub fn variant<'a>(name: &'a str, group: &str) -> &'a str {
    let inside = name.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    inside.map_or(name, |inside| {
        inside.strip_prefix(group).and_then(|rest| rest.strip_prefix('-')).unwrap_or(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmark_is_called_by_what_its_group_does_not_say() {
        let told = [
            ("test_latency[simple-psycopg]", "simple"),
            ("test_latency[thousand_rows-threads (psycopg)]", "thousand_rows"),
            ("test_encode[utf8]", "simple"),
            ("test_alone", ""),
        ];
        let expected = ["psycopg", "threads (psycopg)", "utf8", "test_alone"];
        assert_eq!(told.map(|(name, group)| variant(name, group)), expected);
    }
}
