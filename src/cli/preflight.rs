//! `check --preflight` on a terminal: what the caller may see, place by place, and the commands that grant what is missing.
use super::{exit, output};
use crate::collect::preflight::{Access, Place, Row};
use crate::report::safe;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, TableStyle};
use std::collections::BTreeMap;

/// Stands for whoever collects, where nothing tells who that is.
pub const NOBODY: &str = "user:YOU@EXAMPLE.COM";

/// More permissions than these are counted.
const TOLD: usize = 3;

/// The table, and the exit status: 3 where something needed is missing or could not be asked.
pub fn table(places: &[Place], operator: Option<&str>) -> (String, u8) {
    let member = operator.unwrap_or(NOBODY);
    let mut text = String::new();
    let mut status = exit::FINE;
    for place in places {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", safe(&place.name)));
        text.push_str(&rows(&place.rows));
        if place
            .rows
            .iter()
            .any(|row| row.access != Access::Held && !row.optional)
        {
            status = exit::INCONCLUSIVE;
        }
        for (command, permissions) in commands(place, member) {
            text.push_str(&format!("  for {}:\n    {command}\n", few(&permissions)));
        }
    }
    (text, status)
}

fn rows(rows: &[Row]) -> String {
    let room = output::width(false).saturating_sub(2);
    let whole = table_of(rows, true);
    let widest = whole.lines().map(|line| line.trim_end().len()).max();
    // Where there is no room for what is seen with each, the names say enough.
    let mut table = if widest.unwrap_or(0) <= room {
        whole
    } else {
        table_of(rows, false)
    };
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
    table
        .lines()
        .map(|line| format!("  {}\n", line.trim_end()))
        .collect()
}

fn table_of(rows: &[Row], with_why: bool) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.force_no_tty();
    for row in rows {
        let why = if with_why { row.why } else { "" };
        let (word, why) = match (&row.access, row.optional) {
            (Access::Held, _) => ("yes", why.to_owned()),
            (Access::Missing, true) => ("no, optional", why.to_owned()),
            (Access::Missing, false) => ("NO", why.to_owned()),
            (Access::Unknown(why), _) => ("not known", safe(why).into_owned()),
        };
        let cells = [word, row.collector, &safe(&row.permission), &why];
        table.add_row(cells.map(Cell::new));
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        // Only what is told in words may be broken.
        if number < 3 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

/// Names in a sentence; of many the first ones and a number.
fn few(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > TOLD => format!("{first}, … {last} ({} in all)", names.len()),
        _ => names.join(", "),
    }
}

/// Each command with the permissions that it grants, in the order of the rows.
fn commands(place: &Place, member: &str) -> Vec<(String, Vec<String>)> {
    let missing = place.rows.iter().filter(|row| row.access == Access::Missing);
    let mut by_command: BTreeMap<usize, (String, Vec<String>)> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for row in missing {
        let command = row.command(member);
        let at = order
            .iter()
            .position(|known| *known == command)
            .unwrap_or_else(|| {
                order.push(command.clone());
                order.len() - 1
            });
        let entry = by_command.entry(at).or_insert_with(|| (command, Vec::new()));
        entry.1.push(row.permission.clone());
    }
    by_command.into_values().collect()
}
