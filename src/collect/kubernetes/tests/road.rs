//! The way to a cluster as a whole.
use super::*;

#[tokio::test]
async fn a_gateway_that_never_answers_is_not_tried_to_the_end_for_each_kind() {
    let server = serve(|_, _, _| reply(504, "upstream request timeout")).await;
    let (outcome, store) = run_for(&gateway(&server), Duration::from_secs(60)).await;
    assert_eq!(outcome.status(), Status::Failed);
    // One failure for all, and every kind is named in it.
    assert_eq!(outcome.failures.len(), 1, "{outcome:?}");
    let failure = &outcome.failures[0];
    assert!(
        KINDS.iter().all(|kind| failure.call.contains(kind.plural)),
        "{failure:?}"
    );
    assert!(failure.error.contains("504"), "{failure:?}");
    assert_eq!(store.world().files.len(), 0);
    // Those that had not begun when the way was found broken are asked once.
    let tries = |kind: &Kind| server.asked(&kind.path(kind.versions[0], None)).len();
    let late = KINDS.iter().skip(AT_ONCE + 2);
    let tries: Vec<usize> = late.map(tries).collect();
    assert_eq!(tries, vec![1; KINDS.len() - AT_ONCE - 2]);
}

#[tokio::test]
async fn where_one_kind_is_answered_the_others_are_tried_to_the_end() {
    let server = serve(|path, _, times| match path {
        "/api/v1/pods" => nothing(),
        _ if times <= 2 => reply(503, "later"),
        _ => nothing(),
    })
    .await;
    let (outcome, store) = run(&gateway(&server)).await;
    assert_eq!(outcome.status(), Status::Ok, "{outcome:?}");
    assert_eq!(store.world().files.len(), KINDS.len());
}
