//! Promises of conditions.
use super::Set;
use crate::mesh::iam::{State, Verdict};

#[test]
fn time_decides_a_condition_and_is_named() {
    for (expression, verdict) in [
        (r#"request.time < timestamp("2027-01-01T00:00:00Z")"#, Verdict::True),
        (r#"request.time < timestamp("2026-01-01T00:00:00Z")"#, Verdict::False("expired at 2026-01-01T00:00:00Z".into())),
        (r#"request.time >= timestamp("2027-01-01T00:00:00Z")"#, Verdict::False("not in force before 2027-01-01T00:00:00Z".into())),
        (r#"request.time > timestamp("2025-01-01T00:00:00Z") && request.time < timestamp("2026-06-01T00:00:00Z")"#, Verdict::False("expired at 2026-06-01T00:00:00Z".into())),
        (r#"request.time < timestamp("2026-11-20T00:00:00Z") + duration("10h")"#, Verdict::True),
        (r#"request.time - timestamp("2026-11-20T09:00:00Z") < duration("3600s")"#, Verdict::True),
        (r#"request.time.getHours("+02:00") == 11 && request.time.getDayOfWeek() == 5 && request.time.getMonth() == 10"#, Verdict::True),
        (r#"!(request.time.getFullYear() in [2025, 2026])"#, Verdict::False("it holds at 2026-11-20T09:35:00Z neither for the project nor for what trafficdirector.googleapis.com asks about".into())),
    ] {
        assert_eq!(Set::new().condition(expression).verdict(), verdict, "{expression}");
    }
    assert_eq!(
        Set::new()
            .condition(r#"request.time < timestamp("2026-01-01T00:00:00Z")"#)
            .access()
            .state,
        State::ConditionFalse
    );
}

#[test]
fn the_resource_decides_only_what_holds_for_the_project_and_the_mesh_alike() {
    for (expression, state) in [
        (
            r#"resource.type == "compute.googleapis.com/Instance""#,
            State::ConditionFalse,
        ),
        (
            r#""storage.googleapis.com" == resource.service"#,
            State::ConditionFalse,
        ),
        (
            r#"resource.name.startsWith("projects/_/buckets/logs")"#,
            State::ConditionFalse,
        ),
        (
            r#"resource.name.extract("projects/{p}/zones/").startsWith("x")"#,
            State::ConditionUnknown,
        ),
        (
            r#"resource.service in ["compute.googleapis.com", "storage.googleapis.com"]"#,
            State::ConditionFalse,
        ),
        (
            r#"resource.type != "storage.googleapis.com/Bucket""#,
            State::Granted,
        ),
        (r#"resource.name.contains("projects/")"#, State::Granted),
        (
            r#"resource.service == "cloudresourcemanager.googleapis.com""#,
            State::ConditionUnknown,
        ),
        (r#"resource.name == "projects/111""#, State::ConditionUnknown),
        (
            r#"resource.name.startsWith("//trafficdirector.googleapis.com/projects/111/networks/mesh:m/")"#,
            State::ConditionUnknown,
        ),
        (
            r#"resource.name.startsWith("//trafficdirector.googleapis.com/projects/333/")"#,
            State::ConditionFalse,
        ),
        (
            r#"resource.name.matches("^projects/9.*$")"#,
            State::ConditionUnknown,
        ),
    ] {
        assert_eq!(
            Set::new().condition(expression).access().state,
            state,
            "{expression}"
        );
    }
}

#[test]
fn what_a_snapshot_cannot_tell_is_unknown_unless_the_rest_decides() {
    for expression in [
        r#"resource.matchTag("9/env", "prod")"#,
        r#"api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/x"])"#,
        r#""accessPolicies/1" in request.auth.access_levels"#,
        "has(request.auth)",
        "request.time <",
        "resource.name",
        "1 + 1",
        r#"request.time < timestamp("yesterday")"#,
    ] {
        assert_eq!(
            Set::new().condition(expression).access().state,
            State::ConditionUnknown,
            "{expression}"
        );
    }
    let tag = r#"resource.matchTag("9/env", "prod")"#;
    let gone = r#"request.time < timestamp("2026-01-01T00:00:00Z")"#;
    assert_eq!(
        Set::new().condition(&format!("{tag} && {gone}")).verdict(),
        Verdict::False("expired at 2026-01-01T00:00:00Z".into())
    );
    assert_eq!(
        Set::new().condition(&format!("{tag} || !({gone})")).verdict(),
        Verdict::True
    );
    let Verdict::Unknown(why) = Set::new().condition(tag).verdict() else {
        panic!()
    };
    assert_eq!(
        why,
        "it depends on resource.matchTag, which a snapshot does not decide"
    );
}

#[test]
fn hostile_conditions_are_left_undecided() {
    for expression in [
        "(".repeat(4000),
        "!".repeat(4000),
        "1+".repeat(2000) + "1",
        "x".repeat(100_000),
    ] {
        assert_eq!(
            Set::new().condition(&expression).access().state,
            State::ConditionUnknown
        );
    }
}

#[test]
fn an_expired_grant_does_not_hide_that_something_was_not_seen() {
    let expired = r#"request.time < timestamp("2026-01-01T00:00:00Z")"#;
    let decision = Set::new()
        .condition(expired)
        .without("iam/folders/7/policy.json")
        .access();
    assert_eq!((decision.state, decision.grants.len()), (State::Unknown, 1));
}
