//! `check --preflight` on a terminal: what the caller may see, place by place, and the commands that grant what is missing.
use super::exit;
use crate::collect::preflight::{Access, Place, Row};
use crate::gcp::access::Level;
use crate::report::safe;
use comfy_table::{Cell, ContentArrangement, Table, TableStyle};
use std::collections::BTreeMap;

/// Stands for whoever collects, where nothing tells who that is.
pub const NOBODY: &str = "user:YOU@EXAMPLE.COM";

/// The table, and the exit status: 3 where something needed is missing or could not be asked.
pub fn table(places: &[Place], impersonated: Option<&str>) -> (String, u8) {
    let member = impersonated.map_or_else(
        || NOBODY.to_owned(),
        |account| format!("serviceAccount:{account}"),
    );
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
        for (command, permissions) in commands(place, &member) {
            text.push_str(&format!(
                "  {} is granted by\n    {command}\n",
                permissions.join(", ")
            ));
        }
    }
    (text, status)
}

fn rows(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        let (word, why) = match (&row.access, row.optional) {
            (Access::Held, _) => ("yes", row.why.to_owned()),
            (Access::Missing, true) => ("no, optional", row.why.to_owned()),
            (Access::Missing, false) => ("NO", row.why.to_owned()),
            (Access::Unknown(why), _) => ("not known", safe(why).into_owned()),
        };
        let cells = [word, row.collector, &safe(&row.permission), &why];
        table.add_row(cells.map(Cell::new));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.force_no_tty();
    table
        .lines()
        .map(|line| format!("  {}\n", line.trim_end()))
        .collect()
}

/// Each command with the permissions that it grants, in the order of the rows.
fn commands(place: &Place, member: &str) -> Vec<(String, Vec<String>)> {
    let missing = place.rows.iter().filter(|row| row.access == Access::Missing);
    let mut by_command: BTreeMap<usize, (String, Vec<String>)> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for row in missing {
        let command = command(place, row, member);
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

fn command(place: &Place, row: &Row, member: &str) -> String {
    let Some(grant) = row.grant else {
        return format!("meshdoctor permissions --output=kubectl --member={member} | kubectl apply -f -");
    };
    let (kind, id) = place.name.split_once('/').unwrap_or(("projects", &place.name));
    let role = grant.role;
    let (noun, id) = match (grant.level, kind) {
        (Level::Organization, _) if kind != "organizations" => ("organizations", "ORGANIZATION"),
        (_, "folders") => ("resource-manager folders", id),
        (_, "organizations") => ("organizations", id),
        _ => ("projects", id),
    };
    format!("gcloud {noun} add-iam-policy-binding {id} --member={member} --role={role} --condition=None")
}
