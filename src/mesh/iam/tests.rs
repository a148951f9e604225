//! Promises of the IAM decisions, on snapshots built in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod accounts;
mod conditions;
mod deny;

use super::{Decision, Iam, State, Verdict};
use crate::mesh::projects::Projects;
use crate::snapshot::read::from_world;
use crate::snapshot::{Blob, Snapshot, World};
use serde_json::{Value, json};

const GET: &str = "trafficdirector.networks.getConfigs";
const SA: &str = "web@apps.iam.gserviceaccount.com";
const CLIENT: &str = "roles/trafficdirector.client";

/// Project `fleet` (number 111) and `apps` (222), in folder 7 of organization 9, with empty policies.
struct Set(Vec<(String, Value)>);

impl Set {
    fn new() -> Self {
        let mut set = Self(Vec::new()).file("bundle.json", json!({"collectedAt": "2026-11-20T09:35:00Z"}));
        for (id, number) in [("fleet", "111"), ("apps", "222")] {
            let kinds = [("project", id), ("folder", "7"), ("organization", "9")];
            let ancestors = kinds.map(|(kind, id)| json!({"resourceId": {"type": kind, "id": id}}));
            let path = |file: &str| format!("iam/projects/{id}/{file}");
            set = set
                .file(
                    &path("project.json"),
                    json!({"projectId": id, "name": format!("projects/{number}")}),
                )
                .file(&path("policy.json"), json!({}))
                .file(&path("ancestry.json"), json!({"ancestor": ancestors}))
                .file(&path("roles.json"), json!({}))
                .file(&path("deny-policies.json"), json!({}))
                .file(
                    &path("service-accounts.json"),
                    json!({"accounts": [{"email": SA, "uniqueId": "42"}]}),
                );
        }
        set.file("iam/folders/7/policy.json", json!({}))
            .file("iam/organizations/9/policy.json", json!({}))
    }

    fn file(mut self, path: &str, content: Value) -> Self {
        self.0.retain(|(p, _)| p != path);
        self.0.push((path.to_owned(), content));
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.0.retain(|(p, _)| p != path);
        self
    }

    /// The fleet project's policy with a single binding.
    fn bound(self, role: &str, members: &[&str]) -> Self {
        self.file("iam/projects/fleet/policy.json", policy(role, members))
    }

    fn condition(self, expression: &str) -> Self {
        let member = format!("serviceAccount:{SA}");
        let binding = json!({"role": CLIENT, "members": [member], "condition": {"title": "t", "expression": expression}});
        self.file("iam/projects/fleet/policy.json", json!({"bindings": [binding]}))
    }

    fn deny(self, rule: &Value) -> Self {
        let name = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F111/denypolicies/no-mesh";
        let policies =
            json!({"policies": [{"name": name, "rules": [{"description": "d", "denyRule": rule}]}]});
        self.file("iam/projects/fleet/deny-policies.json", policies)
    }

    fn snapshot(self) -> Snapshot {
        let mut world = World::default();
        for (path, content) in self.0 {
            let blob = Blob::memory(path.clone(), content.to_string().into_bytes());
            world.files.insert(path, blob);
        }
        from_world(world).unwrap()
    }

    fn ask<T>(self, question: impl FnOnce(Iam) -> T) -> T {
        let snapshot = self.snapshot();
        let projects = Projects::new(&snapshot);
        question(Iam::new(&snapshot, &projects))
    }

    fn access(self) -> Decision {
        self.ask(|iam| iam.access(SA, GET, "fleet"))
    }

    fn verdict(self) -> Verdict {
        let grant = self.access().grants.remove(0);
        grant.condition.unwrap().verdict
    }
}

fn policy(role: &str, members: &[&str]) -> Value {
    json!({"bindings": [{"role": "roles/other", "members": ["user:a@example.com"]}, {"role": role, "members": members}]})
}

fn member_state(member: &str) -> State {
    Set::new().bound(CLIENT, &[member]).access().state
}

fn role_state(role: &str) -> State {
    Set::new()
        .bound(role, &[&format!("serviceAccount:{SA}")])
        .access()
        .state
}

#[test]
fn a_grant_on_the_project_names_its_binding() {
    let decision = Set::new()
        .bound(CLIENT, &["serviceAccount:WEB@apps.iam.gserviceaccount.com"])
        .access();
    assert_eq!(decision.state, State::Granted);
    assert_eq!(
        decision.grants[0].locator,
        "iam/projects/fleet/policy.json bindings[1]"
    );
    assert_eq!(decision.grants[0].resource, "projects/fleet");
    assert_eq!((decision.unknown, decision.deny_unknown), (vec![], None));
}

#[test]
fn folders_and_the_organization_hand_their_grants_down() {
    for place in ["folders/7", "organizations/9"] {
        let member = format!("serviceAccount:{SA}");
        let set = Set::new().file(&format!("iam/{place}/policy.json"), policy(CLIENT, &[&member]));
        let decision = set.ask(|iam| iam.access(SA, GET, "111"));
        assert_eq!(
            (decision.state, decision.grants[0].resource.as_str()),
            (State::Granted, place)
        );
    }
}

