//! What kind of statement is this? Only as much as the pool has to know.

/// True for the statements after which a session is inside a transaction.
pub fn opens_transaction(sql: &str) -> bool {
    begins_with(sql, &["begin", "start"])
}

/// True for the statements that may have committed a part of what they do when they fail.
pub fn commits_by_itself(sql: &str) -> bool {
    begins_with(sql, &["call", "do"])
}

/// True for the statements that take prepared statements away from a session, those of tokio-postgres included.
pub fn deallocates(sql: &str) -> bool {
    begins_with(sql, &["deallocate", "discard"])
}

fn begins_with(sql: &str, words: &[&str]) -> bool {
    let start = skip_blanks(sql);
    let end = start.find(|at: char| !at.is_ascii_alphabetic()).unwrap_or(start.len());
    words.iter().any(|word| start[..end].eq_ignore_ascii_case(word))
}

/// The rest of `sql` behind white space, comments and empty statements.
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

/// The rest behind a block comment, which may hold others.
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
