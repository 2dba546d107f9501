//! What kind of statement is this? This file answers only the questions that the pool asks.

/// True for the statements after which a session is inside a transaction.
pub fn opens_transaction(sql: &str) -> bool {
    begins_with(sql, &["begin", "start"])
}

/// True for the statements that remove a session's prepared statements, including those of tokio-postgres.
pub fn deallocates(sql: &str) -> bool {
    begins_with(sql, &["deallocate", "discard"])
}

fn begins_with(sql: &str, words: &[&str]) -> bool {
    let start = skip_blanks(sql);
    let end = start.find(|at: char| !at.is_ascii_alphabetic()).unwrap_or(start.len());
    words.iter().any(|word| start[..end].eq_ignore_ascii_case(word))
}

/// Returns `sql` without leading white space, comments and empty statements.
fn skip_blanks(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches(|at: char| at.is_whitespace() || at == ';');
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
