//! run.v2, cloudresourcemanager v1 and v3, iam v1 and v2, serviceusage.v1, gkehub.v1, container.v1, by their paths.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::listing::{Kind, Served, named};
use super::paging::{GOOGLE, NO_PAGES, Style};
use super::{iam, resources};
use serde_json::json;
use std::collections::BTreeSet;

/// No such path.
pub fn unknown(ask: &Ask) -> Refusal {
    Refusal::not_found(format!(
        "The requested URL /{} was not found on this server.",
        ask.path.join("/")
    ))
}

/// Answers, or says that the path is nobody's.
pub fn answer(served: Served<'_>, ask: &Ask) -> Result<Answer, Refusal> {
    if let Some(answer) = resources::answer(served, ask).or_else(|| iam::answer(served, ask)) {
        return answer;
    }
    if !ask.is_get() {
        return Err(unknown(ask));
    }
    match ask.parts().as_slice() {
        ["v2", "projects", p, "locations", region, "services"] => run_list(served, ask, p, region, None),
        ["v2", "projects", p, "locations", region, "services", name] => {
            let wanted = format!("/services/{name}");
            served.find(&run(p, region, "services"), |row| {
                named(row).name.ends_with(&wanted)
            })
        }
        [
            "v2",
            "projects",
            p,
            "locations",
            region,
            "services",
            service,
            "revisions",
        ] => run_list(served, ask, p, region, Some(service)),
        ["v1", "projects", p, "locations"] => locations(served, p),
        ["v1", "projects", p, "services"] => enabled_apis(served, ask, p),
        ["v1", "projects", p, "services:batchGet"] => apis_by_name(served, ask, p),
        ["v1", "projects", p, "services", name] => {
            let wanted = format!("/services/{name}");
            served.find(&apis(p), |row| named(row).name.ends_with(&wanted))
        }
        [
            "v1",
            "projects",
            p,
            "locations",
            place,
            what @ ("memberships" | "features"),
        ] => served.list_where(ask, &fleet(p, what), |row| in_location(&named(row).name, place)),
        [
            "v1",
            "projects",
            p,
            "locations",
            place,
            what @ ("memberships" | "features"),
            name,
        ] => {
            let wanted = format!("/locations/{place}/{what}/{name}");
            served.find(&fleet(p, what), |row| named(row).name.ends_with(&wanted))
        }
        [
            "v1",
            "projects",
            p,
            "locations" | "zones",
            "-" | "global",
            "clusters",
        ] => served.list(ask, &clusters(p)),
        ["v1", "projects", p, "locations" | "zones", place, "clusters"] => {
            served.list_where(ask, &clusters(p), |row| cluster_location(row) == *place)
        }
        [
            "v1",
            "projects",
            p,
            "locations" | "zones",
            place,
            "clusters",
            name,
        ] => served.find(&clusters(p), |row| {
            named(row).name == *name && cluster_location(row) == *place
        }),
        _ => Err(unknown(ask)),
    }
}

fn run<'a>(project: &'a str, region: &str, what: &str) -> Kind<'a> {
    let (array, permission) = match what {
        "services" => ("services", "run.services.list"),
        _ => ("revisions", "run.revisions.list"),
    };
    Kind {
        source: "cloud-run",
        project,
        file: format!("{region}/{array}.json"),
        array,
        permission,
        style: GOOGLE,
    }
}

