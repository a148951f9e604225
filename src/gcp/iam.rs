//! IAM: allow policies, deny policies, roles, service accounts, and a project's ancestry.
//!
//! Sources: the discovery documents of cloudresourcemanager.v3 (`Policy`) and v1 (`GetAncestryResponse`),
//! iam.v1 (`Role`, `ServiceAccount`) and iam.v2 (`GoogleIamV2Policy`).
use serde::Deserialize;

/// An allow policy.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Policy {
    pub version: i64,
    pub bindings: Vec<Binding>,
}

/// Members who hold a role, perhaps on a condition.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Binding {
    pub role: String,
    pub members: Vec<String>,
    pub condition: Option<Condition>,
}

/// A condition: a CEL expression over `request` and `resource`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Condition {
    pub title: String,
    pub description: String,
    pub expression: String,
}

/// `GetAncestryResponse`: the project first, the organization last.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Ancestry {
    pub ancestor: Vec<Ancestor>,
}

/// One ancestor.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Ancestor {
    pub resource_id: ResourceId,
}

/// `type` is `project`, `folder` or `organization`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct ResourceId {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
}

/// `ListRolesResponse`, view FULL.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RoleList {
    pub roles: Vec<Role>,
}

/// One role with its permissions.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Role {
    /// `roles/X`, `projects/P/roles/X` or `organizations/O/roles/X`.
    pub name: String,
    pub title: String,
    pub included_permissions: Vec<String>,
    pub deleted: bool,
    /// `DISABLED` turns a custom role off.
    pub stage: String,
}

/// `GoogleIamV2ListPoliciesResponse`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct DenyPolicyList {
    pub policies: Vec<DenyPolicy>,
}

/// One deny policy.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DenyPolicy {
    /// `policies/ATTACHMENT/denypolicies/ID`.
    pub name: String,
    pub display_name: String,
    pub rules: Vec<DenyRuleEntry>,
}

/// One rule of it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DenyRuleEntry {
    pub description: String,
    pub deny_rule: Option<DenyRule>,
}

/// Principals and permissions in deny policies' own spelling
/// (`principal://iam.googleapis.com/projects/-/serviceAccounts/EMAIL`, `trafficdirector.googleapis.com/networks.getConfigs`).
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DenyRule {
    pub denied_principals: Vec<String>,
    pub exception_principals: Vec<String>,
    pub denied_permissions: Vec<String>,
    pub exception_permissions: Vec<String>,
    pub denial_condition: Option<Condition>,
}

/// `ListServiceAccountsResponse`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct ServiceAccountList {
    pub accounts: Vec<ServiceAccount>,
}

/// One service account.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceAccount {
    pub email: String,
    pub unique_id: String,
    pub disabled: bool,
}
