//! The Kubernetes API of each membership: discovery, and lists with `limit` and `continue`.
use super::answer::{Answer, Refusal, Shape};
use super::ask::Ask;
use super::bundle::{Listing, Row};
use super::discovery;
use super::listing::{Served, quoted, raw_list};
use super::paging::{self, Style};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// `limit` and `continue`; without a limit all is one page.
const STYLE: Style = Style {
    size: "limit",
    token: "continue",
    default: usize::MAX,
    most: usize::MAX,
};

/// A membership's cluster.
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'a> {
    pub served: Served<'a>,
    pub membership: &'a str,
}

/// A kind by its group and plural: `networking.istio.io`, `virtualservices`.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    pub group: &'a str,
    pub plural: &'a str,
}

impl Resource<'_> {
    /// `virtualservices.networking.istio.io`, as the layout calls the file.
    pub fn full_name(self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Object {
    metadata: Meta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    name: String,
    namespace: String,
}

/// Answers below the root of a cluster. `rest` is what stands behind the root.
pub fn answer(cluster: Cluster<'_>, ask: &Ask, rest: &[&str]) -> Result<Answer, Refusal> {
    let known = format!("kubernetes/{}/", cluster.membership);
    let files = &cluster.served.bundle.world.files;
    let there = files
        .range(known.clone()..)
        .next()
        .is_some_and(|(path, _)| path.starts_with(&known));
    if !there {
        let resource = format!("memberships/{}", cluster.membership);
        let bundle = cluster.served.bundle;
        let refusal = bundle.absent("kubernetes", "gkehub.gateway.get", &resource);
        // The gateway's own words: from a cluster, 404 would mean that it lacks the kind.
        return Ok(refusal.render(Shape::Google));
    }
    if let ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] = rest {
        return review(cluster, ask);
    }
    if !ask.is_get() {
        return Err(Refusal {
            code: 405,
            message: "the server does not allow this method on the requested resource".into(),
            ..Refusal::default()
        });
    }
    if ask
        .parameter("watch")
        .is_some_and(|watch| watch != "false" && watch != "0")
    {
        return Err(Refusal::invalid(
            "a replayed cluster does not change: watch is not served",
        ));
    }
    match rest {
        ["api", "v1", more @ ..] if !more.is_empty() => resource(cluster, ask, "", "v1", more),
        ["apis", group, version, more @ ..] if !more.is_empty() => {
            resource(cluster, ask, group, version, more)
        }
        _ => discovery::answer(cluster, rest).ok_or_else(gone),
    }
}

/// The words for a kind or path that is not served.
fn gone() -> Refusal {
    Refusal::not_found("the server could not find the requested resource")
}

fn resource(
    cluster: Cluster<'_>,
    ask: &Ask,
    group: &str,
    version: &str,
    more: &[&str],
) -> Result<Answer, Refusal> {
    let (namespace, plural, name) = match more {
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
        [plural] => (None, *plural, None),
        [plural, name] => (None, *plural, Some(*name)),
        _ => return Err(gone()),
    };
    let resource = Resource { group, plural };
    let listing = open(cluster, resource, version)?;
    match name {
        Some(name) => {
            let wanted = |row: &&Row| {
                let meta = meta(row);
                meta.name == name && namespace.is_none_or(|own| meta.namespace == own)
            };
            match listing.rows.iter().find(wanted) {
                Some(row) => Ok(Answer::json(row.raw.get())),
                None => Err(Refusal::not_found(format!(
                    "{} \"{name}\" not found",
                    resource.full_name()
                ))),
            }
        }
        None => list(cluster, ask, &listing, namespace, resource, version),
    }
}

/// The kind's file; a failure where it could not be collected, 404 where the cluster does not serve it.
fn open(cluster: Cluster<'_>, resource: Resource<'_>, version: &str) -> Result<Arc<Listing>, Refusal> {
    let name = resource.full_name();
    let path = format!("kubernetes/{}/{name}.json", cluster.membership);
    let bundle = cluster.served.bundle;
    if bundle.world.files.contains_key(&path) {
        return bundle.listing(&path, "items");
    }
    if !discovery::serves(cluster, resource, version) {
        return Err(gone());
    }
    if let Some(refusal) = bundle.failure("kubernetes", &name, &name)
        && discovery::told_of(cluster, resource)
    {
        return Err(refusal);
    }
    // A kind that the cluster does not serve leaves an empty file: what has none was not collected.
    Err(Refusal::new(
        403,
        format!(
            "{name} is forbidden: User \"replay\" cannot list resource \"{}\" in API group \"{}\" at the cluster \
             scope: it is not in the bundle",
            resource.plural, resource.group
        ),
    ))
}