/// Services of a region (the location may not be `-`), or revisions of one service or all (`-`).
fn run_list(
    served: Served<'_>,
    ask: &Ask,
    p: &str,
    region: &str,
    service: Option<&str>,
) -> Result<Answer, Refusal> {
    if region == "-" {
        return Err(Refusal::invalid(
            "Location '-' is not supported: name one region.",
        ));
    }
    let kind = run(
        p,
        region,
        if service.is_some() {
            "revisions"
        } else {
            "services"
        },
    );
    // A region that has nothing of the project is no failure, where other regions have and none failed.
    let collected = served
        .bundle
        .below("cloud-run", p)
        .iter()
        .any(|path| path.ends_with(&format!("/{}.json", kind.array)));
    let here = served
        .bundle
        .below("cloud-run", p)
        .iter()
        .any(|path| path.split('/').nth(2) == Some(region));
    let failed = served.bundle.failure("cloud-run", kind.permission, p).is_some();
    if collected && !here && !failed {
        return Ok(Answer::json("{}"));
    }
    served.list_where(ask, &kind, |row| match service {
        None | Some("-") => true,
        Some(name) => named(row).name.contains(&format!("/services/{name}/")),
    })
}

/// run.v1's ListLocationsResponse: the regions that the bundle has services of.
fn locations(served: Served<'_>, p: &str) -> Result<Answer, Refusal> {
    let paths = served.bundle.below("cloud-run", p);
    let regions: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('/').nth(2)).collect();
    if regions.is_empty() {
        return Err(served.absent("cloud-run", p, "run.locations.list"));
    }
    let list: Vec<_> = regions
        .iter()
        .map(|region| {
            json!({
                "name": format!("projects/{p}/locations/{region}"),
                "locationId": region,
                "labels": { "cloud.googleapis.com/region": region },
            })
        })
        .collect();
    Ok(Answer::value(&json!({ "locations": list })))
}

fn apis(project: &str) -> Kind<'_> {
    Kind {
        source: "service-usage",
        project,
        file: "services.json".into(),
        array: "services",
        permission: "serviceusage.services.list",
        style: Style::google(50, 200),
    }
}

/// `filter=state:ENABLED` or `state:DISABLED`, as serviceusage.v1 has them.
fn enabled_apis(served: Served<'_>, ask: &Ask, p: &str) -> Result<Answer, Refusal> {
    let wanted = match ask.parameter("filter") {
        None => None,
        Some(filter) => match filter.split_once(':') {
            Some(("state", state @ ("ENABLED" | "DISABLED"))) => Some(state),
            _ => return Err(Refusal::invalid(format!("Invalid filter: {filter}"))),
        },
    };
    served.list_where(ask, &apis(p), |row| {
        wanted.is_none_or(|wanted| named(row).state == wanted)
    })
}

fn apis_by_name(served: Served<'_>, ask: &Ask, p: &str) -> Result<Answer, Refusal> {
    let listing = served.open(&apis(p))?;
    let mut services = Vec::new();
    for wanted in ask.parameters("names") {
        let id = wanted.rsplit('/').next().unwrap_or_default();
        let suffix = format!("/services/{id}");
        let found = listing.rows.iter().find(|row| named(row).name.ends_with(&suffix));
        services.push(match found {
            Some(row) => row.raw.get().to_owned(),
            None => json!({ "name": wanted, "state": "DISABLED" }).to_string(),
        });
    }
    Ok(Answer::json(format!("{{\"services\":[{}]}}", services.join(","))))
}

fn fleet<'a>(project: &'a str, what: &str) -> Kind<'a> {
    Kind {
        source: "fleet",
        project,
        file: format!("{what}.json"),
        array: "resources",
        permission: if what == "features" {
            "gkehub.features.list"
        } else {
            "gkehub.memberships.list"
        },
        style: GOOGLE,
    }
}

fn in_location(name: &str, place: &str) -> bool {
    place == "-" || name.contains(&format!("/locations/{place}/"))
}

fn clusters(project: &str) -> Kind<'_> {
    Kind {
        source: "clusters",
        project,
        file: "clusters.json".into(),
        array: "clusters",
        permission: "container.clusters.list",
        // container.v1 has no pages.
        style: NO_PAGES,
    }
}

fn cluster_location(row: &super::bundle::Row) -> String {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Located {
        location: String,
    }
    serde_json::from_str::<Located>(row.raw.get())
        .unwrap_or_default()
        .location
}
