//! Line, column and a caret under the offending word of an SQL text.
//!
//! Layout     `  at line 2, column 8`, the source line after four blanks, `^^^` under the word
//! Edge cases a long line is cut to a window round the caret; tabs become single blanks; a place past the end points at the end
//! See also   `errors`, `units`

/// Widest piece of the source line that is shown [characters].
const WINDOW: usize = 100;
/// Characters kept before the caret when a line is cut.
const BEFORE: usize = 60;

/// Place of `width` characters at `line` and `column` (both from 1) of `text`, with a two-line excerpt.
pub fn place(text: &str, line: u64, column: u64, width: u64) -> String {
    let (line, column) = (line.max(1), column.max(1));
    let source: Vec<char> = text.lines().nth(line as usize - 1).unwrap_or("").chars().map(|c| if c == '\t' { ' ' } else { c }).collect();
    let at = (column as usize - 1).min(source.len());
    let from = if source.len() > WINDOW { at.saturating_sub(BEFORE) } else { 0 };
    let to = source.len().min(from + WINDOW);
    let left = if from > 0 { "..." } else { "" };
    let right = if to < source.len() { "..." } else { "" };
    let shown: String = source.get(from..to).unwrap_or(&[]).iter().collect();
    let carets = (width.max(1) as usize).min((to - at.min(to)).max(1));
    format!("  at line {line}, column {column}\n    {left}{shown}{right}\n    {}{}", " ".repeat(left.len() + at - from), "^".repeat(carets))
}

/// A message of a library as one of ours: lower-case start (unless a name or an acronym), no full stop.
pub fn sentence(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let mut letters = message.chars();
    let (first, second) = (letters.next(), letters.next());
    match (first, second) {
        (Some(a), Some(b)) if a.is_uppercase() && (b.is_lowercase() || b == ' ') => {
            a.to_lowercase().chain(message.chars().skip(1)).collect()
        }
        _ => message.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caret_stands_under_the_word() {
        assert_eq!(place("select\n\tmassa from stars", 2, 2, 5), "  at line 2, column 2\n     massa from stars\n     ^^^^^");
    }

    #[test]
    fn a_long_line_is_cut_round_the_caret() {
        let text = format!("{}bad{}", "a ".repeat(500), " b".repeat(500));
        let shown = place(&text, 1, 1001, 3);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].len() < 120);
        let under = lines[2].find('^').unwrap();
        assert_eq!(&lines[1][under..under + 3], "bad");
    }

    #[test]
    fn a_place_past_the_end_points_at_the_end() {
        assert!(place("select", 9, 40, 2).ends_with('^'));
        assert_eq!(place("abc", 1, 99, 7), "  at line 1, column 99\n    abc\n       ^");
    }

    #[test]
    fn sentences_start_small_and_keep_acronyms() {
        assert_eq!(sentence("Unterminated string."), "unterminated string");
        assert_eq!(sentence("SQL is fun"), "SQL is fun");
    }
}
