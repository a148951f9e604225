//! Where each API is asked: Google's own endpoints, or others one by one (`--endpoint logging=http://127.0.0.1:9000`).
use std::collections::BTreeMap;

/// The APIs that can be pointed elsewhere, by the name that `--endpoint` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    Logging,
    ResourceManager,
    Iam,
    Run,
    ServiceUsage,
    Dns,
    Compute,
    GkeHub,
    Container,
    TrafficDirector,
    /// The Kubernetes API servers, or the Connect Gateway in front of them.
    Kubernetes,
    /// Tokens of accounts that are impersonated.
    IamCredentials,
}

impl Api {
    pub const ALL: [Self; 12] = [
        Self::Logging,
        Self::ResourceManager,
        Self::Iam,
        Self::Run,
        Self::ServiceUsage,
        Self::Dns,
        Self::Compute,
        Self::GkeHub,
        Self::Container,
        Self::TrafficDirector,
        Self::Kubernetes,
        Self::IamCredentials,
    ];

    /// The name in `--endpoint NAME=URL` and in the configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logging => "logging",
            Self::ResourceManager => "resourcemanager",
            Self::Iam => "iam",
            Self::Run => "run",
            Self::ServiceUsage => "serviceusage",
            Self::Dns => "dns",
            Self::Compute => "compute",
            Self::GkeHub => "gkehub",
            Self::Container => "container",
            Self::TrafficDirector => "trafficdirector",
            Self::Kubernetes => "kubernetes",
            Self::IamCredentials => "iamcredentials",
        }
    }

    /// Google's own endpoint, without a final slash.
    pub fn default_url(self) -> &'static str {
        match self {
            Self::Logging => "https://logging.googleapis.com",
            Self::ResourceManager => "https://cloudresourcemanager.googleapis.com",
            Self::Iam => "https://iam.googleapis.com",
            Self::Run => "https://run.googleapis.com",
            Self::ServiceUsage => "https://serviceusage.googleapis.com",
            Self::Dns => "https://dns.googleapis.com",
            Self::Compute => "https://compute.googleapis.com",
            Self::GkeHub => "https://gkehub.googleapis.com",
            Self::Container => "https://container.googleapis.com",
            Self::TrafficDirector => "https://trafficdirector.googleapis.com",
            Self::Kubernetes => "https://connectgateway.googleapis.com",
            Self::IamCredentials => "https://iamcredentials.googleapis.com",
        }
    }

    /// The name by which a project enables it: `cloudresourcemanager.googleapis.com`.
    pub fn service(self) -> &'static str {
        self.default_url().trim_start_matches("https://")
    }
}

/// Endpoints that were pointed elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    moved: BTreeMap<Api, String>,
}

impl Endpoints {
    /// Points one API elsewhere.
    pub fn set(&mut self, api: Api, url: &str) {
        self.moved.insert(api, url.trim_end_matches('/').to_owned());
    }

    /// The base URL of an API, without a final slash.
    pub fn url(&self, api: Api) -> &str {
        self.moved.get(&api).map_or(api.default_url(), String::as_str)
    }
}
