//! A report as blocks, rendered for a terminal or as Markdown.

use std::fmt::Write as _;

/// One block of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading; level 1 is the title.
    Heading(u8, String),
    /// Running text.
    Text(String),
    /// A labelled line, such as `Location: file:12`.
    Field(String, String),
    /// Points.
    List(Vec<String>),
    /// Lines to be kept as they are: a command, a diff, a trace.
    Code(String),
    /// A table with its heading row.
    Table(Vec<String>, Vec<Vec<String>>),
}

/// A report, block after block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document(pub Vec<Block>);

/// How text is told apart on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bytes and nothing else.
    Plain,
    /// With ANSI colours.
    Colour,
}

/// Text is broken at this width.
const WIDTH: usize = 96;

impl Document {
    /// Adds a heading.
    pub fn heading(&mut self, level: u8, text: impl Into<String>) -> &mut Self {
        self.push(Block::Heading(level, text.into()))
    }
    /// Adds running text.
    pub fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Text(text.into()))
    }
    /// Adds a labelled line.
    pub fn field(&mut self, label: &str, text: impl Into<String>) -> &mut Self {
        self.push(Block::Field(label.to_owned(), text.into()))
    }
    /// Adds points.
    pub fn list(&mut self, points: impl IntoIterator<Item = String>) -> &mut Self {
        self.push(Block::List(points.into_iter().collect()))
    }
    /// Adds lines to be kept as they are.
    pub fn code(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Code(text.into()))
    }
    /// Adds a table.
    pub fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>) -> &mut Self {
        self.push(Block::Table(head.iter().map(|cell| (*cell).to_owned()).collect(), rows))
    }
    fn push(&mut self, block: Block) -> &mut Self {
        self.0.push(block);
        self
    }

    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        for block in &self.0 {
            match block {
                Block::Heading(level, text) => {
                    let _ = writeln!(out, "{} {text}\n", "#".repeat(usize::from(*level)));
                }
                Block::Text(text) => {
                    let _ = writeln!(out, "{text}\n");
                }
                Block::Field(label, text) => {
                    let _ = writeln!(out, "**{label}:** {text}\n");
                }
                Block::List(points) => {
                    for point in points {
                        let _ = writeln!(out, "- {point}");
                    }
                    out.push('\n');
                }
                Block::Code(text) => {
                    let _ = writeln!(out, "```text\n{}\n```\n", text.trim_end());
                }
                Block::Table(head, rows) => {
                    let line = |cells: &[String]| {
                        let cells: Vec<_> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
                        format!("| {} |", cells.join(" | "))
                    };
                    let _ = writeln!(out, "{}", line(head));
                    let _ = writeln!(out, "|{}", " --- |".repeat(head.len()));
                    for row in rows {
                        let _ = writeln!(out, "{}", line(row));
                    }
                    out.push('\n');
                }
            }
        }
        out
    }

    /// The report for a terminal, or for a pipe.
    pub fn to_text(&self, style: Style) -> String {
        let bold = |text: &str| paint(style, "1", text);
        let mut out = String::new();
        for block in &self.0 {
            match block {
                Block::Heading(level, text) => {
                    if !out.is_empty() && !out.ends_with("\n\n") {
                        out.push('\n');
                    }
                    let _ = writeln!(out, "{}", bold(text));
                    if *level <= 2 {
                        let line = if *level == 1 { "=" } else { "-" };
                        let _ = writeln!(out, "{}", line.repeat(text.chars().count()));
                    }
                }
                Block::Text(text) => out.push_str(&wrapped(text, 0)),
                Block::Field(label, text) => {
                    let filled = wrapped(&format!("{label}: {text}"), 2);
                    let label = format!("{label}:");
                    out.push_str(&filled.replacen(&label, &paint(style, "36", &label), 1));
                    continue;
                }
                Block::List(points) => {
                    for point in points {
                        out.push_str(&wrapped(&format!("- {point}"), 2));
                    }
                }
                Block::Code(text) => {
                    for line in text.trim_end().lines() {
                        let _ = writeln!(out, "    {line}");
                    }
                }
                Block::Table(head, rows) => out.push_str(&columns(head, rows, bold)),
            }
            out.push('\n');
        }
        out
    }
}

fn paint(style: Style, code: &str, text: &str) -> String {
    match style {
        Style::Plain => text.to_owned(),
        Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
    }
}

/// Breaks text at the width; lines after the first are indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if width > 0 && width + 1 + len > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            width = indent;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += len;
    }
    out.push('\n');
    out
}

/// A table in columns; the last one is as wide as it likes.
fn columns(head: &[String], rows: &[Vec<String>], bold: impl Fn(&str) -> String) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = format!("{}\n", bold(&line(head)));
    for row in rows {
        let _ = writeln!(out, "{}", line(row));
    }
    out
}
