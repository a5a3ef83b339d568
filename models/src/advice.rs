//! What an error says beside what is wrong: where it stands, and what was meant.

/// The nearest valid name, as the end of a sentence; nothing if no name is near.
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

/// The line, from 1, on which a byte of a text stands.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
