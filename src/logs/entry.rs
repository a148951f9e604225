//! One line of a log becomes a record: a Cloud Logging LogEntry, Envoy's JSON, or plain text.
use super::Origin;
use super::access::{self, Access};
use super::envoy;
use super::field::{Field, Text, got, is_foreign, object, str};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What a record's message was made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// A plain line, or `textPayload`: it may go on in the next line.
    #[default]
    Text,
    /// An object's `message`.
    Object,
    /// Nothing but an `httpRequest`: the message is `METHOD URL STATUS`.
    Request,
}

/// One record, decoded.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub shape: Shape,
    /// Percent-decoded.
    pub message: String,
    pub access: Option<Access>,
    pub origin: Origin,
    pub revision: String,
    pub instance: String,
    /// The log id, decoded: `run.googleapis.com/requests`. Empty for files that are no Cloud Logging export.
    pub log: String,
    /// Lines of one stream follow one another: the instance, its log, its container.
    pub stream: String,
    pub time: Option<Timestamp>,
    pub split: Option<Split>,
    /// The first field that has another type than Cloud Logging gives it: the record was read without it.
    pub foreign: Option<&'static str>,
    /// 1-based, in its file.
    pub line: u64,
}

/// A piece of a long entry that Cloud Logging stored in several.
#[derive(Debug, Clone, Default)]
pub struct Split {
    pub uid: String,
    pub index: u64,
    pub total_splits: u64,
}

// The fields of logging.v2 LogEntry that are used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    insert_id: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    log_name: Words<'a>,
    #[serde(borrow)]
    resource: Option<Field<Resource<'a>>>,
    #[serde(borrow)]
    labels: Option<Field<Labels<'a>>>,
    #[serde(borrow)]
    timestamp: Words<'a>,
    #[serde(borrow)]
    receive_timestamp: Words<'a>,
    #[serde(borrow)]
    text_payload: Words<'a>,
    #[serde(borrow)]
    json_payload: Option<&'a RawValue>,
    #[serde(borrow)]
    http_request: Option<Field<HttpRequest<'a>>>,
    #[serde(borrow)]
    split: Option<Field<Piece<'a>>>,
}

type Words<'a> = Option<Field<Text<'a>>>;

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, rename = "type")]
    kind: Words<'a>,
    #[serde(borrow)]
    labels: Option<Field<ResourceLabels<'a>>>,
}

#[derive(Default, Deserialize)]
struct ResourceLabels<'a> {
    #[serde(borrow)]
    project_id: Words<'a>,
    #[serde(borrow)]
    location: Words<'a>,
    #[serde(borrow)]
    service_name: Words<'a>,
    #[serde(borrow)]
    revision_name: Words<'a>,
    #[serde(borrow)]
    pod_name: Words<'a>,
    #[serde(borrow)]
    container_name: Words<'a>,
}

// The `response_…` labels are those of Cloud Service Mesh's in-cluster access logs (`server-accesslog-stackdriver`).
#[derive(Default, Deserialize)]
struct Labels<'a> {
    #[serde(borrow, rename = "instanceId")]
    instance_id: Words<'a>,
    #[serde(borrow)]
    container_name: Words<'a>,
    #[serde(borrow)]
    response_details: Words<'a>,
    #[serde(borrow)]
    response_flag: Words<'a>,
    #[serde(borrow)]
    upstream_transport_failure_reason: Words<'a>,
    #[serde(borrow)]
    destination_service_host: Words<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpRequest<'a> {
    #[serde(borrow)]
    request_method: Words<'a>,
    #[serde(borrow)]
    request_url: Words<'a>,
    status: Option<Field<u16>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(borrow)]
    uid: Words<'a>,
    index: Option<Field<u64>>,
    total_splits: Option<Field<u64>>,
}

object!(Resource, ResourceLabels, Labels, HttpRequest, Piece);

