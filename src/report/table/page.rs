//! The sheet that the sections write on: it knows the width, the colours and the margins.
use super::{TableOptions, style};
use crate::report::text::{safe, width, wrap, wrap_at_most};
use anstyle::Style;
use comfy_table::{ContentArrangement, Table, TableStyle};

/// Prose wider than this tires the eye.
const PROSE: usize = 110;
/// Where labelled text starts.
const LABEL: usize = 12;

pub(super) struct Page<'a> {
    pub options: &'a TableOptions,
    out: String,
}

impl<'a> Page<'a> {
    pub fn new(options: &'a TableOptions) -> Self {
        Self {
            options,
            out: String::new(),
        }
    }

    pub fn finish(self) -> String {
        self.out
    }

    /// Columns of the terminal; never so few that nothing fits.
    pub fn width(&self) -> usize {
        self.options.width.max(40)
    }

    /// Columns right of a label.
    pub fn labelled_width(&self) -> usize {
        self.width() - LABEL
    }

    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.options.color && !text.is_empty() && style != style::PLAIN {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    pub fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    pub fn blank(&mut self) {
        if !self.out.ends_with("\n\n") && !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    pub fn heading(&mut self, heading: &str) {
        self.blank();
        let heading = self.paint(style::STRONG, heading);
        self.line(&heading);
    }

    /// A word with a colour, then a text that hangs from it.
    pub fn badge(&mut self, word: &str, style: Style, text: &str) {
        let indent = width(word) + 2;
        let lines = wrap(text, self.width() - indent);
        let painted = self.paint(style, word);
        let first = self.paint(style::STRONG, lines.first().map_or("", String::as_str));
        self.line(&format!("{painted}  {first}"));
        for line in lines.iter().skip(1) {
            let line = self.paint(style::STRONG, line);
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// Prose with a margin.
    pub fn prose(&mut self, text: &str, indent: usize, style: Style) {
        for line in wrap(text, self.width().min(PROSE) - indent) {
            let line = self.paint(style, &line);
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// Prose under a label in the left margin, at most so many lines.
    pub fn labelled_prose(&mut self, label: &str, text: &str, most: usize) {
        let lines = wrap_at_most(text, self.labelled_width().min(PROSE), most);
        self.labelled(label, &lines);
    }

    /// Lines under a label in the left margin; they must fit already.
    pub fn labelled(&mut self, label: &str, lines: &[String]) {
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            let padding = " ".repeat(LABEL - 2 - width(label));
            let label = self.paint(style::DIM, label);
            self.line(&format!("  {label}{padding}{line}"));
        }
    }

    /// `- text`, hanging, at most `most` lines unless verbose.
    pub fn item(&mut self, text: &str, most: usize) {
        let most = if self.options.verbose { usize::MAX } else { most };
        for (number, line) in wrap_at_most(text, self.width().min(PROSE) - 4, most)
            .iter()
            .enumerate()
        {
            self.line(&format!("  {} {line}", if number == 0 { "-" } else { " " }));
        }
    }

    pub fn dim_line(&mut self, text: &str) {
        self.prose(text, 0, style::DIM);
    }

    /// A command to paste: never wrapped or cut. One that spans lines starts at the margin, since what
    /// follows `<<` must.
    pub fn command(&mut self, command: &str) {
        let indent = if command.contains('\n') { "" } else { "  " };
        for line in safe(command).lines() {
            let line = self.paint(style::COMMAND, line);
            self.line(&format!("{indent}{line}"));
        }
    }

    /// The first `most` of them, or all where verbose, and how many more there are.
    pub fn few<T>(&mut self, items: &[T], most: usize, mut each: impl FnMut(&mut Self, &T)) {
        // One line more than `… and 1 more` would need no more room.
        let shown = if self.options.verbose || items.len() <= most + 1 {
            items.len()
        } else {
            most
        };
        for item in items.iter().take(shown) {
            each(self, item);
        }
        if shown < items.len() {
            self.line(&format!("  … and {} more", items.len() - shown));
        }
    }

    /// A table without lines, two spaces between columns, two before the first.
    pub fn table(&mut self, mut table: Table) {
        bare(&mut table);
        if self.options.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        for line in table.lines() {
            self.line(&format!("  {line}"));
        }
    }
}

/// The width a table would take.
pub(super) fn natural_width(table: &Table) -> usize {
    let mut table = table.clone();
    bare(&mut table);
    table.force_no_tty();
    2 + table
        .lines()
        .map(|line| width(line.trim_end()))
        .max()
        .unwrap_or(0)
}

fn bare(table: &mut Table) {
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Disabled);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
}