#[test]
fn nothing_granted_is_missing_only_when_everything_was_seen() {
    assert_eq!(Set::new().access().state, State::Missing);
    for (file, reason) in [
        (
            "iam/folders/7/policy.json",
            "the policy of folders/7 was not collected (needs resourcemanager.folders.getIamPolicy)",
        ),
        (
            "iam/projects/fleet/policy.json",
            "the policy of projects/fleet was not collected (needs resourcemanager.projects.getIamPolicy)",
        ),
        (
            "iam/projects/fleet/ancestry.json",
            "the folders and organization above projects/fleet are not known",
        ),
    ] {
        let decision = Set::new().without(file).access();
        assert_eq!(decision.state, State::Unknown, "{file}");
        assert!(decision.unknown[0].starts_with(reason), "{:?}", decision.unknown);
    }
    let nobody_looked = Set::new().ask(|iam| iam.access(SA, GET, "elsewhere"));
    assert_eq!(
        (nobody_looked.state, nobody_looked.own_policy_seen),
        (State::Unknown, false)
    );
}

#[test]
fn a_grant_stands_though_something_else_was_not_collected() {
    let set = Set::new().bound(CLIENT, &[&format!("serviceAccount:{SA}")]);
    assert_eq!(
        set.without("iam/organizations/9/policy.json").access().state,
        State::Granted
    );
}

#[test]
fn without_an_ancestry_the_parent_serves() {
    let project = json!({"projectId": "fleet", "name": "projects/111", "parent": "organizations/9"});
    let set = Set::new()
        .without("iam/projects/fleet/ancestry.json")
        .file("iam/projects/fleet/project.json", project);
    assert_eq!(set.access().state, State::Missing);
}

#[test]
fn sets_that_hold_the_account_cover_it() {
    for member in [
        "allUsers",
        "allAuthenticatedUsers",
        "domain:apps.iam.gserviceaccount.com",
        "principal://iam.googleapis.com/projects/-/serviceAccounts/web@apps.iam.gserviceaccount.com",
        "principalSet://cloudresourcemanager.googleapis.com/projects/222",
        "principalSet://cloudresourcemanager.googleapis.com/projects/222/type/ServiceAccount",
        "principalSet://cloudresourcemanager.googleapis.com/folders/7/type/ServiceAccount",
        "principalSet://cloudresourcemanager.googleapis.com/organizations/9",
    ] {
        assert_eq!(member_state(member), State::Granted, "{member}");
    }
}

#[test]
fn other_members_do_not_cover_it() {
    for member in [
        "serviceAccount:web@fleet.iam.gserviceaccount.com",
        "user:web@apps.iam.gserviceaccount.com",
        "domain:example.com",
        "projectOwner:apps",
        "projectEditor:apps",
        "projectViewer:apps",
        "deleted:serviceAccount:web@apps.iam.gserviceaccount.com?uid=42",
        "principalSet://cloudresourcemanager.googleapis.com/projects/111/type/ServiceAccount",
        "principalSet://cloudresourcemanager.googleapis.com/projects/222/type/ServiceAgent",
        "principalSet://cloudresourcemanager.googleapis.com/folders/8",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
    ] {
        assert_eq!(member_state(member), State::Missing, "{member}");
    }
}

#[test]
fn a_group_is_the_second_best() {
    assert_eq!(member_state("group:mesh@example.com"), State::ThroughGroupOnly);
    assert_eq!(
        member_state("principalSet://goog/group/mesh@example.com"),
        State::ThroughGroupOnly
    );
    let both = Set::new().bound(
        CLIENT,
        &["group:mesh@example.com", &format!("serviceAccount:{SA}")],
    );
    assert_eq!(both.access().state, State::Granted);
}

#[test]
fn a_set_of_a_place_nobody_placed_is_unknown() {
    let set = Set::new()
        .bound(
            CLIENT,
            &["principalSet://cloudresourcemanager.googleapis.com/folders/8"],
        )
        .without("iam/projects/apps/ancestry.json");
    let decision = set.access();
    assert_eq!(decision.state, State::Unknown);
    assert!(
        decision.unknown[0]
            .contains("bindings[1] might give it: the folders and organization above projects/apps")
    );
}