impl Entry<'_> {
    /// The first field that has another type than Cloud Logging gives it.
    fn foreign(&self) -> Option<&'static str> {
        let resource = got(self.resource.as_ref());
        let place = resource.and_then(|resource| got(resource.labels.as_ref()));
        let labels = got(self.labels.as_ref());
        let request = got(self.http_request.as_ref());
        let split = got(self.split.as_ref());
        macro_rules! first {
            ($($of:expr => { $($field:ident = $name:literal),+ })+) => {
                $(if let Some(of) = $of {
                    $(if is_foreign(of.$field.as_ref()) {
                        return Some($name);
                    })+
                })+
            };
        }
        first! {
            Some(self) => {
                log_name = "logName", resource = "resource", labels = "labels", timestamp = "timestamp",
                receive_timestamp = "receiveTimestamp", text_payload = "textPayload", http_request = "httpRequest",
                split = "split"
            }
            resource => { kind = "resource.type", labels = "resource.labels" }
            place => {
                project_id = "resource.labels.project_id", location = "resource.labels.location",
                service_name = "resource.labels.service_name", revision_name = "resource.labels.revision_name",
                pod_name = "resource.labels.pod_name", container_name = "resource.labels.container_name"
            }
            labels => {
                instance_id = "labels.instanceId", container_name = "labels.container_name",
                response_details = "labels.response_details", response_flag = "labels.response_flag",
                upstream_transport_failure_reason = "labels.upstream_transport_failure_reason",
                destination_service_host = "labels.destination_service_host"
            }
            request => {
                request_method = "httpRequest.requestMethod", request_url = "httpRequest.requestUrl",
                status = "httpRequest.status"
            }
            split => { uid = "split.uid", index = "split.index", total_splits = "split.totalSplits" }
        }
        let payload = self.json_payload.map(RawValue::get);
        payload
            .is_some_and(|payload| !payload.starts_with('{'))
            .then_some("jsonPayload")
    }

    fn split(&self) -> Option<Split> {
        let split = got(self.split.as_ref())?;
        let total_splits = *got(split.total_splits.as_ref())?;
        (total_splits > 1).then(|| Split {
            uid: str(split.uid.as_ref()).to_owned(),
            index: got(split.index.as_ref()).copied().unwrap_or_default(),
            total_splits,
        })
    }
}

/// A record from a plain text line, which may itself be JSON.
pub fn from_text(line: &str) -> Record {
    let mut record = Record::default();
    fill_from_text(&mut record, line);
    record
}

/// A record from a line that is a JSON object.
pub fn from_json(line: &str) -> Result<Record, serde_json::Error> {
    let error = match serde_json::from_str(line) {
        Ok(entry) => return of_entry(&entry, line),
        Err(error) => error,
    };
    // What is JSON and yet no entry has a field twice: the later stands.
    let once = once(line, error)?;
    let mut record = of_entry(&serde_json::from_str(&once)?, &once)?;
    record.foreign = record.foreign.or(Some(TWICE));
    Ok(record)
}

/// In place of a field's name.
const TWICE: &str = "one that is there twice";

/// An object with each field once; the error as it is where it is no object.
fn once(line: &str, error: serde_json::Error) -> Result<String, serde_json::Error> {
    if error.classify() != Category::Data {
        return Err(error);
    }
    match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(object) => serde_json::to_string(&object),
        Err(_) => Err(error),
    }
}

fn of_entry(entry: &Entry, line: &str) -> Result<Record, serde_json::Error> {
    if entry.insert_id.is_none() && entry.log_name.is_none() && entry.resource.is_none() {
        // No LogEntry: a line of a log that is written as JSON.
        let mut record = Record::default();
        fill_from_object(&mut record, &serde_json::from_str(line)?);
        return Ok(record);
    }
    let mut record = Record {
        time: [&entry.timestamp, &entry.receive_timestamp]
            .into_iter()
            .find_map(|time| str(time.as_ref()).parse().ok()),
        split: entry.split(),
        foreign: entry.foreign(),
        ..Record::default()
    };
    place(&mut record, entry);
    if record.split.is_some() {
        fill_piece(&mut record, entry);
    } else if let Some(text) = got(entry.text_payload.as_ref()) {
        fill_from_text(&mut record, &text.0);
    } else if let Some(Ok(object)) = entry.json_payload.map(|raw| serde_json::from_str(raw.get())) {
        fill_from_object(&mut record, &object);
    } else if let Some(request) = got(entry.http_request.as_ref()) {
        fill_from_request(&mut record, request, got(entry.labels.as_ref()));
    }
    Ok(record)
}

/// The `resource.labels.service_name` of a LogEntry.
pub fn service_of(line: &str) -> Result<String, serde_json::Error> {
    let named = |entry: &Entry| {
        let resource = got(entry.resource.as_ref());
        let labels = resource.and_then(|resource| got(resource.labels.as_ref()));
        labels.map_or_else(String::new, |labels| str(labels.service_name.as_ref()).to_owned())
    };
    match serde_json::from_str(line) {
        Ok(entry) => Ok(named(&entry)),
        Err(error) => Ok(named(&serde_json::from_str(&once(line, error)?)?)),
    }
}

