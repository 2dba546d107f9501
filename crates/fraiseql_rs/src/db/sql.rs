//! What kind of statement is this? This file answers only the questions that the pool asks. It reads the first words
//! as PostgreSQL's own lexer does, and never parses the rest.

/// Returns the first word of a statement that begins, ends or divides a session's transaction, else `None`. `COMMIT
/// PREPARED` and `ROLLBACK PREPARED` end a transaction that no session holds, so they are not among them.
pub fn transaction_control(sql: &str) -> Option<&str> {
    let (word, rest) = first_word(sql);
    let is_one = is_any(word, &["begin", "start", "end", "abort", "savepoint", "release"])
        || is_any(word, &["commit", "rollback"]) && !is_any(first_word(rest).0, &["prepared"])
        || is_any(word, &["prepare"]) && names_transaction(rest);
    is_one.then_some(word)
}

/// True for a statement that, by its text, leaves the session as it is. The text does not show what functions and
/// triggers do.
pub fn keeps_session(sql: &str) -> bool {
    const QUERIES: [&str; 9] =
        ["select", "insert", "update", "delete", "merge", "with", "values", "table", "show"];
    // `pg_settings` is a view that can be updated, and `U&"…"` is another way to write a name.
    const TRACES: [&str; 4] = ["set_config", "advisory", "pg_settings", "u&\""];
    let mut start = skip_blanks(sql);
    while let Some(inner) = start.strip_prefix('(') {
        start = skip_blanks(inner);
    }
    let word = first_word(start).0;
    if !is_any(word, &QUERIES) {
        return false;
    }
    let text = start.to_ascii_lowercase();
    // `SELECT … INTO TEMP` makes a table.
    let may_make_table = is_any(word, &["select", "with"]) && text.contains("into") && text.contains("temp");
    !may_make_table && !TRACES.iter().any(|trace| text.contains(trace))
}

/// True for the statements that may have committed a part of their work when they fail.
pub fn commits_by_itself(sql: &str) -> bool {
    is_any(first_word(sql).0, &["call", "do"])
}

/// True for the statements that remove a session's prepared statements, including those of tokio-postgres.
pub fn deallocates(sql: &str) -> bool {
    is_any(first_word(sql).0, &["deallocate", "discard"])
}

/// Whether `TRANSACTION` follows `PREPARE` as a keyword. In `PREPARE transaction AS SELECT 1` it is a plan's name.
fn names_transaction(behind_prepare: &str) -> bool {
    let (word, rest) = first_word(behind_prepare);
    let is_name = is_any(first_word(rest).0, &["as"]) || skip_blanks(rest).starts_with('(');
    is_any(word, &["transaction"]) && !is_name
}

fn is_any(word: &str, keywords: &[&str]) -> bool {
    keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Splits the first word, which may be empty, from the text after it.
fn first_word(sql: &str) -> (&str, &str) {
    let start = skip_blanks(sql);
    // Every byte of a character beyond ASCII is part of a word, so no character is cut.
    let is_of_word = |at: u8| at.is_ascii_alphanumeric() || at == b'_' || at == b'$' || !at.is_ascii();
    start.split_at(start.bytes().position(|at| !is_of_word(at)).unwrap_or(start.len()))
}

/// Returns `sql` without leading white space, comments and empty statements.
fn skip_blanks(mut sql: &str) -> &str {
    loop {
        if sql.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
            return sql;
        }
        sql = sql.trim_start_matches([' ', '\t', '\n', '\r', '\x0B', '\x0C', ';']);
        if let Some(line) = sql.strip_prefix("--") {
            sql = line.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
        } else if sql.starts_with("/*") {
            sql = behind_comment(sql);
        } else {
            return sql;
        }
    }
}

/// Returns the text after a block comment, which may contain other block comments.
fn behind_comment(sql: &str) -> &str {
    let mut depth = 0;
    let mut at = 0;
    let bytes = sql.as_bytes();
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return &sql[at..];
                }
            }
            _ => at += 1,
        }
    }
    ""
}