fn list(
    cluster: Cluster<'_>,
    ask: &Ask,
    listing: &Listing,
    namespace: Option<&str>,
    resource: Resource<'_>,
    version: &str,
) -> Result<Answer, Refusal> {
    let kept: Vec<&Row> = listing
        .rows
        .iter()
        .filter(|row| chosen(row, ask, namespace))
        .collect();
    let page = paging::page(ask, STYLE, kept.len(), cluster.served.cap).map_err(|refusal| {
        match ask.parameter("continue") {
            Some(_) if refusal.message.contains("token") => Refusal {
                code: 410,
                message: "The provided continue parameter is too old to display a consistent list result."
                    .into(),
                ..Refusal::default()
            },
            _ => refusal,
        }
    })?;
    let rows: Vec<&RawValue> = kept
        .get(page.rows.clone())
        .unwrap_or_default()
        .iter()
        .map(|row| row.raw.as_ref())
        .collect();
    let text = |field: &str| {
        let raw = listing.fields.get(field)?;
        serde_json::from_str::<String>(raw.get()).ok()
    };
    let mut metadata: Value = listing
        .fields
        .get("metadata")
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    if metadata.get("resourceVersion").is_none() {
        metadata["resourceVersion"] = "1".into();
    }
    if let Some(next) = &page.next {
        metadata["continue"] = next.as_str().into();
        metadata["remainingItemCount"] = kept.len().saturating_sub(page.rows.end).into();
    }
    // `kubectl get -o json` calls every list `List` of `v1`.
    let plain = text("kind").is_none_or(|kind| kind == "List");
    let kind = match text("kind") {
        Some(kind) if !plain => kind,
        _ => format!("{}List", discovery::kind_of(resource)),
    };
    let api_version = match text("apiVersion") {
        Some(own) if !plain => own,
        _ if resource.group.is_empty() => version.to_owned(),
        _ => format!("{}/{version}", resource.group),
    };
    Ok(Answer::json(format!(
        "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},\"items\":{}}}",
        quoted(&kind),
        quoted(&api_version),
        raw_list(&rows)
    )))
}

fn meta(row: &Row) -> Meta {
    serde_json::from_str::<Object>(row.raw.get())
        .unwrap_or_default()
        .metadata
}

/// By namespace and by the selectors that lists take: `metadata.name=…` and `key=value`.
fn chosen(row: &Row, ask: &Ask, namespace: Option<&str>) -> bool {
    if namespace.is_some_and(|wanted| meta(row).namespace != wanted) {
        return false;
    }
    let (fields, labels) = (ask.parameter("fieldSelector"), ask.parameter("labelSelector"));
    if fields.is_none() && labels.is_none() {
        return true;
    }
    let object: Value = serde_json::from_str(row.raw.get()).unwrap_or_default();
    let of_fields = |term: &str| object.pointer(&format!("/{}", term.replace('.', "/"))).cloned();
    let of_labels = |term: &str| object.get("metadata")?.get("labels")?.get(term).cloned();
    fields.is_none_or(|terms| all(terms, of_fields)) && labels.is_none_or(|terms| all(terms, of_labels))
}

fn all(terms: &str, own: impl Fn(&str) -> Option<Value>) -> bool {
    terms.split(',').all(|term| {
        let (key, value, wanted) = match term.split_once("!=") {
            Some((key, value)) => (key, value, false),
            None => match term.split_once('=') {
                Some((key, value)) => (key, value.trim_start_matches('='), true),
                None => return own(term.trim()).is_some(),
            },
        };
        (own(key.trim()).as_ref().and_then(Value::as_str) == Some(value.trim())) == wanted
    })
}

/// Whether the caller may list a kind: whether it is in the bundle.
fn review(cluster: Cluster<'_>, ask: &Ask) -> Result<Answer, Refusal> {
    let mut review: Value = ask.json()?;
    let attribute = |field: &str| {
        let own = review.pointer(&format!("/spec/resourceAttributes/{field}"));
        own.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (group, plural) = (attribute("group"), attribute("resource"));
    let resource = Resource {
        group: &group,
        plural: &plural,
    };
    let allowed = match open(cluster, resource, "v1") {
        Ok(_) => true,
        Err(refusal) => refusal.code == 404,
    };
    review["status"] = json!({ "allowed": allowed });
    Ok(Answer::with_status(201, review.to_string()))
}
