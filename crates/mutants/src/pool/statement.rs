//! Does a statement begin or end a transaction? `fetch` gives its connection back afterwards, so it refuses those.

use crate::error::Failure;

/// Refuses a statement that opens or closes a transaction by itself.
pub fn check(sql: &str) -> Result<(), Failure> {
    let word = first_word(sql).to_ascii_uppercase();
    match word.as_str() {
        "BEGIN" | "START" => Err(Failure::of_pool(format!(
            "{word} through fetch would be undone when the connection is given back: use transaction()"
        ))),
        "COMMIT" | "END" | "ROLLBACK" | "ABORT" if !is_to_savepoint(sql) => Err(Failure::of_pool(format!(
            "{word} through fetch has no transaction to end: use commit() or rollback() of transaction()"
        ))),
        _ => Ok(()),
    }
}

/// ROLLBACK TO goes back to a savepoint, and leaves the transaction open.
fn is_to_savepoint(sql: &str) -> bool {
    let mut words = sql.split_whitespace().map(str::to_ascii_uppercase);
    words.any(|word| word == "TO")
}

/// The first word after blanks, semicolons and comments.
pub fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ';');
        rest = match rest.get(..2) {
            Some("--") => rest.split_once('\n').map_or("", |(_, after)| after),
            Some("/*") => after_comment(rest),
            _ => break,
        };
    }
    let end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

/// What follows a comment, which may have comments in it.
fn after_comment(sql: &str) -> &str {
    let mut depth = 0_usize;
    let mut rest = sql;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("/*") {
            (depth, rest) = (depth + 1, after);
        } else if let Some(after) = rest.strip_prefix("*/") {
            (depth, rest) = (depth - 1, after);
            if depth == 0 {
                break;
            }
        } else {
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
        }
    }
    rest
}
