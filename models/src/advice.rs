//! What an error says beside what is wrong: where it stands.

/// The line, from 1, on which a byte of a text stands.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
