//! How is a secret taken out of a document that stays readable? JSON, XML or HTML in, the same with other contents out: only
//! strings, attributes and texts change, each decoded, redacted, and encoded again.

use std::path::Path;

use super::Secrets;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// One document, or one on each line.
    Json,
    Xml,
    /// XML in which styles and scripts are no markup.
    Html,
}

impl Kind {
    /// What a file holds, by its name.
    pub fn of(path: &Path) -> Kind {
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("json" | "jsonl") => Kind::Json,
            Some("xml" | "svg") => Kind::Xml,
            Some("html") => Kind::Html,
            _ => Kind::Text,
        }
    }
}

impl Secrets {
    pub(super) fn document(&self, text: &str, kind: Kind) -> String {
        match kind {
            Kind::Text => self.redacted(text),
            Kind::Json => self.json(text),
            Kind::Xml => self.xml(text),
            Kind::Html => self.html(text),
        }
    }

    /// A number stays, even where its digits are a secret's: a document that cannot be read hides what happened.
    fn json(&self, text: &str) -> String {
        if is_json(text) {
            return self.strings(text);
        }
        let line =
            |line: &str| if is_json(line) { self.strings(line) } else { self.redacted(&self.strings(line)) };
        text.split_inclusive('\n').map(line).collect()
    }

    /// `text` with every JSON string in it redacted.
    fn strings(&self, text: &str) -> String {
        let (mut done, mut rest) = (String::new(), text);
        while let Some((before, from)) = rest.find('"').map(|at| rest.split_at(at)) {
            done.push_str(before);
            let (literal, after) = from.split_at(literal_end(from));
            match serde_json::from_str::<String>(literal) {
                Ok(decoded) => {
                    let redacted = self.redacted(&decoded);
                    let changed = || serde_json::Value::from(redacted.as_str()).to_string();
                    done.push_str(&if redacted == decoded { literal.to_owned() } else { changed() });
                }
                // Half of a surrogate pair, which Python may write, or a string that was cut short.
                Err(_) => done.push_str(&self.redacted(literal)),
            }
            rest = after;
        }
        done + rest
    }

    /// `text` with every XML text and attribute in it redacted.
    fn xml(&self, text: &str) -> String {
        let (mut done, mut rest) = (String::new(), text);
        while !rest.is_empty() {
            let end = if rest.starts_with("<!") { declaration_end(rest) } else { markup_end(rest) };
            let (piece, after) = rest.split_at(end);
            if piece.starts_with("<!") {
                done.push_str(&self.redacted(piece));
            } else if piece.starts_with('<') {
                self.attributes(piece, &mut done);
            } else {
                done.push_str(&self.content(piece));
            }
            rest = after;
        }
        done
    }

    /// `text` redacted as XML, but for the inside of each style and script, in which `<` begins no tag: that is redacted as
    /// it stands.
    fn html(&self, text: &str) -> String {
        let (mut done, mut rest) = (String::new(), text);
        while let Some((inside, end)) = raw_text(rest) {
            done.push_str(&self.xml(&rest[..inside]));
            done.push_str(&self.redacted(&rest[inside..end]));
            rest = &rest[end..];
        }
        done + &self.xml(rest)
    }

    fn attributes(&self, tag: &str, done: &mut String) {
        let mut rest = tag;
        while let Some(at) = rest.find(['"', '\'']) {
            let quote = &rest[at..=at];
            let (before, value) = rest.split_at(at + 1);
            let end = value.find(quote).unwrap_or(value.len());
            done.push_str(before);
            done.push_str(&self.content(&value[..end]));
            let closed = (end + 1).min(value.len());
            done.push_str(&value[end..closed]);
            rest = &value[closed..];
        }
        done.push_str(rest);
    }

