//! compute.v1 and dns.v1, by their paths: the two that still answer in the older shapes.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::bundle::Row;
use super::google::unknown;
use super::listing::{Kind, Served, named};
use super::paging::Style;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Collection, file in the layout, permission to list it.
const COLLECTIONS: [(&str, &str, &str); 6] = [
    ("networks", "networks", "compute.networks.list"),
    ("firewalls", "firewalls", "compute.firewalls.list"),
    ("subnetworks", "subnetworks", "compute.subnetworks.list"),
    ("addresses", "addresses", "compute.addresses.list"),
    (
        "backendServices",
        "backend-services",
        "compute.backendServices.list",
    ),
    (
        "networkEndpointGroups",
        "network-endpoint-groups",
        "compute.networkEndpointGroups.list",
    ),
];

/// Answers below `/compute/v1/` and `/dns/v1/`.
pub fn answer(served: Served<'_>, ask: &Ask) -> Result<Answer, Refusal> {
    match ask.parts().as_slice() {
        ["compute", "v1", "projects", p, rest @ ..] => compute(served, ask, p, rest),
        ["dns", "v1", "projects", p, "managedZones", rest @ ..] if ask.is_get() => dns(served, ask, p, rest),
        _ => Err(unknown(ask)),
    }
}

fn compute(served: Served<'_>, ask: &Ask, p: &str, rest: &[&str]) -> Result<Answer, Refusal> {
    match rest {
        ["global", "backendServices", name, "getHealth"] if ask.is_post() => health(served, ask, p, name),
        ["global", "networks", name, "getEffectiveFirewalls"] if ask.is_get() => served.detail(
            "compute",
            p,
            &format!("effective-firewalls/{name}.json"),
            "compute.networks.getEffectiveFirewalls",
            &format!("get the effective firewalls of network {name} of {p}"),
        ),
        // No project hosts another, as far as a bundle tells.
        ["getXpnHost"] if ask.is_get() => Ok(Answer::json("{}")),
        _ if !ask.is_get() => Err(unknown(ask)),
        ["global", what @ ("networks" | "firewalls")] => served.list(ask, &kind(ask, p, what)?),
        ["global", what, name] => served.find(&kind(ask, p, what)?, |row| {
            in_place(row, "global") && named(row).name == *name
        }),
        ["aggregated", what] => served.aggregated(ask, &kind(ask, p, what)?, what, place),
        [scope @ ("regions" | "zones"), place, what] => {
            let wanted = format!("{scope}/{place}");
            served.list_where(ask, &kind(ask, p, what)?, |row| in_place(row, &wanted))
        }
        ["global", what] => served.list_where(ask, &kind(ask, p, what)?, |row| in_place(row, "global")),
        _ => Err(unknown(ask)),
    }
}

/// The health of one group. A file may hold one answer, which is then every group's, or a list with the group of each.
fn health(served: Served<'_>, ask: &Ask, p: &str, name: &str) -> Result<Answer, Refusal> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Asked {
        group: String,
    }
    #[derive(Deserialize)]
    struct OfGroup {
        backend: String,
        status: Box<RawValue>,
    }
    let asked: Asked = ask.json()?;
    let file = served.detail(
        "compute",
        p,
        &format!("health/{name}.json"),
        "compute.backendServices.get",
        &format!("get the health of backend service {name} of {p}"),
    )?;
    let Ok(groups) = serde_json::from_slice::<Vec<OfGroup>>(&file.body) else {
        return Ok(file);
    };
    let group = groups.into_iter().find(|group| group.backend == asked.group);
    group
        .map(|group| Answer::json(group.status.get()))
        .ok_or_else(|| Refusal::invalid("Invalid value for field 'resource.group': it is no backend."))
}

/// Whether a row is an item of a place.
fn in_place(row: &Row, wanted: &str) -> bool {
    !row.is_bare() && place(row) == wanted
}

/// Where a row stands: as an aggregated listing has it, else as the item itself says.
fn place(row: &Row) -> String {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Placed {
        region: String,
        zone: String,
    }
    if !row.place.is_empty() {
        return row.place.to_string();
    }
    let placed: Placed = serde_json::from_str(row.raw.get()).unwrap_or_default();
    let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    match (last(&placed.region), last(&placed.zone)) {
        (_, zone) if !zone.is_empty() => format!("zones/{zone}"),
        (region, _) if !region.is_empty() => format!("regions/{region}"),
        _ => "global".to_owned(),
    }
}

fn kind<'a>(ask: &Ask, project: &'a str, collection: &str) -> Result<Kind<'a>, Refusal> {
    let (_, file, permission) = COLLECTIONS
        .iter()
        .find(|(known, ..)| *known == collection)
        .ok_or_else(|| unknown(ask))?;
    Ok(Kind {
        source: "compute",
        project,
        file: format!("{file}.json"),
        array: "items",
        permission,
        style: Style::legacy(500),
    })
}

fn dns(served: Served<'_>, ask: &Ask, p: &str, rest: &[&str]) -> Result<Answer, Refusal> {
    let zones = Kind {
        source: "dns",
        project: p,
        file: "managed-zones.json".into(),
        array: "managedZones",
        permission: "dns.managedZones.list",
        style: Style::legacy(100),
    };
    match rest {
        [] => served.list(ask, &zones),
        [zone] => served.find(&zones, |row| is_zone(row, zone)),
        [zone, "rrsets"] => {
            let kind = |zone: &str| Kind {
                file: format!("zones/{zone}/rrsets.json"),
                array: "rrsets",
                permission: "dns.resourceRecordSets.list",
                ..zones.clone()
            };
            // A zone may be called by its id too.
            let by_id = served.open(&zones).ok().and_then(|listing| {
                let row = listing.rows.iter().find(|row| is_zone(row, zone))?;
                Some(named(row).name)
            });
            let name = by_id.unwrap_or_else(|| (*zone).to_owned());
            served.list_where(ask, &kind(&name), |row| {
                let record: Value = serde_json::from_str(row.raw.get()).unwrap_or_default();
                ["name", "type"].iter().all(|field| {
                    ask.parameter(field).is_none_or(|wanted| {
                        record
                            .get(field)
                            .and_then(Value::as_str)
                            .is_some_and(|own| own == wanted)
                    })
                })
            })
        }
        _ => Err(unknown(ask)),
    }
}

fn is_zone(row: &Row, zone: &str) -> bool {
    let item = named(row);
    let id = match &item.id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    item.name == zone || id == zone
}
