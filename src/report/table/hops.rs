//! The path of each client to each host, hop by hop, with the broken hop marked.
use super::page::{Page, natural_width};
use super::style;
use crate::report::outline::worst;
use crate::report::text::{counted, cut_middle, one_line};
use crate::report::v1::{Hop, Path, Report, hop::Status};
use anstyle::{AnsiColor, Effects, Style};
use comfy_table::{Attribute, Cell, Color, Table};
use std::collections::BTreeSet;

const ROWS: usize = 10;
const DETAILS: usize = 5;

pub(super) fn section(report: &Report, page: &mut Page) {
    if report.path.is_empty() {
        return;
    }
    let badness = |path: &&Path| match worst(path) {
        Status::Broken => 0,
        Status::Degraded => 1,
        Status::Unknown | Status::Unspecified => 2,
        Status::Ok => 3,
    };
    let mut paths: Vec<&Path> = report.path.iter().collect();
    paths.sort_by_key(badness);
    let troubled = paths.iter().filter(|path| worst(path) != Status::Ok).count();
    page.heading(if paths.len() == 1 { "path" } else { "paths" });
    let shown = shown_rows(paths.len(), troubled, page.options.verbose);
    let (rows, hidden) = paths.split_at(shown);
    if troubled == 0 {
        for path in rows {
            let text = format!("{}: all {} ok", name(path), counted(path.hops.len(), "hop"));
            page.prose(&text, 2, style::PLAIN);
        }
    } else {
        draw(rows, page);
    }
    if !hidden.is_empty() {
        let also = hidden.iter().filter(|path| worst(path) != Status::Ok).count();
        let said = match also {
            0 => "all ok".to_owned(),
            all if all == hidden.len() => "none of them ok".to_owned(),
            some => format!("{some} of them not ok"),
        };
        page.line(&format!("  … and {} more, {said}", hidden.len()));
    }
    details(&paths[..troubled], page);
}

/// All that are not ok, up to a limit, and a few of those that are.
fn shown_rows(all: usize, troubled: usize, verbose: bool) -> usize {
    if verbose || all <= 4 {
        return all;
    }
    let shown = troubled.min(ROWS);
    if shown == 0 { 3 } else { shown }
}

/// A column for each layer; where that is too wide, only for those that are not ok everywhere.
fn draw(rows: &[&Path], page: &mut Page) {
    let mut layers: Vec<&str> = Vec::new();
    for hop in rows.iter().flat_map(|path| &path.hops) {
        if !layers.contains(&hop.layer.as_str()) {
            layers.push(&hop.layer);
        }
    }
    let full = table(rows, &layers, 0, page);
    if natural_width(&full) <= page.width() {
        page.table(full);
        return;
    }
    let is_ok = |layer: &&str| {
        rows.iter()
            .all(|path| matches!(status(path, layer), None | Some(Status::Ok)))
    };
    let telling: Vec<&str> = layers.iter().copied().filter(|layer| !is_ok(layer)).collect();
    let others = layers.len() - telling.len();
    let short = table(rows, &telling, others, page);
    if natural_width(&short) <= page.width() {
        page.table(short);
        return;
    }
    for path in rows {
        page.prose(&name(path), 2, style::STRONG);
        let hops: Vec<String> = path
            .hops
            .iter()
            .map(|hop| format!("{} {}", hop.layer, word(hop.status())))
            .collect();
        page.prose(&hops.join(", "), 4, style::PLAIN);
    }
}

fn table(rows: &[&Path], layers: &[&str], others: usize, page: &Page) -> Table {
    let mut table = Table::new();
    let mut header = vec![Cell::new("")];
    header.extend(layers.iter().map(|layer| Cell::new(one_line(layer))));
    if others > 0 {
        header.push(Cell::new(counted(others, "other hop")));
    }
    table.set_header(header.into_iter().map(|cell| dressed(cell, style::DIM)));
    for path in rows {
        let mut row = vec![Cell::new(cut_middle(&name(path), (page.width() / 2).max(30)))];
        row.extend(layers.iter().map(|layer| match status(path, layer) {
            Some(status) => dressed(Cell::new(word(status)), style::hop(status)),
            None => Cell::new("-"),
        }));
        if others > 0 {
            row.push(dressed(Cell::new(word(Status::Ok)), style::hop(Status::Ok)));
        }
        table.add_row(row);
    }
    table
}

/// What is wrong at each hop that is not ok; of those of one kind the first, unless verbose.
fn details(paths: &[&Path], page: &mut Page) {
    let mut faults: Vec<(&Hop, BTreeSet<&str>)> = Vec::new();
    let broken = |hop: &&Hop| matches!(hop.status(), Status::Broken | Status::Degraded);
    for hop in paths.iter().flat_map(|path| &path.hops).filter(broken) {
        let alike = |(known, _): &&mut (&Hop, BTreeSet<&str>)| {
            known.layer == hop.layer && known.status == hop.status && known.findings == hop.findings
        };
        let same =
            |(known, _): &&mut (&Hop, BTreeSet<&str>)| known.layer == hop.layer && known.detail == hop.detail;
        let verbose = page.options.verbose;
        match faults
            .iter_mut()
            .find(|fault| if verbose { same(fault) } else { alike(fault) })
        {
            Some((_, details)) => {
                details.insert(&hop.detail);
            }
            None => faults.push((hop, BTreeSet::from([hop.detail.as_str()]))),
        }
    }
    page.few(&faults, DETAILS, |page, (hop, details)| {
        let codes = if hop.findings.is_empty() {
            String::new()
        } else {
            format!(" ({})", hop.findings.join(", "))
        };
        let detail = if hop.detail.is_empty() {
            &hop.title
        } else {
            &hop.detail
        };
        let more = if details.len() > 1 {
            format!(", and {} more like it", details.len() - 1)
        } else {
            String::new()
        };
        page.item(
            &format!(
                "{} {}: {}{codes}{more}",
                hop.layer,
                word(hop.status()),
                one_line(detail)
            ),
            2,
        );
    });
}

fn status(path: &Path, layer: &str) -> Option<Status> {
    path.hops.iter().find(|hop| hop.layer == layer).map(Hop::status)
}

fn name(path: &Path) -> String {
    one_line(&format!("{} -> {}", path.client, path.host))
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Broken => "BROKEN",
        Status::Degraded => "DEGRADED",
        Status::Unknown | Status::Unspecified => "?",
    }
}

/// A style of ours as the table library's.
pub(super) fn dressed(cell: Cell, style: Style) -> Cell {
    let color = match style.get_fg_color() {
        Some(anstyle::Color::Ansi(AnsiColor::Red)) => Some(Color::DarkRed),
        Some(anstyle::Color::Ansi(AnsiColor::Green)) => Some(Color::DarkGreen),
        Some(anstyle::Color::Ansi(AnsiColor::Yellow)) => Some(Color::DarkYellow),
        _ => None,
    };
    let effects = style.get_effects();
    let cell = color.map_or(cell.clone(), |color| cell.fg(color));
    let cell = if effects.contains(Effects::BOLD) {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    };
    if effects.contains(Effects::DIMMED) {
        cell.add_attribute(Attribute::Dim)
    } else {
        cell
    }
}
