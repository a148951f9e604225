//! The path of each client to each host, hop by hop. The hop that holds a root cause is told from those that only suffer from it.
use super::marks::{Mark, Roles};
use super::page::{Page, natural_width};
use super::style;
use crate::report::outline::worst;
use crate::report::text::{counted, cut_end, cut_middle, one_line, width};
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
    let roles = Roles::new(report);
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
        draw(rows, &roles, page);
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
    details(&paths[..troubled], &roles, page);
}

/// All that are not ok, up to a limit, and a few of those that are.
fn shown_rows(all: usize, troubled: usize, verbose: bool) -> usize {
    if verbose || all <= 4 {
        return all;
    }
    let shown = troubled.min(ROWS);
    if shown == 0 { 3 } else { shown }
}

/// A column for each layer; where that is too wide, only for those that are not ok everywhere; where that is too, a line for each path.
fn draw(rows: &[&Path], roles: &Roles, page: &mut Page) {
    let mut layers: Vec<&str> = Vec::new();
    for hop in rows.iter().flat_map(|path| &path.hops) {
        if !layers.contains(&hop.layer.as_str()) {
            layers.push(&hop.layer);
        }
    }
    let is_ok = |layer: &&str| {
        rows.iter()
            .all(|path| matches!(mark(path, layer, roles), None | Some(Mark::Ok)))
    };
    let telling: Vec<&str> = layers.iter().copied().filter(|layer| !is_ok(layer)).collect();
    let others = layers.len() - telling.len();
    for (layers, others) in [(&layers, 0), (&telling, others)] {
        let drawn = table(rows, layers, others, roles, page);
        if natural_width(&drawn) <= page.width() {
            page.table(drawn);
            return;
        }
    }
    let drawn = table(rows, &telling, 0, roles, page);
    if natural_width(&drawn) <= page.width() {
        page.table(drawn);
        if others > 0 {
            let (hops, are) = (
                counted(others, "other hop"),
                if others == 1 { "is" } else { "are" },
            );
            let note = format!("the {hops} of each path {are} ok").replacen("the 1 other", "the other", 1);
            page.prose(&note, 2, style::DIM);
        }
        return;
    }
    for path in rows {
        let troubled: Vec<String> = path
            .hops
            .iter()
            .map(|hop| (hop, Mark::of(path, hop, roles)))
            .filter(|(_, mark)| *mark != Mark::Ok)
            .map(|(hop, mark)| format!("{} {}", hop.layer, mark.word()))
            .collect();
        let fine = path.hops.len() - troubled.len();
        let said = match (troubled.is_empty(), fine) {
            (true, _) => format!("all {fine} ok"),
            (false, 0) => troubled.join(", "),
            (false, _) => format!("{}; {} ok", troubled.join(", "), counted(fine, "other hop")),
        };
        let line = format!("{}: {said}", name(path));
        if 2 + width(&line) <= page.width() {
            page.line(&format!("  {line}"));
        } else {
            page.prose(&name(path), 2, style::STRONG);
            page.prose(&said, 4, style::PLAIN);
        }
    }
}

fn table(rows: &[&Path], layers: &[&str], others: usize, roles: &Roles, page: &Page) -> Table {
    let mut table = Table::new();
    let mut header = vec![Cell::new("")];
    header.extend(layers.iter().map(|layer| Cell::new(one_line(layer))));
    if others > 0 {
        header.push(Cell::new(counted(others, "other hop")));
    }
    table.set_header(header.into_iter().map(|cell| dressed(cell, style::DIM)));
    for path in rows {
        let mut row = vec![Cell::new(cut_middle(&name(path), (page.width() / 2).max(30)))];
        row.extend(layers.iter().map(|layer| match mark(path, layer, roles) {
            Some(mark) => dressed(Cell::new(mark.word()), mark.style()),
            None => Cell::new("-"),
        }));
        if others > 0 {
            row.push(dressed(Cell::new(Mark::Ok.word()), Mark::Ok.style()));
        }
        table.add_row(row);
    }
    table
}

/// What is wrong at each hop that is not ok; of those of one kind the first, unless verbose.
fn details(paths: &[&Path], roles: &Roles, page: &mut Page) {
    let mut faults: Vec<(&Hop, Mark, BTreeSet<&str>)> = Vec::new();
    let verbose = page.options.verbose;
    let broken = |(_, hop): &(&Path, &Hop)| matches!(hop.status(), Status::Broken | Status::Degraded);
    let hops = paths
        .iter()
        .flat_map(|path| path.hops.iter().map(|hop| (*path, hop)));
    for (path, hop) in hops.filter(broken) {
        let mark = Mark::of(path, hop, roles);
        let same = |(known, known_mark, _): &&mut (&Hop, Mark, BTreeSet<&str>)| {
            known.layer == hop.layer
                && if verbose {
                    known.detail == hop.detail
                } else {
                    *known_mark == mark && known.findings == hop.findings
                }
        };
        match faults.iter_mut().find(same) {
            Some((_, _, details)) => {
                details.insert(&hop.detail);
            }
            None => faults.push((hop, mark, BTreeSet::from([hop.detail.as_str()]))),
        }
    }
    page.few(&faults, DETAILS, |page, (hop, mark, details)| {
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
        let more = match details.len() {
            0 | 1 => String::new(),
            count => format!(", and {} more like it", count - 1),
        };
        let tail = format!("{codes}{more}");
        let head = format!("{} {}: ", hop.layer, mark.word());
        // Three lines; the codes at the end are never what is cut.
        let room = (3 * (page.width().min(110) - 4)).saturating_sub(width(&head) + width(&tail) + 20);
        let detail = one_line(detail);
        let detail = if verbose { detail } else { cut_end(&detail, room) };
        page.item(&format!("{head}{detail}{tail}"), 4);
    });
}

fn mark(path: &Path, layer: &str, roles: &Roles) -> Option<Mark> {
    path.hops
        .iter()
        .find(|hop| hop.layer == layer)
        .map(|hop| Mark::of(path, hop, roles))
}

fn name(path: &Path) -> String {
    one_line(&format!("{} -> {}", path.client, path.host))
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
