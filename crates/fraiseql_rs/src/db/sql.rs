//! What kind of statement is this? Only as much as the pool has to know.

/// True for the statements after which a session is inside a transaction.
pub fn opens_transaction(sql: &str) -> bool {
    let start = skip_blanks(sql);
    let end = start.find(|at: char| !at.is_ascii_alphabetic()).unwrap_or(start.len());
    let word = &start[..end];
    word.eq_ignore_ascii_case("begin") || word.eq_ignore_ascii_case("start")
}

/// The rest of `sql` behind white space and comments.
fn skip_blanks(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        if let Some(line) = sql.strip_prefix("--") {
            sql = line.split_once('\n').map_or("", |(_, rest)| rest);
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
