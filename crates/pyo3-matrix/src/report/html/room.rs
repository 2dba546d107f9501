//! How much of something fits onto the page? Pieces in, as many of them as there is room for, and how many were left out.

use maud::{Markup, html};

use crate::report::model::numbers::readable;

/// What the whole page may take, in bytes, and what the sections of the cells have of it in any case.
pub const PAGE: usize = 980_000;
pub const CELLS: usize = 100_000;

/// What each other part may take.
pub const RED: usize = 120 * 1024;
pub const KIT: usize = 80 * 1024;
pub const WHY: usize = 40 * 1024;

/// Takes pieces as long as they fit, and counts the others.
pub fn within(room: usize, pieces: impl IntoIterator<Item = Markup>) -> (Vec<Markup>, usize) {
    let (mut taken, mut left_out, mut used) = (Vec::new(), 0, 0);
    for piece in pieces {
        used += piece.0.len();
        if used > room {
            left_out += 1;
        } else {
            taken.push(piece);
        }
    }
    (taken, left_out)
}

/// That some were left out, and where they are.
pub fn left_out(count: usize, what: &str, file: &str) -> Markup {
    html! {
        @if count > 0 { p.note { (count) " more " (what) ": see " code { (file) } "." } }
    }
}

/// A text as it is read, with its beginning and its end where it is longer than `most` bytes: what failed stands at the end.
pub fn cut(text: &str, most: usize) -> String {
    let text = readable(text);
    let text = text.trim_end();
    if text.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (boundary(text, most / 3), boundary(text, text.len() - (most - most / 3)));
    format!("{}\n… {} bytes are in record.json …\n{}", &text[..head], tail - head, &text[tail..])
}

/// The last place up to here at which a text may be cut.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        let text = format!("{}{}", "é".repeat(1000), "E   it failed\n");
        let shown = cut(&text, 301);
        assert!(shown.starts_with("éé") && shown.ends_with("E   it failed"), "{shown}");
        assert!(shown.contains("bytes are in record.json") && shown.len() < 360, "{} {shown}", shown.len());
        assert_eq!(cut("short\n", 301), "short");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let piece = |text: &str| html! { (text) };
        let (taken, left_out) = within(4, ["aa", "aa", "a", ""].map(piece));
        assert_eq!((taken.len(), left_out), (2, 2));
    }
}