    fn content(&self, encoded: &str) -> String {
        let decoded = unescaped(encoded);
        let redacted = self.redacted(&decoded);
        if redacted == decoded { encoded.to_owned() } else { escaped(&redacted) }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Where the JSON string ends that `text` begins with.
fn literal_end(text: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            // The opening quote counts as escaped.
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where a comment or another declaration ends.
fn declaration_end(text: &str) -> usize {
    let close = [("<!--", "-->"), ("<![CDATA[", "]]>")];
    let close = close.iter().find(|(open, _)| text.starts_with(open)).map_or(">", |(_, close)| close);
    text.find(close).map_or(text.len(), |at| at + close.len())
}

/// Where the tag ends, or the text before the next one, that `text` begins with.
fn markup_end(text: &str) -> usize {
    if !text.starts_with('<') {
        return text.find('<').unwrap_or(text.len());
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// Where the inside of the next style or script begins and ends. In a text of a page `<` is escaped, and this harness
/// writes these tags with nothing in them; a page that has them otherwise is redacted as XML.
fn raw_text(text: &str) -> Option<(usize, usize)> {
    let begins =
        |name: &str| text.find(&format!("<{name}>")).map(|at| (at + name.len() + 2, name.to_owned()));
    let (inside, name) = ["style", "script"].iter().filter_map(|name| begins(name)).min()?;
    let end = text[inside..].find(&format!("</{name}>"))?;
    Some((inside, inside + end))
}

fn unescaped(text: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('&') {
        done.push_str(&rest[..at]);
        let from = &rest[at..];
        let entity = from.find(';').and_then(|end| Some((entity(&from[1..end])?, end + 1)));
        let (decoded, end) = entity.unwrap_or(('&', 1));
        done.push(decoded);
        rest = &from[end..];
    }
    done + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix('x').map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hex.unwrap_or_else(|| number.parse()).ok()?)
        }
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut done, c| {
        match c {
            '&' => done.push_str("&amp;"),
            '<' => done.push_str("&lt;"),
            '>' => done.push_str("&gt;"),
            '"' => done.push_str("&quot;"),
            '\'' => done.push_str("&apos;"),
            // As it is, an attribute would lose it.
            '\n' => done.push_str("&#10;"),
            '\r' => done.push_str("&#13;"),
            '\t' => done.push_str("&#9;"),
            c => done.push(c),
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::knowing;
    use super::*;

    const SECRET: &str = "hush \"é\" <&> 'x'\n12";

    #[test]
    fn json_stays_json_with_the_secret_out_of_keys_and_strings() {
        let line = serde_json::json!({"a": format!("x {SECRET}"), SECRET: [12_345_678, "12345678", "é"]});
        let known = knowing(&[SECRET, "12345678"]);
        let expected = serde_json::json!({"a": "x ***", "***": [12_345_678, "***", "é"]});
        for text in [line.to_string(), serde_json::to_string_pretty(&line).expect("JSON")] {
            let redacted: serde_json::Value =
                serde_json::from_str(&known.document(&text, Kind::Json)).expect("JSON");
            assert_eq!(redacted, expected);
        }
    }

    #[test]
    fn what_holds_no_secret_stays_byte_for_byte() {
        let json = "{\"b\": 1.50, \"a\": \"\\u00e9\\/\\ud83d\"}\n";
        let xml = "<?xml version='1.0'?><a b=\"&#10;&apos;>\">x &gt; y<!-- > --></a>";
        let known = knowing(&[SECRET]);
        assert_eq!(
            (known.document(json, Kind::Json), known.document(xml, Kind::Xml)),
            (json.into(), xml.into())
        );
    }

    #[test]
    fn a_line_that_was_cut_short_is_redacted_as_far_as_it_goes() {
        let known = knowing(&["hush-hush"]);
        let text = "{\"a\": \"hush-hush\"}\n{\"a\": \"x hush-hush and mo";
        assert_eq!(known.document(text, Kind::Json), "{\"a\": \"***\"}\n{\"a\": \"x *** and mo");
        assert_eq!(known.document("no JSON: hush-hush", Kind::Json), "no JSON: ***");
    }

    #[test]
    fn html_stays_html_and_its_script_is_no_markup() {
        let known = knowing(&[SECRET, "hush-hush"]);
        let text = "hush \"é\" &lt;&amp;&gt; 'x'\n12";
        let code = "<script>if (1<2 && \"&amp;\") a('<b c=\"&lt;\">')</script>";
        let page =
            format!("<!DOCTYPE html><style>a>b{{}}</style><p title=\"hush-hush\">{text}<br>{code}{text}");
        let expected = format!("<!DOCTYPE html><style>a>b{{}}</style><p title=\"***\">***<br>{code}***");
        assert_eq!(known.document(&page, Kind::Html), expected);
        let page = "<script>a = 'hush-hush'</script>x<script>hush-hush";
        assert_eq!(known.document(page, Kind::Html), "<script>a = '***'</script>x<script>***");
        assert_eq!(Kind::of(Path::new("report.html")), Kind::Html);
    }

    #[test]
    fn xml_stays_xml_with_the_secret_out_of_attributes_and_texts() {
        let known = knowing(&[SECRET, "testcase"]);
        let (text, attribute) =
            ("hush \"é\" &lt;&amp;&gt; 'x'\n12", "hush &quot;é&quot; &lt;&amp;&gt; 'x'&#10;12");
        let xml =
            format!("<testcase name=\"a > {attribute}\" time='1'>\n{text} &amp;</testcase><!-- {SECRET} -->");
        let expected = "<testcase name=\"a &gt; ***\" time='1'>&#10;*** &amp;</testcase><!-- *** -->";
        assert_eq!(known.document(&xml, Kind::Xml), expected);
    }
}