/// Where it was logged, and by whom.
fn place(record: &mut Record, entry: &Entry) {
    let found = got(entry.resource.as_ref());
    let kind = found.map_or("", |resource| str(resource.kind.as_ref()));
    let none = ResourceLabels::default();
    let resource = found
        .and_then(|resource| got(resource.labels.as_ref()))
        .unwrap_or(&none);
    let labels = got(entry.labels.as_ref());
    let log_name = str(entry.log_name.as_ref());
    let (parent, log) = log_name.split_once("/logs/").unwrap_or(("", log_name));
    let is_run = kind == "cloud_run_revision";
    record.log = decode(log);
    record.origin = Origin {
        project: match str(resource.project_id.as_ref()) {
            "" => parent.strip_prefix("projects/").unwrap_or_default().to_owned(),
            project => project.to_owned(),
        },
        location: str(resource.location.as_ref()).to_owned(),
        service: if is_run {
            str(resource.service_name.as_ref()).to_owned()
        } else {
            String::new()
        },
        resource: if is_run { String::new() } else { kind.to_owned() },
    };
    record.revision = str(resource.revision_name.as_ref()).to_owned();
    record.instance = match labels.map_or("", |labels| str(labels.instance_id.as_ref())) {
        "" => str(resource.pod_name.as_ref()).to_owned(),
        instance => instance.to_owned(),
    };
    let container = match labels.map_or("", |labels| str(labels.container_name.as_ref())) {
        "" => str(resource.container_name.as_ref()),
        name => name,
    };
    record.stream = [&record.instance, log_name, container].join("\n");
}

/// A piece of a split entry keeps its text as it is: an escape may be cut in two.
fn fill_piece(record: &mut Record, entry: &Entry) {
    if let Some(text) = got(entry.text_payload.as_ref()) {
        record.message = text.0.to_string();
    } else if let Some(Ok(object)) = entry.json_payload.map(|raw| serde_json::from_str(raw.get())) {
        record.shape = Shape::Object;
        record.message = text_of(&object);
    }
}

/// Completes a record whose pieces were joined.
pub fn complete(mut record: Record, text: &str) -> Record {
    record.split = None;
    match record.shape {
        Shape::Object => record.message = decode(text),
        _ => fill_from_text(&mut record, text),
    }
    record
}

fn fill_from_text(record: &mut Record, text: &str) {
    if text.trim_start().starts_with('{')
        && let Ok(object) = serde_json::from_str(text)
    {
        return fill_from_object(record, &object);
    }
    record.shape = Shape::Text;
    record.time = record.time.or_else(|| envoy::time(text));
    record.access = Access::from_text(text);
    record.message = decode(text);
}

fn fill_from_object(record: &mut Record, object: &Map<String, Value>) {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    record.shape = Shape::Object;
    record.access = Access::from_object(object);
    record.time = record.time.or_else(|| {
        let own = ["time", "timestamp", "start_time"].into_iter();
        own.filter_map(text).find_map(envoy::parse_time)
    });
    record.message = decode(&text_of(object));
}

/// What an object says: its message, or all of it.
fn text_of(object: &Map<String, Value>) -> String {
    match ["message", "msg"]
        .into_iter()
        .find_map(|name| object.get(name)?.as_str())
    {
        Some(message) => message.to_owned(),
        None => serde_json::to_string(object).unwrap_or_default(),
    }
}

fn fill_from_request(record: &mut Record, request: &HttpRequest, labels: Option<&Labels>) {
    let method = str(request.request_method.as_ref());
    let url = str(request.request_url.as_ref());
    let code = got(request.status.as_ref()).copied();
    let status = code.map(|status| status.to_string()).unwrap_or_default();
    record.shape = Shape::Request;
    record.message = decode(&format!("{method} {url} {status}"));
    let tells = |text: &Words| got(text.as_ref()).is_some();
    let Some(labels) = labels.filter(|l| tells(&l.response_flag) || tells(&l.response_details)) else {
        return;
    };
    let (host, path) = host_and_path(url);
    record.access = Some(Access {
        status: code,
        flags: access::flags(Some(str(labels.response_flag.as_ref()))),
        details: access::present(Some(str(labels.response_details.as_ref()))),
        failure: access::present(Some(str(labels.upstream_transport_failure_reason.as_ref()))),
        has_failure: tells(&labels.upstream_transport_failure_reason),
        method: access::present(Some(method)),
        path: access::present(Some(path)),
        host: access::present(Some(host))
            .or_else(|| access::present(Some(str(labels.destination_service_host.as_ref())))),
        ..Access::default()
    });
}

fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// Envoy prints a gRPC status message as it came over the wire, percent-encoded by some servers and not by others.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
