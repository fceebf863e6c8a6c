//! Colours: what the words of a line are.

use super::super::Stage;
use super::escape;

/// A line with its words marked: addresses `a`, mnemonics and ops `m`, numbers `n`, values `v`, names `f`, comments `c`.
pub fn marked(line: &str, stage: Stage) -> String {
    let (code, comment) = match line.split_once(" ; ").or_else(|| line.split_once("  ;")) {
        Some((code, comment)) => (code.trim_end(), Some(comment)),
        None => (line, None),
    };
    let assembly = matches!(stage, Stage::Guest | Stage::Host);
    let mut out = String::with_capacity(4 * line.len());
    let mut rest = code;
    if assembly && let Some((address, after)) = split_address(code) {
        wrap(&mut out, "a", address);
        rest = after;
    }
    // The op of a value is behind its `=`; other lines begin with it.
    let mut op_next = assembly || !rest.contains(" = ");
    let mut before = ' ';
    let mut after_equals = false;
    while !rest.is_empty() {
        let length = word_length(rest);
        let (word, after) = rest.split_at(length);
        match kind(word, before) {
            Some(class) if class != "w" => wrap(&mut out, class, word),
            Some(_) if op_next => {
                wrap(&mut out, "m", word);
                op_next = false;
            }
            _ => out.push_str(&escape(word)),
        }
        if word == "=" {
            op_next = true;
        } else if !word.trim().is_empty() && before == ' ' && after_equals {
            op_next = false;
        }
        after_equals = word == "=" || after_equals && word.trim().is_empty();
        before = word.chars().last().unwrap_or(' ');
        rest = after;
    }
    if let Some(comment) = comment {
        out.push(' ');
        wrap(&mut out, "c", &format!("; {}", comment.trim_start()));
    }
    out
}

fn wrap(out: &mut String, class: &str, word: &str) {
    out.push_str(&format!("<b class=\"{class}\">{}</b>", escape(word)));
}

/// The address at a line's begin, with the blanks around it.
fn split_address(line: &str) -> Option<(&str, &str)> {
    let begin = line.len() - line.trim_start().len();
    let end = begin + line[begin..].find("  ")?;
    let hex = line[begin..end].chars().all(|c| c.is_ascii_hexdigit());
    (hex && end > begin).then(|| line.split_at(end + 2))
}

/// Bytes of the first word: letters and digits, a name in angle brackets, or one other character.
fn word_length(text: &str) -> usize {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    if let Some(end) = text.strip_prefix('<').and_then(|t| t.find('>')) {
        return end + 2;
    }
    let length = text.find(|c| !inside(c)).unwrap_or(text.len());
    if length > 0 { length } else { text.chars().next().map_or(0, char::len_utf8) }
}

/// What a word is; `w`: a word that may be an op.
fn kind(word: &str, before: char) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let first = word.chars().next()?;
    if word.len() > 2 && first == '<' {
        return Some("f");
    }
    if first.is_ascii_digit() {
        return Some("n");
    }
    if word.strip_prefix('v').is_some_and(digits) && before != '%' {
        return Some("v");
    }
    if word.strip_prefix("block").is_some_and(digits) {
        return Some("f");
    }
    (first.is_alphabetic()).then_some("w")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_marked_by_what_they_are() {
        let cases = [
            (
                "400128  bl 0x400174 <fib>",
                Stage::Guest,
                "<b class=\"a\">400128  </b><b class=\"m\">bl</b> <b class=\"n\">0x400174</b> <b class=\"f\">&lt;fib&gt;</b>",
            ),
            (
                "v2 = iadd v0, v9  ; v9 = 1",
                Stage::Clif,
                "<b class=\"v\">v2</b> = <b class=\"m\">iadd</b> <b class=\"v\">v0</b>, <b class=\"v\">v9</b> <b class=\"c\">; v9 = 1</b>",
            ),
            ("block1:", Stage::Clif, "<b class=\"f\">block1</b>:"),
            (
                " 1f  jmp → 0x10",
                Stage::Host,
                "<b class=\"a\"> 1f  </b><b class=\"m\">jmp</b> → <b class=\"n\">0x10</b>",
            ),
        ];
        for (line, stage, expected) in cases {
            assert_eq!(marked(line, stage), expected);
        }
    }

    #[test]
    fn no_letter_is_lost() {
        for line in ["", " ", "<", "a<b", "<>", "ünï → ∆", "v1 = get.i64 x0", "; ;; ", "x < y > z"]
        {
            for stage in Stage::ALL {
                let text = marked(line, stage);
                let mut plain = String::new();
                let mut inside = false;
                for letter in text.chars() {
                    match letter {
                        '<' => inside = true,
                        '>' => inside = false,
                        c if !inside => plain.push(c),
                        _ => {}
                    }
                }
                let squeezed = |t: &str| t.replace(' ', "");
                let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                assert_eq!(squeezed(&plain), squeezed(line), "{text}");
            }
        }
    }
}