#[test]
fn predefined_roles_come_from_the_table_until_the_snapshot_has_them() {
    for role in [
        CLIENT,
        "roles/owner",
        "roles/editor",
        "roles/trafficdirector.admin",
        "roles/viewer",
    ] {
        assert_eq!(role_state(role), State::Granted, "{role}");
    }
    for role in [
        "roles/browser",
        "roles/run.invoker",
        "roles/compute.networkUser",
        "roles/run.admin",
    ] {
        assert_eq!(role_state(role), State::Missing, "{role}");
    }
    let listed = json!({"roles": [{"name": "roles/x.y", "includedPermissions": [GET]}, {"name": "roles/editor", "includedPermissions": ["a.b.c"]}]});
    for (role, state) in [
        ("roles/x.y", State::Granted),
        ("roles/editor", State::Missing),
        (CLIENT, State::Granted),
    ] {
        let set = Set::new()
            .bound(role, &["allUsers"])
            .file("iam/predefined-roles.json", listed.clone());
        assert_eq!(set.access().state, state, "{role}");
    }
}

#[test]
fn a_custom_role_grants_what_it_includes_while_it_is_alive() {
    let set = |role: Value, name: &str| {
        let list = json!({"roles": [role]});
        let set = Set::new().bound(name, &[&format!("serviceAccount:{SA}")]);
        set.file("iam/projects/fleet/roles.json", list.clone())
            .file("iam/organizations/9/roles.json", list)
    };
    let mesh = json!({"name": "projects/fleet/roles/mesh", "includedPermissions": [GET]});
    for (role, name, state) in [
        (mesh.clone(), "projects/fleet/roles/mesh", State::Granted),
        (mesh.clone(), "projects/111/roles/mesh", State::Granted),
        (mesh.clone(), "organizations/9/roles/mesh", State::Granted),
        (mesh, "projects/fleet/roles/other", State::Missing),
        (
            json!({"name": "projects/fleet/roles/mesh", "includedPermissions": ["trafficdirector.networks.reportMetrics"]}),
            "projects/fleet/roles/mesh",
            State::Missing,
        ),
        (
            json!({"name": "projects/fleet/roles/mesh", "includedPermissions": [GET], "deleted": true}),
            "projects/fleet/roles/mesh",
            State::Missing,
        ),
        (
            json!({"name": "projects/fleet/roles/mesh", "includedPermissions": [GET], "stage": "DISABLED"}),
            "projects/fleet/roles/mesh",
            State::Missing,
        ),
    ] {
        assert_eq!(set(role.clone(), name).access().state, state, "{name} {role}");
    }
    let unseen = Set::new()
        .bound("projects/fleet/roles/mesh", &["allUsers"])
        .without("iam/projects/fleet/roles.json");
    let decision = unseen.access();
    assert_eq!(decision.state, State::Unknown);
    assert!(
        decision.unknown[0].contains("needs iam.roles.list on projects/fleet"),
        "{:?}",
        decision.unknown
    );
}

#[test]
fn a_service_agents_role_is_found_by_name_or_by_one_that_covers_it() {
    let agent = "service-222@serverless-robot-prod.iam.gserviceaccount.com";
    let member = format!("serviceAccount:{agent}");
    for (held, wanted, state) in [
        ("roles/run.serviceAgent", "roles/run.serviceAgent", State::Granted),
        ("roles/owner", "roles/run.serviceAgent", State::Missing),
        (
            "roles/compute.networkUser",
            "roles/compute.networkUser",
            State::Granted,
        ),
        (
            "roles/compute.networkAdmin",
            "roles/compute.networkUser",
            State::Granted,
        ),
        (
            "roles/compute.networkViewer",
            "roles/compute.networkUser",
            State::Missing,
        ),
        (
            "projects/fleet/roles/net",
            "roles/compute.networkUser",
            State::Granted,
        ),
        (
            "projects/fleet/roles/less",
            "roles/compute.networkUser",
            State::Missing,
        ),
    ] {
        let roles = json!({"roles": [
            {"name": "projects/fleet/roles/net", "includedPermissions": ["compute.networks.get", "compute.subnetworks.get", "compute.subnetworks.use"]},
            {"name": "projects/fleet/roles/less", "includedPermissions": ["compute.networks.get"]},
        ]});
        let set = Set::new()
            .bound(held, &[&member])
            .file("iam/projects/fleet/roles.json", roles);
        assert_eq!(
            set.ask(|iam| iam.has_role(agent, wanted, "111")).state,
            state,
            "{held} for {wanted}"
        );
    }
}

#[test]
fn a_grant_on_another_project_is_found_there() {
    let member = format!("serviceAccount:{SA}");
    let set = Set::new().file("iam/projects/apps/policy.json", policy(CLIENT, &[&member]));
    let elsewhere = set.ask(|iam| iam.held_elsewhere(SA, GET, "111"));
    assert_eq!(elsewhere.len(), 1);
    assert_eq!(elsewhere[0].resource, "projects/apps");
    let here = Set::new()
        .bound(CLIENT, &[&member])
        .ask(|iam| iam.held_elsewhere(SA, GET, "111"));
    assert_eq!(here, vec![]);
    let expiring = Set::new().condition(r#"request.time < timestamp("2027-01-01T00:00:00Z")"#);
    assert_eq!(expiring.ask(|iam| iam.held_elsewhere(SA, GET, "apps")), vec![]);
}
