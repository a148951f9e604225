//! What is sent back: a body, or a refusal in the shape of the API that was asked.
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How an API writes its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// google.rpc.Status in `error`.
    Google,
    /// compute.v1 and dns.v1: `error.errors[]`.
    Legacy,
    /// A Kubernetes `Status`.
    Kubernetes,
}

/// One HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// 200 with JSON that is written already.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::with_status(200, body)
    }

    /// 200 with a value.
    pub fn value(value: &Value) -> Self {
        Self::json(value.to_string())
    }

    /// JSON with a status.
    pub fn with_status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let kind = (
            "content-type".to_owned(),
            "application/json; charset=UTF-8".to_owned(),
        );
        Self {
            status,
            headers: vec![kind],
            body: body.into(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    /// Of google.rpc.Code: `PERMISSION_DENIED`.
    pub status: String,
    pub message: String,
    /// Of google.rpc.ErrorInfo: `IAM_PERMISSION_DENIED`.
    pub reason: String,
    pub metadata: BTreeMap<String, String>,
    /// What was answered was nothing of the API's: a page in HTML, say.
    pub unreadable: bool,
}

/// The names of google.rpc.Code with the HTTP status of each (google/rpc/code.proto) and gRPC's number.
pub const CODES: [(&str, u16, i32); 16] = [
    ("INVALID_ARGUMENT", 400, 3),
    ("UNAUTHENTICATED", 401, 16),
    ("PERMISSION_DENIED", 403, 7),
    ("NOT_FOUND", 404, 5),
    ("ALREADY_EXISTS", 409, 6),
    ("RESOURCE_EXHAUSTED", 429, 8),
    ("CANCELLED", 499, 1),
    ("INTERNAL", 500, 13),
    ("UNIMPLEMENTED", 501, 12),
    ("UNAVAILABLE", 503, 14),
    ("DEADLINE_EXCEEDED", 504, 4),
    ("FAILED_PRECONDITION", 400, 9),
    ("ABORTED", 409, 10),
    ("OUT_OF_RANGE", 400, 11),
    ("UNKNOWN", 500, 2),
    ("DATA_LOSS", 500, 15),
];

impl Refusal {
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        let status = CODES.iter().find(|(_, http, _)| *http == code);
        Self {
            code,
            status: status.map_or("UNKNOWN", |(name, ..)| name).to_owned(),
            message: message.into(),
            ..Self::default()
        }
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// A permission that the caller lacks.
    pub fn denied(permission: &str, resource: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(403, message);
        refusal.reason = "IAM_PERMISSION_DENIED".into();
        refusal.metadata.insert("permission".into(), permission.into());
        refusal.metadata.insert("resource".into(), resource.into());
        refusal
    }

    /// No token, or another than this server made.
    pub fn unauthenticated(given: bool) -> Self {
        let mut refusal = Self::new(
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
             valid authentication credential.",
        );
        refusal.reason = if given {
            "ACCESS_TOKEN_TYPE_UNSUPPORTED"
        } else {
            "CREDENTIALS_MISSING"
        }
        .into();
        refusal
    }

    /// gRPC's number of the status.
    pub fn grpc_code(&self) -> i32 {
        if self.unreadable {
            return 15;
        }
        CODES
            .iter()
            .find(|(name, ..)| *name == self.status)
            .map_or(2, |(.., number)| *number)
    }

    pub fn render(&self, shape: Shape) -> Answer {
        if self.unreadable {
            return Answer {
                status: 200,
                headers: vec![("content-type".into(), "text/html; charset=UTF-8".into())],
                body: b"<!DOCTYPE html><html><head><title>not the API</title></head></html>".to_vec(),
            };
        }
        let body = match shape {
            Shape::Google => self.google(),
            Shape::Legacy => self.legacy(),
            Shape::Kubernetes => self.kubernetes(),
        };
        let mut answer = Answer::with_status(self.code, body.to_string());
        if self.code == 401 {
            let challenge = "Bearer realm=\"https://accounts.google.com/\"";
            answer.headers.push(("www-authenticate".into(), challenge.into()));
        }
        answer
    }

    fn google(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message, "status": self.status });
        if !self.reason.is_empty() {
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": self.reason,
                "domain": if self.reason == "IAM_PERMISSION_DENIED" { "iam.googleapis.com" } else { "googleapis.com" },
                "metadata": self.metadata,
            }]);
        }
        json!({ "error": error })
    }

    fn legacy(&self) -> Value {
        let reason = match (self.code, self.reason.as_str()) {
            (403, "SERVICE_DISABLED") => "accessNotConfigured",
            (400, _) => "invalid",
            (401, _) => "authError",
            (403, _) => "forbidden",
            (404, _) => "notFound",
            (429, _) => "rateLimitExceeded",
            _ => "backendError",
        };
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "errors": [{ "message": self.message, "domain": "global", "reason": reason }],
        }})
    }

    fn kubernetes(&self) -> Value {
        let reason = match self.code {
            400 => "BadRequest",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            405 => "MethodNotAllowed",
            410 => "Expired",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "InternalError",
        };
        let message = if self.code == 401 {
            "Unauthorized"
        } else {
            &self.message
        };
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": self.code,
        })
    }
}
