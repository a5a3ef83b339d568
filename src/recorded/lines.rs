//! The lines of a stream, none of them longer than memory allows.

use std::io::{self, BufRead};

/// The longest line that is read, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// One line, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// It was read.
    Text(&'a [u8]),
    /// It has more than [`LINE_BYTES_MAX`] bytes, which were passed over.
    TooLong,
}

/// Reads lines one at a time into the same memory.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// Bytes that were read so far.
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a source.
    pub const fn new(source: R) -> Self {
        Self { source, line: Vec::new(), bytes: 0 }
    }

    /// How many bytes were read so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line, if there is one.
    ///
    /// # Errors
    /// A source that cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let (mut any, mut too_long) = (false, false);
        loop {
            let chunk = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            too_long |= self.line.len() + part.len() > LINE_BYTES_MAX;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.bytes += used as u64;
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        let line = if too_long { Line::TooLong } else { Line::Text(&self.line) };
        Ok(any.then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_is_read() {
        let text = [vec![b'x'; LINE_BYTES_MAX + 1], b"\nshort\n\nlast".to_vec()].concat();
        let mut lines = Lines::new(text.as_slice());
        assert_eq!(lines.next_line().expect("memory"), Some(Line::TooLong));
        for expected in ["short", "", "last"] {
            let line = lines.next_line().expect("memory");
            assert_eq!(line, Some(Line::Text(expected.as_bytes())));
        }
        assert_eq!(lines.next_line().expect("memory"), None);
        assert_eq!(lines.bytes(), text.len() as u64);
    }
}
