//! logging.v2 `entries:list`: resource names, filter, order, pages.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::entries::Entries;
use super::filter;
use super::listing::Served;
use super::matching::Matcher;
use super::paging;
use serde::Deserialize;
use serde_json::json;

/// What a page holds when nothing is asked, and at most (logging.v2 discovery document).
const DEFAULT_PAGE: usize = 50;
const MOST: usize = 1000;

const PERMISSION: &str = "logging.logEntries.list";

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    resource_names: Vec<String>,
    filter: String,
    order_by: String,
    page_size: usize,
    page_token: String,
}

/// Answers `POST /v2/entries:list`.
pub fn list(served: Served<'_>, entries: &Entries, ask: &Ask) -> Result<Answer, Refusal> {
    let request: Request = ask.json()?;
    if request.resource_names.is_empty() || request.resource_names.len() > 100 {
        return Err(Refusal::invalid("resource_names: between 1 and 100 are required"));
    }
    let descending = match request.order_by.as_str() {
        "" | "timestamp" | "timestamp asc" => false,
        "timestamp desc" => true,
        other => {
            return Err(Refusal::invalid(format!(
                "order_by had an invalid value: {other}"
            )));
        }
    };
    let mut projects = Vec::new();
    for name in &request.resource_names {
        let project = name
            .strip_prefix("projects/")
            .ok_or_else(|| Refusal::invalid(format!("{name} is not in the bundle: name projects/PROJECT")))?;
        projects.push(project.split('/').next().unwrap_or_default().to_owned());
    }
    let matcher = filter::parse(&request.filter)
        .and_then(Matcher::new)
        .map_err(|problem| Refusal::invalid(format!("Unparseable filter: {problem}")))?;
    let chosen = entries.choose(served.bundle, &projects, &request.filter, &matcher, descending)?;
    let size = match request.page_size {
        0 => DEFAULT_PAGE,
        size => size.min(MOST),
    };
    let token = (!request.page_token.is_empty()).then_some(request.page_token.as_str());
    let listing = format!("{projects:?} {} {}", request.filter, request.order_by);
    let end = projects.iter().find_map(|project| {
        served
            .bundle
            .end("logging", PERMISSION, &format!("projects/{project}"))
    });
    // Where collecting ended before the log did, there is another page, and asking for it fails.
    let total = chosen.len() + usize::from(end.is_some());
    let mut page = paging::cut(ask.quirk, token, size.min(served.cap), total, &listing)?;
    if let Some(end) = end
        && page.rows.end > chosen.len()
    {
        let size = chosen.len() - page.rows.start;
        if size == 0 {
            return Err(end);
        }
        page = paging::cut(ask.quirk, token, size, total, &listing)?;
    }
    let mut fields = Vec::new();
    let lines = chosen.lines(page.rows)?;
    if !lines.is_empty() {
        fields.push([b"\"entries\":[".as_slice(), &lines.join(&b','), b"]"].concat());
    }
    if let Some(token) = page.next {
        fields.push(format!("\"nextPageToken\":{}", json!(token)).into_bytes());
    }
    Ok(Answer::json(
        [b"{".as_slice(), &fields.join(&b','), b"}"].concat(),
    ))
}
