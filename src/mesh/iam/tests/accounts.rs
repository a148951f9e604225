//! Promises of accounts.
use super::{CLIENT, SA, Set};
use crate::mesh::iam::AccountState;
use serde_json::json;

#[test]
fn an_account_is_judged_by_its_own_projects_list() {
    let accounts = json!({"accounts": [
        {"email": SA, "uniqueId": "42"},
        {"email": "off@apps.iam.gserviceaccount.com", "disabled": true},
        {"email": "222-compute@developer.gserviceaccount.com"},
    ]});
    let state = |email: &str| {
        let set = Set::new().file("iam/projects/apps/service-accounts.json", accounts.clone());
        set.ask(|iam| iam.account_state(email))
    };
    assert_eq!(state("Web@apps.iam.gserviceaccount.com"), AccountState::Active);
    assert_eq!(
        state("222-compute@developer.gserviceaccount.com"),
        AccountState::Active
    );
    assert_eq!(state("off@apps.iam.gserviceaccount.com"), AccountState::Disabled);
    assert_eq!(
        state("gone@apps.iam.gserviceaccount.com"),
        AccountState::NotListed
    );
    for unseen in [
        "x@elsewhere.iam.gserviceaccount.com",
        "333-compute@developer.gserviceaccount.com",
        "service-222@serverless-robot-prod.iam.gserviceaccount.com",
        "service-222@gcp-sa-servicemesh.iam.gserviceaccount.com",
        "222@cloudservices.gserviceaccount.com",
        "a@example.com",
    ] {
        assert!(matches!(state(unseen), AccountState::Unknown(_)), "{unseen}");
    }
    let nobody_looked = Set::new().without("iam/projects/apps/service-accounts.json");
    assert!(matches!(
        nobody_looked.ask(|iam| iam.account_state(SA)),
        AccountState::Unknown(_)
    ));
}

#[test]
fn bindings_of_a_deleted_namesake_are_told() {
    let gone = format!("deleted:serviceAccount:{SA}?uid=41");
    let state = |members: &[&str]| Set::new().bound(CLIENT, members).ask(|iam| iam.account_state(SA));
    assert_eq!(state(&[&gone]), AccountState::DeletedInBindings(gone.clone()));
    assert_eq!(
        state(&[&gone, &format!("serviceAccount:{SA}")]),
        AccountState::Active
    );
    assert_eq!(
        state(&[&format!("deleted:serviceAccount:{SA}?uid=42")]),
        AccountState::Active
    );
}
